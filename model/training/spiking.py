"""What all layers share: quantised weights, and batch norm with spiking neurons."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.arithmetic import signed_width
from model.config import Precision
from model.errors import require
from model.network.fold import Folded, widened
from model.neurons import MemoryFree, Neuron
from model.neurons.lif import LARGEST_R
from model.training import parallel
from model.training.neurons import gpu_kernel, kernel
from model.training.neurons.config import NeuronConfig
from model.training.neurons.firing import (
    FusedFiring,
    NormalisedFiring,
    PooledFiring,
    add_skip,
    as_integers,
    fold_layer,
    moments,
    population,
)
from model.training.neurons.float_lif import fire_float
from model.training.neurons.lif import Plane, fire_pooled, from_rows, in_rows
from model.training.neurons.twins import has_loops, twin
from model.training.neurons.window import Window
from model.training.neurons.window_firing import WindowedFiring, window_moments, window_population
from model.training.passing import scale
from model.training.quantisers import QUANTISERS

EXACT_FLOAT32, EXACT_FLOAT64 = 1 << 24, 1 << 53
BATCH_NORM_MOMENTUM = 0.1
LEAST_DEVIATION = 1e-3
"""Of the first batch's sums, where a layer without batch norm divides by it."""


class Weighted(nn.Module):
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
        self.dropouts: tuple[nn.Dropout, ...] = ()
        """Through which its inputs have come."""
        self.dtype = torch.float32
        """Of sums and potentials: the narrower one in which every integer that can occur is exact."""
        if precision is not None:
            self.quantiser = QUANTISERS[precision.quantiser](precision.code)
            self.quantiser.initialise(self.weight)

    def connect(
        self, *, largest_input: int, input_scale: float, time_steps: int, dropouts: tuple[nn.Dropout, ...] = ()
    ) -> None:
        """Take the input's greatest integer, its real scale (1/256 for pixels, 1/n for counts), T and dropouts."""
        self.largest_input, self.input_scale, self.time_steps = largest_input, input_scale, time_steps
        self.dropouts = dropouts
        if self.precision is not None:
            self._make_exact(self.precision.neuron(LARGEST_R))

    def _make_exact(self, neuron: Neuron) -> None:
        """Choose the float type for these neurons, or refuse what no float holds."""
        assert self.precision is not None
        code = self.precision.code
        inputs = self.weight[0].numel() * code.limit * self.largest_input
        inputs *= self.time_steps if self.sums_over_time else 1
        others = 2 * widened(code.bias_limit, neuron.gain_bits)  # bias and skip
        others *= self.time_steps if self.sums_over_time else 1
        bound = (neuron.potential_range(-inputs, inputs)[1] + others) * neuron.factor
        require(bound < EXACT_FLOAT64, f"sums of up to {bound} pass 2^53; narrow the fan-in")
        self.dtype = torch.float32 if bound < EXACT_FLOAT32 else torch.float64

    def _check(self, inputs: Sequence[Tensor]) -> None:
        """Refuse inputs [T, ...] of another T; those of a static image have 1. Refuse what has no exact integers."""
        found = {len(x) for x in inputs} - {1, self.time_steps}
        require(not found, f"a layer is given {found} time steps; the network has T = {self.time_steps}")
        dtype = self.weight.dtype
        require(dtype == torch.float32, f"weights are {dtype}; integers are exact with torch.float32: call float()")
        require(
            self.training or scale(self.dropouts) == 1,
            "Dropout in training mode before a layer in evaluation mode, whose integers have no 1/(1-p); call eval()",
        )

    def step(self) -> Tensor:
        return self.quantiser.step(self.weight.numel())

    def requantise(self) -> None:
        """A step for this width, after the weights came from a network of another."""
        self.quantiser.initialise(self.weight)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *others: Any) -> None:
        spelt = f"{prefix}quantizer."  # by the checkpoints of earlier releases
        for key in [key for key in state_dict if key.startswith(spelt)]:
            state_dict[f"{prefix}quantiser.{key.removeprefix(spelt)}"] = state_dict.pop(key)
        super()._load_from_state_dict(state_dict, prefix, *others)


