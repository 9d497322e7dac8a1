"""The leaky integrate-and-fire neuron over all time steps, forward and backward.

The forward pass computes the integers of the law in float32 (exact below 2^24); the backward pass works in real units,
h = unit·H. Three implementations with equal results: plain PyTorch, the reference, for whatever the others cannot;
loops compiled by numba on the CPU (``kernel.py``); Triton's kernels on a GPU (``gpu_kernel.py``).
"""

import functools
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.network.fold import Folded
from model.neurons import Lif, MemoryFree
from model.training.neurons import gpu_kernel, kernel
from model.training.neurons.config import NeuronConfig
from model.training.neurons.kernel import Constants

NOTHING_KEPT = Lif(0, leak=0.0)


def constants(config: NeuronConfig) -> Constants:
    """As the loops take them; after a window of past sums, neurons keep nothing."""
    return Constants.of(NOTHING_KEPT if isinstance(config.neuron, MemoryFree) else config.neuron)


def fire(sums: Tensor, folded: Folded, config: NeuronConfig) -> tuple[Tensor, Tensor]:
    """Potentials H and spikes [T, N, C, S] of integer sums [T or 1, N, C, S]; no gradient."""
    bias, threshold = folded.bias.to(sums.dtype), folded.threshold.to(sums.dtype)
    shape = (config.time_steps, *sums.shape[1:])
    if kernel.compiled(sums):
        potential, spikes = torch.empty(shape, dtype=sums.dtype), torch.empty(shape)
        kernel.forward(
            sums.detach().contiguous().numpy(),
            config.time_steps,
            bias.numpy(),
            threshold.numpy(),
            *constants(config).law,
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


class Plane(NamedTuple):
    """How wide the planes of [T, N, C, S] are, and over how many places, both ways, the maximum of spikes is taken."""

    width: int
    pool: int = 1

    def pooled(self, size: int) -> int:
        """How many of ``size`` places there are then; rows and columns that are left over do not count."""
        return (size // self.width // self.pool) * (self.width // self.pool)


def in_rows(values: Tensor) -> Tensor:
    """Numbers [T, N, C, S] as the compiled loops like them, whose rows are places: of layers with one place, samples
    take the places' axis, [T, 1, C, N]."""
    return values.transpose(1, 3).contiguous() if values.shape[3] == 1 else values


def from_rows(values: Tensor, like: Tensor) -> Tensor:
    """Back to the axes of ``like``, which is what :func:`in_rows` was given."""
    return values.transpose(1, 3) if like.shape[3] == 1 else values


@functools.cache
def windows_of(plane: Plane, size: int) -> tuple[NDArray[np.uint32], int]:
    """The places of a plane as ``kernel.fire`` orders them, window by window, and how many are in a window."""
    if plane.pool == 1:
        return np.empty(0, np.uint32), 1
    rows, columns, pool = size // plane.width // plane.pool, plane.width // plane.pool, plane.pool
    places = np.arange(size, dtype=np.uint32)
    whole = places.reshape(-1, plane.width)[: rows * pool, : columns * pool].reshape(rows, pool, columns, pool)
    inside = whole.transpose(1, 3, 0, 2).ravel()
    return np.concatenate([inside, np.setdiff1d(places, inside)]), pool**2


def fire_pooled(total: Tensor, folded: Folded, config: NeuronConfig, plane: Plane) -> tuple[Tensor, Tensor]:
    """Pooled spikes [T, N, C, S'] by the compiled loops, and what share of the neurons spikes; no potentials."""
    steps, size = config.time_steps, total.shape[3]
    order, windows = windows_of(plane, size)
    spikes = torch.empty(steps, *total.shape[1:3], plane.pooled(size))
    arrays = (x.to(total.dtype).numpy() for x in (folded.bias, folded.threshold))
    sums = total.detach().contiguous().numpy()
    found = kernel.fire(sums, steps, *arrays, *constants(config).law, order, windows, spikes.numpy())
    return spikes, torch.tensor(found.sum() / max(steps * found.size * size, 1), dtype=torch.float32)


def fire_reference(sums: Tensor, bias: Tensor, threshold: Tensor, config: NeuronConfig) -> tuple[Tensor, Tensor]:
    """:func:`fire` in plain PyTorch."""
    return _fire(sums, bias, threshold, _scalars(config, sums.device, sums.dtype), config)


def backward_pooled(
    grad: Tensor, total: Tensor, sums: Tensor, folded: Folded, config: NeuronConfig, plane: Plane
) -> tuple[Tensor, Tensor]:
    """Gradient dh of the real potentials, like ``sums``, and its three sums per channel [C, 3], by the compiled loops.

    ``grad`` is of the spikes that :func:`fire_pooled` gives for ``total``: ``sums`` and what a shortcut adds to them.
    """
    real = torch.empty_like(sums)
    arrays = (
        x.numpy()
        for x in (
            grad,
            sums[:0] if total is sums else total,
            sums,
            folded.bias.to(total.dtype),
            folded.threshold.to(total.dtype),
            folded.unit.float(),
        )
    )
    windows = windows_of(plane, sums.shape[3])
    partial = kernel.backward(*arrays, *constants(config), np.float32(config.sharpness), *windows, real.numpy())
    return real, torch.from_numpy(partial.sum(0))


def backward(
    grad: Tensor, potential: Tensor, sums: Tensor, unit: Tensor, threshold: Tensor, config: NeuronConfig
) -> tuple[Tensor, Tensor]:
    """The same in plain PyTorch, without pooling, of potentials that were kept."""
    scalars = _scalars(config, potential.device, potential.dtype)
    return _backward(grad, potential, sums, unit, threshold, scalars, config)


def membranes(potential: Tensor, threshold: Tensor, config: NeuronConfig) -> Tensor:
    """What is stored of potentials: codes of what a spike leaves of them."""
    law = constants(config)
    limit, spikes = float(law.limit), (potential >= threshold[:, None]).to(potential)
    left = _left(potential, threshold[:, None], spikes, law)
    return _code(left * float(law.store_scale), law.towards_zero).clamp(-limit, limit)


@functools.cache
def _scalars(config: NeuronConfig, device: torch.device, dtype: torch.dtype) -> Tensor:
    """What V is multiplied with, 2^(r-1), Q, decay and sharpness on a device, put there once."""
    law = constants(config)
    values = [float(x) for x in (law.store_scale, law.load_scale, law.limit, law.decay, config.sharpness)]
    return torch.tensor(values, dtype=dtype, device=device)


def _left(potential: Tensor, threshold: Tensor, spikes: Tensor, law: Constants) -> Tensor:
    """V: what a spike leaves of a potential."""
    if law.zeroed:
        return potential * (1 - spikes)
    return potential - threshold * spikes if law.subtracted else potential


def _code(share: Tensor, towards_zero: bool) -> Tensor:
    return torch.trunc(share) if towards_zero else torch.floor(share)


def _fire(
    sums: Tensor, bias: Tensor, threshold: Tensor, scalars: Tensor, config: NeuronConfig
) -> tuple[Tensor, Tensor]:
    store_scale, load_scale, limit, *_ = scalars.unbind()
    law = constants(config)
    bias, threshold = bias[:, None], threshold[:, None]
    membrane = torch.zeros_like(sums[0])
    potentials, spikes = [], []
    for t in range(config.time_steps):
        h = sums[t if len(sums) > 1 else 0] + bias + torch.floor(membrane * load_scale)
        s = (h >= threshold).float()
        membrane = _code(_left(h, threshold, s, law) * store_scale, law.towards_zero).clamp(-limit, limit)
        potentials.append(h)
        spikes.append(s)
    return torch.stack(potentials), torch.stack(spikes)


def _backward(
    grad: Tensor,
    potential: Tensor,
    sums: Tensor,
    unit: Tensor,
    threshold: Tensor,
    scalars: Tensor,
    config: NeuronConfig,
) -> tuple[Tensor, Tensor]:
    store_scale, load_scale, limit, decay, sharpness = scalars.unbind()
    law = constants(config)
    q, theta = unit[:, None], threshold[:, None]
    slope = torch.pi / 2 * sharpness
    carried = torch.zeros_like(potential[0])
    out: list[Tensor] = []
    # Added over time first: the sums over images and places then come in one pass, after the loop.
    total, weighted, residual = (torch.zeros_like(carried) for _ in range(3))
    for t in range(len(grad) - 1, -1, -1):
        h = potential[t]
        spikes = (h >= theta).float()
        left = _left(h, theta, spikes, law)
        code = _code(left * store_scale, law.towards_zero)
        kept = code.clamp(-limit, limit)
        inside = (kept == code) * (1 - spikes if law.zeroed else 1)
        residual = residual + carried * (torch.floor(kept * load_scale) - inside * left * decay)
        x = (h - theta) * q * slope
        carried = grad[t] * (sharpness / 2) / (1 + x * x) + carried * inside * decay
        total = total + carried
        weighted = weighted + carried * sums[t if len(sums) > 1 else 0]
        out.insert(0, carried)
    real = torch.stack(out) if len(sums) > 1 else total[None]
    return real, torch.stack([x.double().sum((0, 2)) for x in (total, weighted, residual)], 1)
