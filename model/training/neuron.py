"""Batch norm and the leaky integrate-and-fire neuron on integer sums, over all time steps.

The forward pass computes the integers of the law in float32 (exact below 2^24); the backward pass
works in real units, h = unit·H with unit = s·|g|. Three implementations with equal results: plain PyTorch, the
reference, for whatever the others cannot; loops compiled by numba on the CPU (``kernel.py``); Triton's kernels on a GPU
(``gpu_kernel.py``).
"""

import functools
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from model.arithmetic import code_limit
from model.config import Precision
from model.network.fold import Folded, fold
from model.training import gpu_kernel, kernel, parallel

BATCH_NORM_EPSILON = 1e-5


@dataclass(frozen=True)
class NeuronConfig:
    """Constants of one layer's neurons: widths, r, T, real threshold, sharpness of the surrogate.

    ``skip_unit`` is what a spike of an identity shortcut adds to the real potential, 0 without one; without
    ``normalised`` there is no batch norm: the gain is 1 and β is the bias.
    """

    precision: Precision
    leak: int
    time_steps: int
    largest_input: int
    input_scale: float
    firing_threshold: float = 1.0
    sharpness: float = 2.0
    skip_unit: float = 0.0
    normalised: bool = True

    @property
    def constants(self) -> tuple[np.float32, np.float32, np.float32, bool]:
        """(2^-r, 2^(r-1), Q, r == 0) as the kernels take them."""
        limit = code_limit(self.precision.membrane_width)
        return np.float32(2.0**-self.leak), np.float32(2.0 ** (self.leak - 1)), np.float32(limit), self.leak == 0


def compiled(x: Tensor) -> bool:
    """Whether the loops of ``kernel.py`` run for ``x``."""
    return kernel.AVAILABLE and x.device.type == "cpu"


def fold_layer(
    codes: Tensor, step: Tensor, gamma: Tensor, beta: Tensor, mean: Tensor, variance: Tensor, config: NeuronConfig
) -> Folded:
    """:func:`model.network.fold.fold` of tensors; mean and variance are of the sums A of unsigned-gain weights."""
    step, gain, shift = (x.detach().double() for x in (step, gamma, beta))
    effective = step * config.input_scale
    if config.normalised:
        gain = gain / torch.sqrt(variance * (effective * effective) + BATCH_NORM_EPSILON)
    return fold(
        codes.detach(),
        precision=config.precision,
        step=effective,
        gain=gain,
        mean=mean * effective,
        shift=shift,
        firing_threshold=config.firing_threshold,
        largest_input=config.largest_input,
        leak=config.leak,
        skip_unit=config.skip_unit,
        xp=torch,
    )


def add_skip(sums: Tensor, folded: Folded, skip: Tensor | None) -> Tensor:
    """A + J[c]·x_skip of [T, N, C, S]: what an identity shortcut adds."""
    return sums if skip is None else sums + folded.skip.to(sums)[:, None] * skip.to(sums)


def fire(sums: Tensor, folded: Folded, config: NeuronConfig) -> tuple[Tensor, Tensor]:
    """Potentials H and spikes [T, N, C, S] of integer sums [T or 1, N, C, S]; no gradient."""
    store_scale, load_scale, limit, half = config.constants
    bias, threshold = folded.bias.float(), folded.threshold.float()
    shape = (config.time_steps, *sums.shape[1:])
    if compiled(sums):
        potential, spikes = torch.empty(shape, dtype=sums.dtype), torch.empty(shape)
        kernel.forward(
            sums.detach().contiguous().numpy(),
            config.time_steps,
            bias.numpy(),
            threshold.numpy(),
            store_scale,
            load_scale,
            limit,
            half,
            potential.numpy(),
            spikes.numpy(),
        )
        return potential, spikes
    if gpu_kernel.usable(sums, config.time_steps):
        spikes, potential = gpu_kernel.forward(
            sums, config.time_steps, bias, threshold, config.constants, potentials=True
        )
        return potential, spikes
    return fire_reference(sums, bias, threshold, config)


def fire_reference(sums: Tensor, bias: Tensor, threshold: Tensor, config: NeuronConfig) -> tuple[Tensor, Tensor]:
    """:func:`fire` in plain PyTorch."""
    return _fire(sums, bias, threshold, _scalars(config, sums.device, sums.dtype), config.time_steps)


def backward_reference(
    grad: Tensor, potential: Tensor, sums: Tensor, unit: Tensor, threshold: Tensor, config: NeuronConfig
) -> tuple[Tensor, Tensor]:
    """``kernel.backward`` in plain PyTorch: dh and its three sums per channel."""
    return _backward(grad, potential, sums, unit, threshold, _scalars(config, potential.device, potential.dtype))


