"""Tests of the Python face of the media engine."""
