"""The neuron in float32, without codes: the reference that quantisation is compared with."""

import math

import torch
from torch import Tensor


def fire_float(z: Tensor, time_steps: int) -> Tensor:
    """Spikes [T, ...] of real inputs [T or 1, ...]: the membrane halves each step and is 0 after a spike, at h >= 1."""
    membrane = torch.zeros_like(z[0])
    spikes = []
    for t in range(time_steps):
        h = z[t if len(z) > 1 else 0] + membrane / 2
        s = _ArcTangent.apply(h - 1)
        membrane = h * (1 - s.detach())
        spikes.append(s)
    return torch.stack(spikes)


class _ArcTangent(torch.autograd.Function):
    """Step function with the ATan surrogate gradient of the quantised neuron."""

    @staticmethod
    def forward(ctx, x):  # type: ignore[no-untyped-def]
        ctx.save_for_backward(x)
        return (x >= 0).float()

    @staticmethod
    def backward(ctx, grad):  # type: ignore[no-untyped-def]
        (x,) = ctx.saved_tensors
        return grad / (1 + (math.pi * x) ** 2)
