"""OpenID Connect, the side of the relying party: what is asked and what is believed, and one place of I/O."""
