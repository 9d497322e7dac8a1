"""Batch norm and neurons on integer sums as one step of the gradient.

The neuron (``lif.py``) computes integers forward and real gradients backward; here its sums per channel become the
gradients of step, γ and β, with unit = s·|g|.
"""

import torch
from torch import Tensor

from model.network.fold import Folded, fold
from model.training import parallel
from model.training.neurons import gpu_kernel, kernel, lif
from model.training.neurons.config import NeuronConfig
from model.training.neurons.twins import twin

BATCH_NORM_EPSILON = 1e-5


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
        code=config.code,
        neuron=config.neuron,
        step=effective,
        gain=gain,
        mean=mean * effective,
        shift=shift,
        firing_threshold=config.firing_threshold,
        largest_input=config.largest_input,
        skip_unit=config.skip_unit,
        xp=torch,
    )


def add_skip(sums: Tensor, folded: Folded, skip: Tensor | None) -> Tensor:
    """A + J[c]·x_skip of [T, N, C, S]: what an identity shortcut adds."""
    return sums if skip is None else sums + folded.skip.to(sums)[:, None] * skip.to(sums)


def as_integers(sums: Tensor) -> Tensor:
    """``sums`` of integers, in place: off the CPU a convolution may be computed by a transform that rounds."""
    if not kernel.compiled(sums):
        with torch.no_grad():
            sums.round_()
    return sums


def population(sums: Tensor) -> int:
    """How many sums of [T, N, C, S] a channel has, over all processes."""
    return parallel.processes() * sums.numel() // sums.shape[2]


def moments(sums: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and biased variance [C] in float64 of integer sums, joint over time, batch, space and processes."""
    if kernel.compiled(sums):
        found = torch.from_numpy(kernel.channel_moments(sums.detach().numpy()).sum(0).T)
    else:
        found = (gpu_kernel.channel_moments if gpu_kernel.usable(sums) else _totals)(sums.detach())
    return mean_and_variance(found, population(sums))


def mean_and_variance(totals: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Of a process's sums and sums of squares [2, C], and how many numbers a channel has in all of them."""
    total, square = parallel.total(totals)
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
        potential, spikes = twin(config).fire(add_skip(sums, folded, skip), folded, config)
        ctx.save_for_backward(sums, potential, skip, step, gamma, mean, variance)
        ctx.folded, ctx.config = folded, config
        ctx.set_materialize_grads(False)
        return spikes, potential

    @staticmethod
    def backward(ctx, grad, grad_potential):  # type: ignore[no-untyped-def]
        sums, potential, skip, step, gamma, mean, variance = ctx.saved_tensors
        folded, config = ctx.folded, ctx.config
        unit, threshold = folded.unit.to(potential)[:, None], folded.threshold.to(potential)
        grad = torch.zeros_like(potential) if grad is None else grad
        if grad_potential is not None:
            # Divided by the surrogate's slope at h, with which it is multiplied below: it then arrives at h as it is.
            x = (potential - threshold[:, None]) * unit * (torch.pi / 2 * config.sharpness)
            grad = grad + grad_potential / unit * (1 + x * x) / (config.sharpness / 2)
        grad = grad.contiguous()
        real, reductions = twin(config).backward(grad, potential, sums, folded.unit.float(), threshold, config)
        return _gradients(real, reductions, sums, skip, step, gamma, mean, variance, folded, config)


class PooledFiring(torch.autograd.Function):
    """The same in the CPU's compiled loops: spikes pooled to the maximum of a plane's places, and their share.

    No potentials: they are not kept, the gradient computes them again.
    """

    @staticmethod
    def forward(ctx, sums, step, gamma, beta, folded, mean, variance, config, skip, plane):  # type: ignore[no-untyped-def]
        spikes, density = lif.fire_pooled(add_skip(sums, folded, skip), folded, config, plane)
        ctx.save_for_backward(sums, skip, step, gamma, mean, variance)
        ctx.folded, ctx.config, ctx.plane = folded, config, plane
        ctx.mark_non_differentiable(density)
        return spikes, density

    @staticmethod
    def backward(ctx, grad, _):  # type: ignore[no-untyped-def]
        sums, skip, step, gamma, mean, variance = ctx.saved_tensors
        total = add_skip(sums, ctx.folded, skip).contiguous()
        real, reductions = lif.backward_pooled(grad.contiguous(), total, sums, ctx.folded, ctx.config, ctx.plane)
        return *_gradients(real, reductions, sums, skip, step, gamma, mean, variance, ctx.folded, ctx.config), None


def _gradients(  # type: ignore[no-untyped-def]
    real, reductions, sums, skip, step, gamma, mean, variance, folded, config
) -> tuple[Tensor | None, ...]:
    """Gradients of what the two above take, from dh, which is written over, and its sums per channel."""
    unit = folded.unit
    d_skip = None if skip is None else (real * (folded.skip.float() * unit.float())[:, None]).float()
    *own, affine = parameter_gradients(reductions, step, gamma, mean, variance, unit, config, population(sums))
    scale, constant, linear = (x.float() for x in affine)
    if not config.normalised:
        real = real * unit.to(real)[:, None]
    elif kernel.compiled(sums):
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
            sums, config.time_steps, bias, threshold, lif.constants(config), skip=skip, skip_bias=skip_bias
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
        neurons = (bias, threshold, unit.float(), lif.constants(config), config.sharpness)
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
