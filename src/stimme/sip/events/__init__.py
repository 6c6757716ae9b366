"""Bodies of event packages: what is told to those who subscribed (RFC 6665)."""
