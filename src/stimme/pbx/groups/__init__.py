"""Hunt groups and wait queues (K8, K13): values and pure functions that the call core asks."""
