"""Pooling of spikes after the neuron: an OR, or a count."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.training.neurons import gpu_kernel, kernel


class _MaxPool(torch.autograd.Function):
    """PyTorch's max_pool2d without its index tensor, twice as fast on the CPU."""

    @staticmethod
    def forward(ctx, x, size):  # type: ignore[no-untyped-def]
        y = torch.empty(*x.shape[:3], x.shape[3] // size, x.shape[4] // size)
        kernel.max_pool_forward(x.detach().contiguous().flatten(0, 2).numpy(), size, y.flatten(0, 2).numpy())
        ctx.save_for_backward(x, y)
        ctx.size = size
        return y

    @staticmethod
    def backward(ctx, grad):  # type: ignore[no-untyped-def]
        x, y = ctx.saved_tensors
        exact = x.shape[3] % ctx.size == 0 and x.shape[4] % ctx.size == 0
        out = torch.empty_like(x) if exact else torch.zeros_like(x)
        planes = (t.contiguous().flatten(0, 2).numpy() for t in (grad, x, y))
        kernel.max_pool_backward(*planes, ctx.size, out.flatten(0, 2).numpy())
        return out, None


class _FusedMaxPool(torch.autograd.Function):
    """The same on a GPU, of [M, H, W, C]."""

    @staticmethod
    def forward(ctx, x, size):  # type: ignore[no-untyped-def]
        ctx.save_for_backward(x)
        ctx.size = size
        return gpu_kernel.max_pool(x, size)

    @staticmethod
    def backward(ctx, grad):  # type: ignore[no-untyped-def]
        (x,) = ctx.saved_tensors
        return gpu_kernel.max_pool_backward(grad.contiguous(), x, ctx.size), None


class MaxPool(nn.Module):
    """Maximum of spikes, an OR, over size × size; odd rows and columns at the end are dropped."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        if kernel.AVAILABLE and x.device.type == "cpu":
            return _MaxPool.apply(x, self.size)
        if gpu_kernel.usable(x):
            y = _FusedMaxPool.apply(x.flatten(0, 1).movedim(1, -1).contiguous(), self.size)
            return y.movedim(-1, 1).unflatten(0, x.shape[:2])
        return functional.max_pool2d(x.flatten(0, 1), self.size).unflatten(0, x.shape[:2])


class SumPool(nn.Module):
    """Average pooling in integers: the count of spikes over size × size; 1/size² enters the next layer's step."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        y = functional.avg_pool2d(x.flatten(0, 1), self.size, divisor_override=1)
        return y.view(*x.shape[:2], *y.shape[1:])
