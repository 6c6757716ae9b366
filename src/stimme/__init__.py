"""stimme: the open, self-hosted business phone system."""

__version__ = "0.1.0"
