"""Alembic migrations of the store, run by ``stimme.store.migrate``."""
