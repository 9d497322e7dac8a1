"""Training by the clock on one GPU, with PyTorch and NumPy alone (docs/gpu.md)."""
