"""Layers of a quantised spiking network, in PyTorch.

Activations travel as integer-valued float32 tensors [T, N, C, H, W]; a static input (pixels) has T = 1,
so that the first layer is computed once an image.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.arithmetic import code_limit, signed_width
from model.config import LARGEST_LEAK, Precision, require
from model.fold import Folded, calibrated_leak, fold
from model.training import gpu_kernel
from model.training.neuron import (
    FusedFiring,
    NeuronConfig,
    NormalisedFiring,
    add_skip,
    as_integers,
    fire,
    fold_layer,
    moments,
    population,
)
from model.training.pooling import MaxPool, SumPool
from model.training.quantizer import Quantizer, round_ste

__all__ = ["Branch", "Conv", "Join", "Linear", "MaxPool", "Readout", "SumPool"]

EXACT_FLOAT32, EXACT_FLOAT64 = 1 << 24, 1 << 53
BATCH_NORM_MOMENTUM = 0.1
LEAST_DEVIATION = 1e-3
"""Of the first batch's sums, where a layer without batch norm divides by it."""


class _Weighted(nn.Module):
    """A layer with quantised weights; the network that owns it sets input range, scale and T."""

    sums_over_time = False
    """Whether its sums run over all time steps, not over one."""

    def __init__(self, weight: Tensor, precision: Precision | None) -> None:
        super().__init__()
        self.precision = precision
        self.weight = nn.Parameter(weight)
        nn.init.kaiming_normal_(self.weight, nonlinearity="relu")
        self.largest_input = 1
        self.input_scale = 1.0
        self.time_steps = 1
        self.dtype = torch.float32
        """Of sums and potentials: the narrower one in which every integer that can occur is exact."""
        if precision is not None:
            self.quantizer = Quantizer(precision)
            self.quantizer.initialise(self.weight)

    def connect(self, *, largest_input: int, input_scale: float, time_steps: int) -> None:
        """Take the input's greatest integer, its real scale (1/256 for pixels, 1/n for counts) and T."""
        self.largest_input, self.input_scale, self.time_steps = largest_input, input_scale, time_steps
        if self.precision is not None:
            inputs = self.weight[0].numel() * self.precision.weight_limit * largest_input
            bound = inputs + 2 * self.precision.bias_limit  # bias and skip
            bound *= time_steps if self.sums_over_time else 1
            bound += self.precision.membrane_limit << (LARGEST_LEAK - 1)
            require(bound < EXACT_FLOAT64, f"sums of up to {bound} pass 2^53; narrow the fan-in")
            self.dtype = torch.float32 if bound < EXACT_FLOAT32 else torch.float64

    def _check_time(self, inputs: Sequence[Tensor]) -> None:
        """Refuse inputs [T, ...] of another T; those of a static image have 1."""
        found = {len(x) for x in inputs} - {1, self.time_steps}
        require(not found, f"a layer is given {found} time steps; the network has T = {self.time_steps}")

    def step(self) -> Tensor:
        return self.quantizer.step(self.weight.numel())

    def requantise(self) -> None:
        """A step for this width, after the weights came from a network of another."""
        self.quantizer.initialise(self.weight)


