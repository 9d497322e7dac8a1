"""Batch norm and memory-free neurons on the integer sums that their windows read, as one step of the gradient.

As ``firing.py`` has it for leaky neurons, with the window inside: no tensor of V is kept (``window_kernel.py``). Taps
are those of the window (``window.py``), in units of V.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from model.training.neurons import window_kernel
from model.training.neurons.config import NeuronConfig
from model.training.neurons.firing import mean_and_variance, parameter_gradients, population
from model.training.neurons.lif import windows_of


def _window(taps: Tensor, sums: Tensor, config: NeuronConfig) -> tuple[np.ndarray, int]:
    """Taps as the loops take them, and their distance in time steps."""
    filled = functional.pad(taps.detach().to(sums), (0, -len(taps) % window_kernel.TOGETHER))
    return filled.numpy(), config.neuron.dilation  # type: ignore[attr-defined]


def window_population(sums: Tensor, config: NeuronConfig) -> int:
    """How many V a channel has, over all processes; of static sums as many as of others."""
    return population(sums) * config.time_steps // len(sums)


def window_moments(sums: Tensor, taps: Tensor, config: NeuronConfig) -> tuple[Tensor, Tensor]:
    """Mean and biased variance [C] in float64 of V, of sums [T or 1, N, C, S]."""
    arrays = sums.detach().numpy(), config.time_steps, *_window(taps, sums, config)
    found = window_kernel.channel_moments(*arrays).sum(0).T
    return mean_and_variance(torch.from_numpy(found), window_population(sums, config))


class WindowedFiring(torch.autograd.Function):
    """Spikes of sums, pooled, and their share; the gradients of ``firing.PooledFiring``, and that of the taps."""

    @staticmethod
    def forward(ctx, sums, taps, step, gamma, beta, folded, mean, variance, config, plane):  # type: ignore[no-untyped-def]
        steps, (order, windows) = config.time_steps, windows_of(plane, sums.shape[3])
        spikes = torch.empty(steps, *sums.shape[1:3], plane.pooled(sums.shape[3]))
        neurons = (x.to(sums).numpy() for x in (folded.bias, folded.threshold))
        arrays = sums.detach().numpy(), steps, *_window(taps, sums, config), *neurons
        found = window_kernel.fire(*arrays, order, windows, spikes.numpy())
        density = torch.tensor(found.sum() / max(steps * found.size * sums.shape[3], 1), dtype=torch.float32)
        ctx.save_for_backward(sums, taps, step, gamma, mean, variance)
        ctx.folded, ctx.config, ctx.plane = folded, config, plane
        ctx.mark_non_differentiable(density)
        return spikes, density

    @staticmethod
    def backward(ctx, grad, _):  # type: ignore[no-untyped-def]
        sums, taps, step, gamma, mean, variance = ctx.saved_tensors
        folded, config = ctx.folded, ctx.config
        own = sums.numpy(), *_window(taps, sums, config)
        real = sums.new_empty(config.time_steps, *sums.shape[1:])
        neurons = (x.numpy() for x in (folded.bias.to(sums), folded.threshold.to(sums), folded.unit.float()))
        places = windows_of(ctx.plane, sums.shape[3])
        arrays = grad.contiguous().numpy(), *own, *neurons, np.float32(config.sharpness), *places
        partial = torch.from_numpy(window_kernel.backward(*arrays, real.numpy()).sum(0))
        reductions = torch.cat([partial, torch.zeros_like(partial[:, :1])], 1)  # nothing comes from a membrane
        count = window_population(sums, config)
        *of_parameters, affine = parameter_gradients(
            reductions, step, gamma, mean, variance, folded.unit, config, count
        )
        of_sums = real if len(sums) == len(real) else torch.empty_like(sums)
        each = *(x.float().numpy() for x in affine), ctx.needs_input_grad[1]
        of_taps = torch.from_numpy(window_kernel.affine(real.numpy(), *own, *each, of_sums.numpy()).sum((0, 1)))
        return of_sums, of_taps[: len(taps)].to(taps), *of_parameters, None, None, None, None, None