@functools.cache
def _scalars(config: NeuronConfig, device: torch.device, dtype: torch.dtype) -> Tensor:
    """(2^-r, 2^(r-1), Q, sharpness) on a device, put there once."""
    store_scale, load_scale, limit, _ = config.constants
    values = [float(store_scale), float(load_scale), float(limit), config.sharpness]
    return torch.tensor(values, dtype=dtype, device=device)


def _fire(sums: Tensor, bias: Tensor, threshold: Tensor, scalars: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    store_scale, load_scale, limit, _ = scalars.unbind()
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
    store_scale, load_scale, limit, sharpness = scalars.unbind()
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
        residual = residual + carried * (quiet * loaded - inside * h / 2)
        x = (h - theta) * q * slope
        carried = grad[t] * (sharpness / 2) / (1 + x * x) + carried * inside / 2
        total = total + carried
        weighted = weighted + carried * sums[t if len(sums) > 1 else 0]
        out.insert(0, carried)
    real = torch.stack(out) if len(sums) > 1 else total[None]
    return real, torch.stack([x.double().sum((0, 2)) for x in (total, weighted, residual)], 1)


def as_integers(sums: Tensor) -> Tensor:
    """``sums`` of integers, in place: off the CPU a convolution may be computed by a transform that rounds."""
    if not compiled(sums):
        with torch.no_grad():
            sums.round_()
    return sums


def population(sums: Tensor) -> int:
    """How many sums of [T, N, C, S] a channel has, over all processes."""
    return parallel.processes() * sums.numel() // sums.shape[2]


def moments(sums: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and biased variance [C] in float64 of integer sums, joint over time, batch, space and processes."""
    if compiled(sums):
        found = torch.from_numpy(kernel.channel_moments(sums.detach().numpy()).sum(0).T)
    else:
        found = (gpu_kernel.channel_moments if gpu_kernel.usable(sums) else _totals)(sums.detach())
    total, square = parallel.total(found)
    count = population(sums)
    mean = total / count
    return mean, (square / count - mean * mean).clamp_min(0)


def _totals(sums: Tensor) -> Tensor:
    """Σ A and Σ A² a channel."""
    wide = sums.double()
    return torch.stack([wide.sum((0, 1, 3)), (wide * wide).sum((0, 1, 3))])


class NormalisedFiring(torch.autograd.Function):
    """Spikes and potentials H of integer sums through batch norm with batch statistics, and its whole gradient.

    unit = s·γ/√(s²·var + ε), b = β - unit·mean, h[t] = unit·(A[t] + J·x_skip[t]) + b + unit·load(U); γ is positive
    here: the layer flips the weights of channels with a negative one. J = rint(1/unit) is taken as 1/unit, so that
    the skip's share has no derivative to unit. Without batch norm unit = s and b = β.
    """

    @staticmethod
    def forward(ctx, sums, step, gamma, beta, folded, mean, variance, config, skip=None):  # type: ignore[no-untyped-def]
        potential, spikes = fire(add_skip(sums, folded, skip), folded, config)
        ctx.save_for_backward(sums, potential, step, gamma, mean, variance, folded.unit)
        ctx.threshold = folded.threshold.float()
        ctx.skip_bias = None if skip is None else folded.skip.float()
        ctx.config = config
        ctx.set_materialize_grads(False)
        return spikes, potential

    @staticmethod
    def backward(ctx, grad, grad_potential):  # type: ignore[no-untyped-def]
        sums, potential, step, gamma, mean, variance, unit = ctx.saved_tensors
        config: NeuronConfig = ctx.config
        grad = torch.zeros_like(potential) if grad is None else grad
        if grad_potential is not None:
            # Divided by the surrogate's slope at h, with which it is multiplied below: it then arrives at h as it is.
            x = (potential - ctx.threshold[:, None]) * unit.to(potential)[:, None] * (torch.pi / 2 * config.sharpness)
            grad = grad + grad_potential / unit.to(potential)[:, None] * (1 + x * x) / (config.sharpness / 2)
        grad = grad.contiguous()
        if compiled(sums):
            store_scale, load_scale, limit, half = config.constants
            real = torch.zeros_like(sums)
            partial = kernel.backward(
                grad.numpy(),
                potential.numpy(),
                sums.numpy(),
                unit.float().numpy(),
                ctx.threshold.numpy(),
                store_scale,
                load_scale,
                limit,
                half,
                np.float32(config.sharpness),
                real.numpy(),
            )
            reductions = torch.from_numpy(partial.sum(0))
        else:
            real, reductions = backward_reference(grad, potential, sums, unit.float(), ctx.threshold, config)
        d_skip = None
        if ctx.skip_bias is not None:
            d_skip = (real * (ctx.skip_bias * unit.float())[:, None]).float()
        *own, affine = parameter_gradients(reductions, step, gamma, mean, variance, unit, config, population(sums))
        scale, constant, linear = (x.float() for x in affine)
        if not config.normalised:
            real = real * unit.to(real)[:, None]
        elif compiled(sums):
            kernel.affine(real.numpy(), sums.numpy(), scale.numpy(), constant.numpy(), linear.numpy())
        else:
            real = real * scale[:, None] + constant[:, None] + sums * linear[:, None]
        return real, *own, None, None, None, None, d_skip


class FusedFiring(torch.autograd.Function):
    """The same on a GPU, in three kernels; no potentials."""

    @staticmethod
    def forward(ctx, sums, step, gamma, beta, folded, mean, variance, config, skip=None):  # type: ignore[no-untyped-def]
        integers = (folded.bias, folded.threshold, folded.skip)
        bias, threshold, skip_bias = (x.float() for x in integers)
        if skip is None:
            skip_bias = None
        spikes, membranes = gpu_kernel.forward(
            sums, config.time_steps, bias, threshold, config.constants, skip=skip, skip_bias=skip_bias
        )
        ctx.save_for_backward(
            sums, membranes, step, gamma, mean, variance, folded.unit, bias, threshold, skip, skip_bias
        )
        ctx.config = config
        ctx.set_materialize_grads(False)
        return spikes, None

    @staticmethod
    def backward(ctx, grad, _):  # type: ignore[no-untyped-def]
        sums, membranes, step, gamma, mean, variance, unit, bias, threshold, skip, skip_bias = ctx.saved_tensors
        config: NeuronConfig = ctx.config
        shape = (config.time_steps, *sums.shape[1:])
        grad = sums.new_zeros(shape) if grad is None else grad
        neurons = (bias, threshold, unit.float(), config.constants, config.sharpness)
        passes = gpu_kernel.Backward(grad, sums, membranes, *neurons, skip, skip_bias)
        reductions = passes.reductions()
        *own, affine = parameter_gradients(reductions, step, gamma, mean, variance, unit, config, population(sums))
        real, d_skip = passes.gradient(*(x.float() for x in affine))
        return real, *own, None, None, None, None, d_skip


def parameter_gradients(
    reductions: Tensor,
    step: Tensor,
    gamma: Tensor,
    mean: Tensor,
    variance: Tensor,
    unit: Tensor,
    config: NeuronConfig,
    count: int,
) -> tuple[Tensor, Tensor | None, Tensor, tuple[Tensor, Tensor, Tensor]]:
    """Gradients of step, γ and β from the reductions [C, 3] of the backward pass, and the affine map to that of A.

    With dh the gradient of the real potential, that of the sums is scale[c]·dh + constant[c] + linear[c]·A; ``count``
    is how many sums a channel has.
    """
    d_bias, weighted, residual = reductions.unbind(1)
    d_beta = d_bias.to(gamma.dtype)
    if not config.normalised:
        d_step = ((weighted + residual) * unit).sum() / step.double()
        nothing = torch.zeros_like(unit)
        return d_step.to(step.dtype), None, d_beta, (unit, nothing, nothing)

    # d unit: through A, through U at every time step, and through b = β - unit·mean. Straight through the floor of
    # the unit: where it bites, derivatives are still those of what is wanted, s·γ/√(s²·var + ε).
    d_unit = weighted + residual - mean * d_bias
    s = step.detach().double() * config.input_scale
    spread = s * s * variance + BATCH_NORM_EPSILON
    by_gamma = s / torch.sqrt(spread)
    wanted = by_gamma * gamma.double()
    d_gamma = d_unit * by_gamma
    d_step = (d_unit * wanted * BATCH_NORM_EPSILON / spread).sum() / step.double()
    # Mean and variance are of all processes' sums, so what depends on them is added up over all.
    d_bias, weighted, residual = parallel.total(reductions).unbind(1)
    d_unit = weighted + residual - mean * d_bias
    d_variance = -d_unit * wanted * s * s / (2 * spread)
    d_mean = -d_bias * unit
    linear = 2 * d_variance / count
    constant = d_mean / count - linear * mean
    return d_step.to(step.dtype), d_gamma.to(gamma.dtype), d_beta, (unit, constant, linear)
