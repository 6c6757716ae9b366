"""Tests of ``stimme.licensing``."""
