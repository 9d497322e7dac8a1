"""Pooling of spikes after the neuron: an OR, or a count."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.training.neurons import gpu_kernel


class _FusedMaxPool(torch.autograd.Function):
    """The maximum on a GPU, of [M, H, W, C]."""

    @staticmethod
    def forward(ctx, x, size):  # type: ignore[no-untyped-def]
        ctx.save_for_backward(x)
        ctx.size = size
        return gpu_kernel.max_pool(x, size)

    @staticmethod
    def backward(ctx, grad):  # type: ignore[no-untyped-def]
        (x,) = ctx.saved_tensors
        return gpu_kernel.max_pool_backward(grad.contiguous(), x, ctx.size), None


def max_pool(x: Tensor, size: int) -> Tensor:
    """Maximum of spikes [T, N, C, H, W] over size × size."""
    if gpu_kernel.usable(x):
        y = _FusedMaxPool.apply(x.flatten(0, 1).movedim(1, -1).contiguous(), size)
        return y.movedim(-1, 1).unflatten(0, x.shape[:2])
    return functional.max_pool2d(x.flatten(0, 1), size).unflatten(0, x.shape[:2])


class MaxPool(nn.Module):
    """Maximum of spikes, an OR, over size × size; odd rows and columns at the end are dropped."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        return max_pool(x, self.size)


class SumPool(nn.Module):
    """Average pooling in integers: the count of spikes over size × size; 1/size² enters the next layer's step."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        y = functional.avg_pool2d(x.flatten(0, 1), self.size, divisor_override=1)
        return y.view(*x.shape[:2], *y.shape[1:])
