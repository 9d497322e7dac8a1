"""Uniform quantisation in hardware: the array that MINT's is compared with."""
