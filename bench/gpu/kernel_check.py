"""Triton's kernels against plain PyTorch: equal integers, gradients up to rounding.

TRITON_INTERPRET=1 python -m bench.gpu.kernel_check runs them on the CPU, wherever Triton is installed.
"""

import sys
from itertools import product

import torch
from torch import Tensor
from torch.nn import functional

from model.codes import Narrow
from model.errors import require
from model.neurons import Lif
from model.training.neurons import gpu_kernel, lif
from model.training.neurons.config import NeuronConfig

STEPS, BATCH, CHANNELS, SIZE = 4, 3, 70, 41


def _near(found: Tensor, wanted: Tensor, what: str) -> None:
    require(
        torch.allclose(found, wanted, rtol=1e-4, atol=1e-3), f"Triton's kernels: {what} are not those of plain PyTorch"
    )


def _equal(found: Tensor, wanted: Tensor, what: str) -> None:
    require(torch.equal(found, wanted), f"Triton's kernels: {what} are not those of plain PyTorch")


def check_neuron(device: str, leak: int, width: int, *, static: bool, shortcut: bool) -> None:
    """Forward and backward of one layer's neurons, with sums that a convolution has rounded."""
    random = torch.Generator().manual_seed(leak)

    def integers(low: int, high: int, *shape: int) -> Tensor:
        return torch.randint(low, high, shape, generator=random).float().to(device)

    config = NeuronConfig(Narrow(4), Lif(width, leak), STEPS, 1, 1.0)
    sums = integers(-40, 60, 1 if static else STEPS, BATCH, CHANNELS, SIZE)
    bias, threshold, skip_bias = integers(-9, 9, CHANNELS), integers(9, 60, CHANNELS), integers(0, 20, CHANNELS)
    skip = integers(0, 2, STEPS, BATCH, CHANNELS, SIZE) if shortcut else None
    total = sums if skip is None else sums + skip_bias[:, None] * skip
    potential, spikes = lif.fire_reference(total, bias, threshold, config)
    shortcuts = (skip, skip_bias if shortcut else None)
    arguments = (STEPS, bias, threshold, lif.constants(config))
    found, potentials = gpu_kernel.forward(sums + 0.3, *arguments, *shortcuts, potentials=True)
    _equal(found, spikes, "spikes")
    _equal(potentials, potential, "potentials")
    _, membranes = gpu_kernel.forward(sums, *arguments, *shortcuts)
    wide = sums.double()
    moments = torch.stack([wide.sum((0, 1, 3)), (wide * wide).sum((0, 1, 3))])
    _equal(gpu_kernel.channel_moments(sums), moments, "moments")
    if static and shortcut:
        return  # no shortcut comes from pixels
    grad = torch.randn(spikes.shape, generator=random).to(device)
    unit, scale, constant, linear = (torch.rand(4, CHANNELS, generator=random) / 20 + 0.01).to(device)
    real, reductions = lif.backward(grad, potential, sums, unit, threshold, config)
    neurons = (bias, threshold, unit, lif.constants(config), config.sharpness)
    passes = gpu_kernel.Backward(grad, sums, membranes, *neurons, *shortcuts)
    _near(passes.reductions(), reductions, "sums of gradients")
    mine, to_skip = passes.gradient(scale, constant, linear)
    _near(mine, real * scale[:, None] + constant[:, None] + sums * linear[:, None], "gradients")
    if to_skip is not None:
        _near(to_skip, real * (skip_bias * unit)[:, None], "gradients of the shortcut")


def check_pooling(device: str, height: int, width: int, size: int) -> None:
    """Maxima and where their gradients go."""
    random = torch.Generator().manual_seed(size)
    x = (torch.rand(2, 5, height, width, generator=random) < 0.3).float().to(device).requires_grad_()
    wanted = functional.max_pool2d(x, size)
    last = x.detach().movedim(1, -1).contiguous()
    _equal(gpu_kernel.max_pool(last, size).movedim(-1, 1), wanted, "maxima")
    grad = torch.randn(wanted.shape, generator=random).to(device)
    wanted.backward(grad)
    assert x.grad is not None
    back = gpu_kernel.max_pool_backward(grad.movedim(1, -1).contiguous(), last, size)
    _equal(back.movedim(-1, 1), x.grad, "gradients of pooling")


def check(device: str) -> int:
    """All of it; how many cases there were."""
    cases = list(product(((0, 2), (1, 4), (5, 8)), (False, True), (False, True)))
    for (leak, width), static, shortcut in cases:
        check_neuron(device, leak, width, static=static, shortcut=shortcut)
    pools = ((6, 6, 2), (7, 5, 2), (9, 9, 3))
    for pool in pools:
        check_pooling(device, *pool)
    return len(cases) + len(pools)


if __name__ == "__main__":
    if gpu_kernel.triton is None:
        sys.exit("error: Triton is not installed")
    print(f"{check('cuda' if torch.cuda.is_available() else 'cpu')} cases as in plain PyTorch")
