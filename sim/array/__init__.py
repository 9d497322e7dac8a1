"""Benches, host and co-simulation of the systolic array."""
