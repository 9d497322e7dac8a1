"""The one place where trained reals become the integers of a layer.

Training, evaluation mode, export and the tests all call :func:`fold`; nothing else in the project
rounds a bias or a threshold. Everything is float64 and elementwise over output channels, in operations that IEEE 754
rounds exactly and that NumPy and PyTorch both have by the same name, so that their results are equal and a GPU folds
where its tensors are.
"""

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from model.codes import WeightCode
from model.errors import require
from model.neurons import Neuron

Integers = Any
"""An array of int64, NumPy's or PyTorch's."""
Reals = Any
"""Likewise of float64."""

DIVERGED = "step, gain, mean and shift must be finite and the step positive; the layer has diverged"


@dataclass(frozen=True)
class Folded:
    """Integers of one layer, and how often folding had to limit them.

    ``codes`` are the weights before the sign of the gain; ``sign`` is -1 where a negative one flipped the channel's
    weights. ``unit`` is s·|g| after the floor: the real size of one step of the potential H, per channel. The last
    three are scalars of the same library: reading one waits for the device that it is on.
    """

    codes: Integers
    bias: Integers
    threshold: Integers
    skip: Integers
    sign: Integers
    unit: Reals
    floored: Integers
    limited: Integers
    finite: Integers

    @property
    def weight(self) -> Integers:
        """The codes with the sign of the gain."""
        return self.codes * self.sign.reshape(-1, *[1] * (self.codes.ndim - 1))

    def check(self) -> "Folded":
        """Itself, if everything that was folded is finite."""
        require(bool(self.finite), DIVERGED)
        return self


def accumulator_range(weight: Any, largest_input: int, xp: ModuleType = np) -> tuple[Integers, Integers]:
    """Least and greatest sum A = Σ W·x of each output channel for x in 0 ... ``largest_input``.

    ``weight`` holds integers of any type; they are added in float64, exact below 2^53.
    """
    rows = weight.reshape(len(weight), -1)
    low = rows.clip(None, 0).sum(1, dtype=xp.float64)
    high = rows.sum(1, dtype=xp.float64) - low
    least, greatest = (xp.asarray(largest_input * bound, dtype=xp.int64) for bound in (low, high))
    return least, greatest


def widened(limit: int, bits: int) -> int:
    """``limit`` = 2^n - 1 where there are so many bits more."""
    return ((limit + 1) << bits) - 1


def fold(
    codes: Any,
    *,
    code: WeightCode,
    neuron: Neuron | None,
    step: float | Reals,
    gain: Reals,
    mean: Reals,
    shift: Reals,
    firing_threshold: float,
    largest_input: int,
    skip_unit: float = 0.0,
    xp: ModuleType = np,
) -> Folded:
    """Fold step, batch norm and bias into integers per output channel.

    With step s, signed gain g = γ/√(var+ε), mean μ and shift β of the real sum s·A::

        if g < 0: W <- -W
        unit = max(s·|g|, v_th / threshold_limit, skip_unit / bias_limit)     the code's, for the neuron's gain
        B = rint((β - g·μ) / unit)            limited to ±bias_limit
        Θ = ceil(v_th / unit)                 clamped to H_min ... H_max + 1; a Θ that is subtracted to H_max + 1 only
        J = rint(skip_unit / unit)            at most bias_limit, by the floor of the unit

    The clamp of Θ changes no spike: a threshold below H_min is always reached, one above H_max never.
    ``rint`` rounds half to even, as ``round`` does in both libraries. ``step`` is the effective one: s/256 where the
    inputs are pixels.

    Parameters
    ----------
    codes : [C, ...] integers
        Weights, as levels of ``code``, before the sign of the gain.
    neuron : Neuron or None
        Whose potential Θ is clamped to; None for a layer without neurons.
    gain, mean, shift : [C]
        Batch norm in real units; without batch norm 1, 0 and the bias.
    skip_unit : float
        What a spike of an identity shortcut adds in real units; 0, and so J = 0, without one.
    xp : numpy or torch
        The library of the arrays. NumPy refuses what is not finite; of tensors, which may be on a GPU that is not to
        be waited for, :meth:`Folded.check` does.
    """

    def integers(values: Any) -> Integers:
        return xp.asarray(values, dtype=xp.int64)

    gain, mean, shift = (xp.broadcast_to(xp.asarray(v, dtype=xp.float64), (len(codes),)) for v in (gain, mean, shift))
    step = xp.asarray(step, dtype=xp.float64)
    finite = (xp.isfinite(gain) & xp.isfinite(mean) & xp.isfinite(shift)).all() & xp.isfinite(step) & (step > 0)
    if xp is np:
        require(bool(finite), DIVERGED)
    sign = 1 - 2 * integers(gain < 0)
    unit = step * xp.abs(gain)
    gain_bits = neuron.gain_bits if neuron else 0
    limit = widened(code.bias_limit, gain_bits)
    least_unit = max(firing_threshold / widened(code.threshold_limit, gain_bits), skip_unit / limit)
    floored = (unit < least_unit).sum()
    unit = xp.clip(unit, least_unit, None)

    wanted = xp.round((shift - gain * mean) / unit)
    bias = integers(xp.clip(wanted, -limit, limit))

    least, greatest = accumulator_range(codes, largest_input, xp)
    low, high = xp.minimum(sign * least, sign * greatest), xp.maximum(sign * least, sign * greatest)
    if neuron is not None:
        low, high = neuron.potential_range(low, high)
    skip = integers(xp.clip(xp.round(skip_unit / unit), 0, limit))
    threshold = integers(xp.ceil(firing_threshold / unit))
    threshold = xp.minimum(threshold, high + bias + skip + 1)
    if neuron is None or neuron.clamps_threshold:
        threshold = xp.maximum(threshold, low + bias)
    return Folded(codes, bias, threshold, skip, sign, unit, floored, (xp.abs(wanted) > limit).sum(), finite)
