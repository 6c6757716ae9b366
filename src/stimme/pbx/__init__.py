"""One tenant: registrar, routing, calls."""
