"""Scenarios in the words of telephony: who calls whom, presses what, hears whom. See README.md here."""
