"""Proofs: for all inputs and for ever, by induction, with Yosys alone."""
