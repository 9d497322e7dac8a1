"""The law of uniform quantisation, and a network under it."""
