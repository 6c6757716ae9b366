"""Texts of the standards as cases, and our stack against sipp."""
