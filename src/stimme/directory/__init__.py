"""Phone books: who is behind a number, and which number somebody has."""
