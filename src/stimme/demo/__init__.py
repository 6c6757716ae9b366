"""The demo customer and its simulated public network."""
