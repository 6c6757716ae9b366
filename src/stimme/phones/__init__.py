"""Telephones on desks: what is written into them."""