class Spiking(Weighted, ABC):
    """Σ W·x, batch norm and neurons of the precision's family, leak and reset.

    Without ``batch_norm`` a layer has a bias, and its first batch scales its weights: s·A then has variance 1.

    The first batch is the first one whose gradients arrive. Until then each batch in training mode chooses r, and
    scales, anew; one whose sums do not vary chooses nothing and leaves the running statistics alone.
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
        self.density: Tensor | None = None
        self.taught = False
        """Whether ``potential`` is kept in training."""
        self.potential: Tensor | None = None
        """Mean real potential [N, C] of the last batch over time and space, in thresholds; it has a gradient."""
        self.trace: dict[str, Tensor] | None = None
        self.folding: Folded | None = None
        remembers_nothing = precision is not None and precision.neuron_family == MemoryFree.family
        self.window = Window.of(precision) if precision and remembers_nothing else None

    @property
    def neuron(self) -> Neuron:
        """With r, or the taps, as they are now."""
        assert self.precision is not None
        return self.window.neuron() if self.window else self.precision.neuron(self.leak)

    @property
    def leak(self) -> int:
        """r of the neurons, an integer of the host's, so that no GPU is asked for it.

        It is chosen by a batch, or set here; before that it is what the running statistics ask for. -1 forgets it.
        """
        return self._leak if self.chosen else self._fitting(self._fold(1).threshold)

    @leak.setter
    def leak(self, value: int) -> None:
        self._leak, self.settled = value, value >= 0

    @property
    def chosen(self) -> bool:
        """Whether r was chosen or set."""
        return self._leak >= 0

    def settle(self) -> None:
        """Keep the r that was chosen last, if one was."""
        self.settled = self.chosen

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        destination[f"{prefix}leak"] = torch.tensor(self._leak)

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
        """What the neurons add B to: Σ W·x, or what their window makes of it."""
        sums = self._weighed(inputs, codes)
        return self.window(sums, self.time_steps, self.window.neuron()) if self.window else sums

    def _weighed(self, inputs: Sequence[Tensor], codes: Tensor) -> Tensor:
        """Σ W·x in integers, in the float type that holds them all."""
        if self.window:
            self._make_exact(self.window.neuron())
        sums = self._weigh([x.to(self.dtype) for x in inputs], codes.to(self.dtype))
        return sums if self._fused(sums) and not self.window else self._whole(sums)

    def _whole(self, sums: Tensor) -> Tensor:
        """Integers of ``sums``; of levels that are still reals the sums as they are."""
        return sums if self.training and self.quantiser.soft else as_integers(sums)

    def _fused(self, sums: Tensor) -> bool:
        """Whether a GPU's kernels compute the neurons; they read the nearest integers, and keep no potential."""
        fused = gpu_kernel.usable(sums, self.time_steps) and not self.taught and not self.quantiser.soft
        return fused and self.precision is not None and has_loops(self.precision.neuron_family)

    def _config(self, leak: int | None = None, dropped: float = 1.0) -> NeuronConfig:
        assert self.precision is not None
        neuron = self.window.neuron() if self.window else self.precision.neuron(self.leak if leak is None else leak)
        return NeuronConfig(
            code=self.precision.code,
            neuron=neuron,
            time_steps=self.time_steps,
            largest_input=self.largest_input,
            input_scale=self.input_scale * dropped * 2.0**-neuron.gain_shift,
            skip_unit=self.skip * dropped,
            normalised=self.batch_norm,
        )

    def folded(self) -> Folded:
        """The integers of this layer with the running statistics: what evaluation uses and export writes."""
        return self._fold().check()

    def _fold(self, leak: int | None = None) -> Folded:
        step, config = self.step(), self._config(leak)
        codes = self.quantiser.to_int(self.weight)
        effective = step.detach().double() * config.input_scale
        mean = self.running_mean.double() / effective
        variance = self.running_variance.double() / (effective * effective)
        return fold_layer(codes, step, self.gamma, self.beta, mean, variance, config)

    def _handed_on(self, spikes: Tensor, potential: Tensor, unit: Tensor | None = None) -> Tensor:
        """What the layer makes of its neurons; ``unit`` is the real size of a potential's step, in training."""
        return spikes

    def pools(self, x: Tensor) -> bool:
        """Whether inputs like ``x`` become spikes alone, in compiled loops, which can pool them on the way."""
        known = self.precision is not None and has_loops(self.precision.neuron_family)
        return known and kernel.compiled(x) and not self.taught and self.trace is None

    def forward(self, *inputs: Tensor, pool: int = 1) -> Tensor:
        """Spikes; where the layer :meth:`pools`, of ``pool`` × ``pool`` neurons the maximum, as a MaxPool gives it."""
        self._check(inputs)
        skip = inputs[-1] if self.skip else None
        inputs = inputs[: len(inputs) - self.skip]
        if self.precision is None:
            return self._forward_float(inputs, skip)
        if self.training:
            return self._forward_training(inputs, skip, pool)
        folded = self.folded()
        sums = self._sums(inputs, folded.weight)
        shape = sums.shape
        total = add_skip(sums.flatten(3), folded, None if skip is None else skip.flatten(3))
        config = self._config()
        if self.pools(sums):
            out, self.density = fire_pooled(in_rows(total), folded, config, Plane(shape[4], pool))
            out = from_rows(out, total)
        else:
            potential, spikes = twin(config).fire(total, folded, config)
            self.density = spikes.mean()
            out = self._handed_on(spikes, potential)
            if self.trace is not None:
                membrane = twin(config).membranes(potential, folded.threshold.to(potential), config)
                named = {"potential": potential, "spikes": spikes, "membrane": membrane}
                self.trace.update({key: value.view(-1, *shape[1:]) for key, value in named.items()})
        return out.view(-1, *shape[1:3], shape[3] // pool, shape[4] // pool)

    def _forward_training(self, inputs: Sequence[Tensor], skip: Tensor | None, pool: int) -> Tensor:
        dropped = scale(self.dropouts)
        varied = self.settled or self._begin(inputs, self.input_scale * dropped)
        # A negative gain flips the channel's weights; from here on the gain is positive.
        sign = 1 - 2 * (self.gamma.detach() < 0).to(self.gamma)
        step = self.step()
        codes = self.quantiser.values(self.weight, step) * sign.view(-1, *[1] * (self.weight.dim() - 1))
        gamma = self.gamma * sign
        loops = self.pools(inputs[0])
        taps = self.window.taps(self.window.neuron(), codes) if self.window and loops and skip is None else None
        sums = self._sums(inputs, codes) if taps is None else self._weighed(inputs, codes)
        shape = sums.shape
        sums = (sums if self._fused(sums) else sums.contiguous()).flatten(3)
        rows = in_rows(sums) if loops else sums
        mean, variance = self._moments(rows, taps, dropped)
        if varied and not self.settled:
            first = fold_layer(codes, step, gamma, self.beta, mean, variance, self._config(1, dropped))
            self._leak = self._fitting(first.threshold)
        config = self._config(dropped=dropped)
        self.folding = folded = fold_layer(codes, step, gamma, self.beta, mean, variance, config)
        if self.batch_norm and varied:
            count = population(rows) if taps is None else window_population(rows, config)
            self._follow(mean * sign, variance, step.double() * config.input_scale, count)
        parameters = (step, gamma, self.beta, folded, mean, variance, config)
        flat = None if skip is None else skip.flatten(3)
        if loops:
            plane = Plane(shape[4], pool)
            if taps is None:
                flat = None if flat is None else in_rows(flat)
                out, self.density = PooledFiring.apply(rows, *parameters, flat, plane)
            else:
                out, self.density = WindowedFiring.apply(rows, taps, *parameters, plane)
            out = from_rows(out, sums)
        else:
            spikes, potential = (FusedFiring if self._fused(sums) else NormalisedFiring).apply(sums, *parameters, flat)
            self.density = spikes.detach().mean()
            out = self._handed_on(spikes, potential, folded.unit)
            if self.taught:
                self.potential = potential.mean((0, 3)) * folded.unit.to(potential)
        return out.view(-1, *shape[1:3], shape[3] // pool, shape[4] // pool)

    def _moments(self, sums: Tensor, taps: Tensor | None, dropped: float) -> tuple[Tensor, Tensor]:
        """Mean and variance a channel of what the neurons add B to; without batch norm zeros."""
        if not self.batch_norm:
            return tuple(sums.new_zeros(2, sums.shape[2], dtype=torch.float64))
        return moments(sums) if taps is None else window_moments(sums, taps, self._config(dropped=dropped))

    @torch.no_grad()
    def _follow(self, mean: Tensor, variance: Tensor, effective: Tensor, count: int) -> None:
        """Let the running statistics of the real sums follow a batch's."""
        unbiased = variance * effective**2 * (count / max(count - 1, 1))
        self.running_mean.lerp_((mean * effective).float(), self.momentum)
        self.running_variance.lerp_(unbiased.float(), self.momentum)

    @torch.no_grad()
    def _begin(self, inputs: Sequence[Tensor], input_scale: float) -> bool:
        """Whether a first batch's sums vary; without batch norm its weights are then scaled.

        Weights and step alike, which changes no code, until s·A has variance 1 for the batch.
        """
        sums = self._sums(inputs, self.quantiser.to_int(self.weight)).flatten(3)
        if sums.is_meta:
            return False
        varied = (sums.amax((0, 1, 3)) > sums.amin((0, 1, 3))).any()
        if not bool(parallel.total(varied.to(sums))):
            return False
        if not self.batch_norm:
            _, variance = moments(sums.contiguous())
            effective = self.quantiser.precise_step() * input_scale * 2.0**-self.neuron.gain_shift
            factor = 1 / (effective * variance.mean().sqrt()).clamp_min(LEAST_DEVIATION)
            self.weight.mul_(factor.to(self.weight))
            self.quantiser.rescale(factor)
        return True

    @property
    def least_leak(self) -> int:
        """The least r of this leak."""
        assert self.precision is not None
        return self.precision.neuron().least_r

    @property
    def largest_leak(self) -> int:
        """The greatest r whose membranes fit the accumulator; 1 where nothing is kept."""
        assert self.precision is not None
        if not self.precision.neuron().state_bits:
            return 1
        return max(
            r
            for r in range(1, LARGEST_R + 1)
            if signed_width(*self.precision.neuron(r).potential_range(0, 0)) < self.precision.code.accumulator_width
        )

    def _fitting(self, threshold: Tensor) -> int:
        """The r for thresholds Θ; 1 where they have no values."""
        assert self.precision is not None
        if threshold.is_meta:
            return 1
        found = self.precision.neuron().calibrated(threshold.cpu().numpy(), self.largest_leak)
        return found.r

    def requantise(self) -> None:
        """A step for this width, and r from the running statistics."""
        super().requantise()
        self.leak = self._fitting(self._fold(1).check().threshold)

    def _forward_float(self, inputs: Sequence[Tensor], skip: Tensor | None) -> Tensor:
        """The same layer in float32: no codes, no rounding; the reference that quantisation is compared with."""
        dropped = scale(self.dropouts)
        z = self._weigh([x * (self.input_scale * dropped) for x in inputs], self.weight)
        if self.batch_norm:
            statistics = self.running_mean, self.running_variance
            affine = self.gamma, self.beta
            flat = functional.batch_norm(z.flatten(0, 1), *statistics, *affine, self.training, self.momentum)
            z = flat.view(z.shape)
        else:
            z = z + self.beta[:, None, None]
        if skip is not None:
            z = z + skip * dropped
        out = fire_float(z, self.time_steps)
        self.density = out.detach().mean()
        return out