class _Spiking(_Weighted, ABC):
    """Σ W·x, batch norm and leaky integrate-and-fire neurons with hard reset.

    Without ``batch_norm`` a layer has a bias, and its first batch scales its weights: s·A then has variance 1.
    """

    skip = False
    """Whether the last input is an identity shortcut's."""

    def __init__(self, weight: Tensor, precision: Precision | None, *, batch_norm: bool = True) -> None:
        super().__init__(weight, precision)
        channels = len(weight)
        self.batch_norm = batch_norm
        self.momentum = BATCH_NORM_MOMENTUM
        if batch_norm:
            self.gamma = nn.Parameter(torch.ones(channels))
        else:
            self.register_buffer("gamma", torch.ones(channels))
        self.beta = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_variance", torch.ones(channels))
        self.leak = -1
        """r of the neurons, -1 before the first batch; an integer of the host's, so that no GPU is asked for it."""
        self.density: Tensor | None = None
        self.taught = False
        """Whether ``potential`` is kept in training."""
        self.potential: Tensor | None = None
        """Mean real potential [N, C] of the last batch over time and space, in thresholds; it has a gradient."""
        self.trace: dict[str, Tensor] | None = None
        self.folding: Folded | None = None

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        destination[f"{prefix}leak"] = torch.tensor(self.leak)

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        metadata: dict[str, Any],
        strict: bool,
        missing: list[str],
        *others: Any,
    ) -> None:
        leak = state_dict.pop(f"{prefix}leak", None)
        if leak is None:
            missing.append(f"{prefix}leak")
        else:
            self.leak = int(leak)
        super()._load_from_state_dict(state_dict, prefix, metadata, strict, missing, *others)

    @abstractmethod
    def _weigh(self, inputs: Sequence[Tensor], weight: Tensor) -> Tensor:
        """Σ W·x of inputs [T, N, ...] for given weights: [T, N, C, H, W]."""

    def _sums(self, inputs: Sequence[Tensor], codes: Tensor) -> Tensor:
        """Σ W·x in integers, in the float type that holds them all."""
        sums = self._weigh([x.to(self.dtype) for x in inputs], codes.to(self.dtype))
        return sums if self._fused(sums) else as_integers(sums)

    def _fused(self, sums: Tensor) -> bool:
        """Whether a GPU's kernels compute the neurons; they read the nearest integers, and keep no potential."""
        return gpu_kernel.usable(sums, self.time_steps) and not self.taught

    def _config(self) -> NeuronConfig:
        assert self.precision is not None
        return NeuronConfig(
            precision=self.precision,
            leak=self.leak,
            time_steps=self.time_steps,
            largest_input=self.largest_input,
            input_scale=self.input_scale,
            skip_unit=float(self.skip),
            normalised=self.batch_norm,
        )

    def folded(self) -> Folded:
        """The integers of this layer with the running statistics: what evaluation uses and export writes."""
        require(self.leak >= 0, "a layer has no leak r yet; run it once in training mode to calibrate it")
        step = self.step()
        codes = self.quantizer.to_int(self.weight)
        effective = step.detach().double() * self.input_scale
        mean = self.running_mean.double() / effective
        variance = self.running_variance.double() / (effective * effective)
        return fold_layer(codes, step, self.gamma, self.beta, mean, variance, self._config()).check()

    def forward(self, *inputs: Tensor) -> Tensor:
        self._check_time(inputs)
        skip = inputs[-1] if self.skip else None
        inputs = inputs[: len(inputs) - self.skip]
        if self.precision is None:
            return self._forward_float(inputs, skip)
        if self.training:
            spikes = self._forward_training(inputs, skip)
        else:
            folded = self.folded()
            sums = self._sums(inputs, folded.weight)
            shape = sums.shape
            total = add_skip(sums.flatten(3), folded, None if skip is None else skip.flatten(3))
            potential, spikes = fire(total, folded, self._config())
            if self.trace is not None:
                self.trace.update(self._trace(potential, spikes, shape))
            spikes = spikes.view(-1, *shape[1:])
        self.density = spikes.detach().mean()
        return spikes

    def _trace(self, potential: Tensor, spikes: Tensor, shape: torch.Size) -> dict[str, Tensor]:
        store_scale, _, limit, _ = self._config().constants
        membrane = torch.floor(potential * float(store_scale)).clamp(-float(limit), float(limit)) * (1 - spikes)
        named = {"potential": potential, "spikes": spikes, "membrane": membrane}
        return {key: value.view(-1, *shape[1:]) for key, value in named.items()}

    def _forward_training(self, inputs: Sequence[Tensor], skip: Tensor | None) -> Tensor:
        if self.leak < 0 and not self.batch_norm:
            self._scale_weights(inputs)
        # A negative gain flips the channel's weights; from here on the gain is positive.
        sign = 1 - 2 * (self.gamma.detach() < 0).to(self.gamma)
        step = self.step()
        codes = self.quantizer.codes(self.weight, step) * sign.view(-1, *[1] * (self.weight.dim() - 1))
        gamma = self.gamma * sign
        sums = self._sums(inputs, codes)
        shape = sums.shape
        sums = (sums if self._fused(sums) else sums.contiguous()).flatten(3)
        mean, variance = moments(sums) if self.batch_norm else sums.new_zeros(2, len(codes), dtype=torch.float64)
        if self.leak < 0:  # the first batch: r follows from its thresholds, and stays
            self.leak = 1
            self._choose_leak(fold_layer(codes, step, gamma, self.beta, mean, variance, self._config()).threshold)
        config = self._config()
        self.folding = folded = fold_layer(codes, step, gamma, self.beta, mean, variance, config)
        if self.batch_norm:
            self._follow(mean * sign, variance, step, population(sums))
        flat = None if skip is None else skip.flatten(3)
        firing = FusedFiring if self._fused(sums) else NormalisedFiring
        spikes, potential = firing.apply(sums, step, gamma, self.beta, folded, mean, variance, config, flat)
        if self.taught:
            self.potential = potential.mean((0, 3)) * folded.unit.to(potential)
        return spikes.view(-1, *shape[1:])

    @torch.no_grad()
    def _follow(self, mean: Tensor, variance: Tensor, step: Tensor, count: int) -> None:
        """Let the running statistics of the real sums follow a batch's."""
        effective = step.double() * self.input_scale
        unbiased = variance * effective**2 * (count / max(count - 1, 1))
        self.running_mean.lerp_((mean * effective).float(), self.momentum)
        self.running_variance.lerp_(unbiased.float(), self.momentum)

    @torch.no_grad()
    def _scale_weights(self, inputs: Sequence[Tensor]) -> None:
        """Scale weights and step alike, which changes no code, until s·A has variance 1 for the first batch."""
        sums = self._sums(inputs, self.quantizer.to_int(self.weight))
        _, variance = moments(sums.flatten(3).contiguous())
        effective = self.quantizer.log_step.double().exp() * self.input_scale
        factor = 1 / (effective * variance.mean().sqrt()).clamp_min(LEAST_DEVIATION)
        self.weight.mul_(factor.to(self.weight))
        self.quantizer.log_step.add_(factor.log().to(self.weight))

    @property
    def largest_leak(self) -> int:
        """The greatest r whose membranes fit the accumulator."""
        assert self.precision is not None
        return max(
            r
            for r in range(1, LARGEST_LEAK + 1)
            if signed_width(0, code_limit(self.precision.membrane_width) << (r - 1)) < self.precision.accumulator_width
        )

    def _choose_leak(self, threshold: Tensor) -> None:
        assert self.precision is not None
        self.leak = calibrated_leak(threshold.cpu().numpy(), self.precision, self.largest_leak)

    def requantise(self) -> None:
        """A step for this width, and r from the running statistics."""
        super().requantise()
        self.leak = 1
        self._choose_leak(self.folded().threshold)

    def _forward_float(self, inputs: Sequence[Tensor], skip: Tensor | None) -> Tensor:
        """The same layer in float32: no codes, no rounding; the reference that quantisation is compared with."""
        z = self._weigh([x * self.input_scale for x in inputs], self.weight)
        if self.batch_norm:
            statistics = self.running_mean, self.running_variance
            affine = self.gamma, self.beta
            flat = functional.batch_norm(z.flatten(0, 1), *statistics, *affine, self.training, self.momentum)
            z = flat.view(z.shape)
        else:
            z = z + self.beta[:, None, None]
        if skip is not None:
            z = z + skip
        membrane = torch.zeros_like(z[0])
        spikes = []
        for t in range(self.time_steps):
            h = z[t if len(z) > 1 else 0] + membrane / 2
            s = _ArcTangent.apply(h - 1)
            membrane = h * (1 - s.detach())
            spikes.append(s)
        out = torch.stack(spikes)
        self.density = out.detach().mean()
        return out


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


