"""Everything the system says: one catalogue of texts in every language, made into sound at build time."""
