"""The leaky integrate-and-fire neuron over all time steps, forward and backward.

The forward pass computes the integers of the law in float32 (exact below 2^24); the backward pass works in real units,
h = unit·H. Three implementations with equal results: plain PyTorch, the reference, for whatever the others cannot;
loops compiled by numba on the CPU (``kernel.py``); Triton's kernels on a GPU (``gpu_kernel.py``).
"""

import functools

import numpy as np
import torch
from torch import Tensor

from model.network.fold import Folded
from model.training.neurons import gpu_kernel, kernel
from model.training.neurons.config import NeuronConfig
from model.training.neurons.kernel import Constants


def constants(config: NeuronConfig) -> Constants:
    """As the loops take them."""
    return Constants.of(config.neuron)


def fire(sums: Tensor, folded: Folded, config: NeuronConfig) -> tuple[Tensor, Tensor]:
    """Potentials H and spikes [T, N, C, S] of integer sums [T or 1, N, C, S]; no gradient."""
    bias, threshold = folded.bias.float(), folded.threshold.float()
    shape = (config.time_steps, *sums.shape[1:])
    if kernel.compiled(sums):
        potential, spikes = torch.empty(shape, dtype=sums.dtype), torch.empty(shape)
        kernel.forward(
            sums.detach().contiguous().numpy(),
            config.time_steps,
            bias.numpy(),
            threshold.numpy(),
            *constants(config)[:4],
            potential.numpy(),
            spikes.numpy(),
        )
        return potential, spikes
    if gpu_kernel.usable(sums, config.time_steps):
        spikes, potential = gpu_kernel.forward(
            sums, config.time_steps, bias, threshold, constants(config), potentials=True
        )
        return potential, spikes
    return fire_reference(sums, bias, threshold, config)


def fire_reference(sums: Tensor, bias: Tensor, threshold: Tensor, config: NeuronConfig) -> tuple[Tensor, Tensor]:
    """:func:`fire` in plain PyTorch."""
    return _fire(sums, bias, threshold, _scalars(config, sums.device, sums.dtype), config.time_steps)


def backward(
    grad: Tensor, potential: Tensor, sums: Tensor, unit: Tensor, threshold: Tensor, config: NeuronConfig
) -> tuple[Tensor, Tensor]:
    """Gradient dh of the real potentials, like ``sums``, and its three sums per channel [C, 3]: see ``kernel.py``."""
    if not kernel.compiled(sums):
        return backward_reference(grad, potential, sums, unit, threshold, config)
    real = torch.zeros_like(sums)
    arrays = (x.numpy() for x in (grad, potential, sums, unit, threshold))
    partial = kernel.backward(*arrays, *constants(config), np.float32(config.sharpness), real.numpy())
    return real, torch.from_numpy(partial.sum(0))


def backward_reference(
    grad: Tensor, potential: Tensor, sums: Tensor, unit: Tensor, threshold: Tensor, config: NeuronConfig
) -> tuple[Tensor, Tensor]:
    """The same in plain PyTorch."""
    return _backward(grad, potential, sums, unit, threshold, _scalars(config, potential.device, potential.dtype))


def membranes(potential: Tensor, threshold: Tensor, config: NeuronConfig) -> Tensor:
    """What is stored of potentials: 0 on a spike, else sat(H >> r)."""
    store_scale, _, limit, *_ = map(float, constants(config))
    quiet = (potential < threshold[:, None]).to(potential)
    return torch.floor(potential * store_scale).clamp(-limit, limit) * quiet


@functools.cache
def _scalars(config: NeuronConfig, device: torch.device, dtype: torch.dtype) -> Tensor:
    """(2^-r, 2^(r-1), Q, decay, sharpness) on a device, put there once."""
    store_scale, load_scale, limit, _, decay = constants(config)
    values = [float(x) for x in (store_scale, load_scale, limit, decay, config.sharpness)]
    return torch.tensor(values, dtype=dtype, device=device)


def _fire(sums: Tensor, bias: Tensor, threshold: Tensor, scalars: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    store_scale, load_scale, limit, *_ = scalars.unbind()
    bias, threshold = bias[:, None], threshold[:, None]
    membrane = torch.zeros_like(sums[0])
    potentials, spikes = [], []
    for t in range(steps):
        h = sums[t if len(sums) > 1 else 0] + bias + torch.floor(membrane * load_scale)
        s = (h >= threshold).float()
        membrane = torch.floor(h * store_scale).clamp(-limit, limit) * (1 - s)
        potentials.append(h)
        spikes.append(s)
    return torch.stack(potentials), torch.stack(spikes)


def _backward(
    grad: Tensor, potential: Tensor, sums: Tensor, unit: Tensor, threshold: Tensor, scalars: Tensor
) -> tuple[Tensor, Tensor]:
    store_scale, load_scale, limit, decay, sharpness = scalars.unbind()
    q, theta = unit[:, None], threshold[:, None]
    slope = torch.pi / 2 * sharpness
    carried = torch.zeros_like(potential[0])
    out: list[Tensor] = []
    # Added over time first: the sums over images and places then come in one pass, after the loop.
    total, weighted, residual = (torch.zeros_like(carried) for _ in range(3))
    for t in range(len(grad) - 1, -1, -1):
        h = potential[t]
        quiet = (h < theta).float()
        code = torch.floor(h * store_scale)
        kept = code.clamp(-limit, limit)
        inside = quiet * (kept == code)
        loaded = torch.floor(kept * load_scale)
        residual = residual + carried * (quiet * loaded - inside * h * decay)
        x = (h - theta) * q * slope
        carried = grad[t] * (sharpness / 2) / (1 + x * x) + carried * inside * decay
        total = total + carried
        weighted = weighted + carried * sums[t if len(sums) > 1 else 0]
        out.insert(0, carried)
    real = torch.stack(out) if len(sums) > 1 else total[None]
    return real, torch.stack([x.double().sum((0, 2)) for x in (total, weighted, residual)], 1)