def _convolve(x: Tensor, weight: Tensor, stride: int, padding: int) -> Tensor:
    y = functional.conv2d(x.flatten(0, 1), weight, stride=stride, padding=padding)
    return y.view(*x.shape[:2], *y.shape[1:])


class Conv(_Spiking):
    """Convolution with spiking neurons: [T, N, Cin, H, W] to [T, N, Cout, H', W']."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        *,
        stride: int = 1,
        padding: int = 0,
        precision: Precision | None,
        batch_norm: bool = True,
    ) -> None:
        super().__init__(torch.empty(outputs, inputs, kernel, kernel), precision, batch_norm=batch_norm)
        self.stride, self.padding = stride, padding

    def _weigh(self, inputs: Sequence[Tensor], weight: Tensor) -> Tensor:
        return _convolve(inputs[0], weight, self.stride, self.padding)


@dataclass(frozen=True)
class Branch:
    """One convolution of a :class:`Join`: input channels and geometry."""

    inputs: int
    kernel: int
    stride: int = 1
    padding: int = 0

    @property
    def fan_in(self) -> int:
        return self.inputs * self.kernel**2


class Join(_Spiking):
    """A residual join: the sum of convolutions, one an input, under one batch norm, then spiking neurons.

    The branches share step and gain, so that each is more fan-in of the same neurons. With ``skip`` there is one more
    input, an identity shortcut, whose spikes add 1 to the real potential, J[c] to the integer one. The weight holds the
    branches' kernels side by side: [outputs, Σ fan-in].
    """

    def __init__(
        self, branches: Sequence[Branch], outputs: int, *, skip: bool = False, precision: Precision | None
    ) -> None:
        super().__init__(torch.empty(outputs, sum(branch.fan_in for branch in branches)), precision)
        self.branches, self.skip = tuple(branches), skip

    def split(self, weight: Tensor) -> list[Tensor]:
        """The branches' kernels [outputs, inputs, k, k]."""
        parts = weight.split([branch.fan_in for branch in self.branches], 1)
        shapes = ((len(weight), branch.inputs, branch.kernel, branch.kernel) for branch in self.branches)
        return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]

    def _weigh(self, inputs: Sequence[Tensor], weight: Tensor) -> Tensor:
        parts = zip(inputs, self.split(weight), self.branches, strict=True)
        sums = [_convolve(x, kernel, branch.stride, branch.padding) for x, kernel, branch in parts]
        return sum(sums[1:], sums[0])


