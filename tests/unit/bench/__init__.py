"""Tests of the measuring harness: what it reads, counts and reports."""
