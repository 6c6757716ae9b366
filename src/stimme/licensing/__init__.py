"""Packages, licences, usage, prices and invoices: what a customer may use and what it pays for.

Everything here is arithmetic on values: the time of day and the numbers of invoices are arguments, rows and
requests are others' business (``stimme.store``, ``stimme.api``).
"""
