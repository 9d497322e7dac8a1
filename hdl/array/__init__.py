"""The output-stationary systolic array, and what its host needs to feed it."""
