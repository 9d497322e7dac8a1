"""Benches, host and co-simulation of the accelerator."""
