"""SQLAlchemy models, migrations and the ports of the PBX on them."""
