"""The way to the public network: providers, registration, numbers, identity."""
