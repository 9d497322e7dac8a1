"""Neurons in hardware, shared by array and accelerator."""
