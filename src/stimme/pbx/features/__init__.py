"""Features of the telephone system: what each means, as values and functions that the call core asks."""
