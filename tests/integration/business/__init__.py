"""The provider's business on a real PostgreSQL server."""
