"""What the hardware must compute, in NumPy: one twin for every component."""
