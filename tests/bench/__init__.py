"""Measurements of stimme against peers from Debian, each pair in the same run on the same machine."""
