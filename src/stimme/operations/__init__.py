"""Running the system: supervision, health."""
