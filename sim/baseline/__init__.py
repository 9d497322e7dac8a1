"""Benches of the uniform-quantisation baseline."""