class Linear(_Spiking):
    """Fully connected layer with spiking neurons: [T, N, C, H, W] to [T, N, outputs, 1, 1]."""

    def __init__(self, inputs: int, outputs: int, *, precision: Precision | None, batch_norm: bool = True) -> None:
        super().__init__(torch.empty(outputs, inputs), precision, batch_norm=batch_norm)

    def _weigh(self, inputs: Sequence[Tensor], weight: Tensor) -> Tensor:
        return functional.linear(inputs[0].flatten(2), weight)[..., None, None]


class Readout(_Weighted):
    """The last layer: logits = Σ_t (Σ W·S[t] + B), no neuron, one step for the layer.

    In training mode it returns real mean logits s·logits/T, or those of every time step [T, N, classes] where
    ``every_step`` is set, whose mean they are; in evaluation mode the integers.
    """

    sums_over_time = True
    every_step = False

    def __init__(self, inputs: int, outputs: int, *, precision: Precision | None) -> None:
        super().__init__(torch.empty(outputs, inputs), precision)
        self.bias = nn.Parameter(torch.zeros(outputs))

    def folded(self) -> Folded:
        """Codes and B = rint(bias/s)."""
        assert self.precision is not None
        bias = self.bias.detach()
        return fold(
            self.quantizer.to_int(self.weight),
            precision=self.precision,
            step=self.step().detach().double() * self.input_scale,
            gain=torch.ones_like(bias),
            mean=torch.zeros_like(bias),
            shift=bias,
            firing_threshold=1.0,
            largest_input=self.largest_input,
            leak=1,
            xp=torch,
        ).check()

    def forward(self, x: Tensor) -> Tensor:
        self._check_time([x])
        if self.precision is None:
            return functional.linear(self._over_time(x) * self.input_scale, self.weight, self.bias)
        if not self.training:
            folded = self.folded()
            total = functional.linear(x.to(self.dtype).flatten(2).sum(0), folded.weight.to(self.dtype))
            return total + self.time_steps * folded.bias.to(total)
        step = self.step()
        unit = step * self.input_scale
        codes = self.quantizer.codes(self.weight, step)
        assert self.precision is not None
        limit = float(self.precision.bias_limit)
        bias = round_ste(self.bias / unit).clamp(-limit, limit)
        return unit * (functional.linear(self._over_time(x), codes) + bias)

    def _over_time(self, x: Tensor) -> Tensor:
        return x.flatten(2) if self.every_step and self.training else x.flatten(2).mean(0)
