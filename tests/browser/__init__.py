"""The web client in Chromium against a running system."""
