"""The one place where trained reals become the integers of a layer.

Training, evaluation mode, export and the tests all call :func:`fold`; nothing else in the project
rounds a bias or a threshold. Everything is float64 and elementwise over output channels.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from model.arithmetic import load_range
from model.config import Precision, require

Integers = NDArray[np.int64]
Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Folded:
    """Integers of one layer, and how often folding had to limit them.

    ``sign`` is -1 where a negative gain flipped the channel's weights. ``unit`` is s·|g| after the
    floor: the real size of one step of the potential H, per channel.
    """

    weight: Integers
    bias: Integers
    threshold: Integers
    skip: Integers
    sign: Integers
    unit: Reals
    floored: int
    limited: int


def accumulator_range(weight: Integers, largest_input: int) -> tuple[Integers, Integers]:
    """Least and greatest sum A = Σ W·x of each output channel for x in 0 ... ``largest_input``."""
    rows = weight.reshape(len(weight), -1)
    return largest_input * np.minimum(rows, 0).sum(1), largest_input * np.maximum(rows, 0).sum(1)


def fold(
    codes: Integers,
    *,
    precision: Precision,
    step: float,
    gain: ArrayLike,
    mean: ArrayLike,
    shift: ArrayLike,
    firing_threshold: float,
    largest_input: int,
    leak: int,
    skip_unit: float = 0.0,
) -> Folded:
    """Fold step, batch norm and bias into integers per output channel.

    With step s, signed gain g = γ/√(var+ε), mean μ and shift β of the real sum s·A::

        if g < 0: W <- -W
        unit = max(s·|g|, v_th / threshold_limit)
        B = rint((β - g·μ) / unit)            limited to ±bias_limit
        Θ = ceil(v_th / unit)                 clamped to H_min ... H_max + 1
        J = rint(skip_unit / unit)            limited like B

    The clamp of Θ changes no spike: a threshold below H_min is always reached, one above H_max never.
    ``rint`` rounds half to even. ``step`` is the effective one: s/256 where the inputs are pixels.

    Parameters
    ----------
    codes : [C, ...] integers
        Weight codes before the sign of the gain.
    gain, mean, shift : [C]
        Batch norm in real units; without batch norm 1, 0 and the bias.
    skip_unit : float
        What a spike of an identity shortcut adds in real units; 0, and so J = 0, without one.
    """
    codes = np.asarray(codes, np.int64)
    gain, mean, shift = (np.broadcast_to(np.asarray(v, np.float64), len(codes)) for v in (gain, mean, shift))
    require(
        bool(np.isfinite(step) and step > 0 and np.isfinite(gain).all() and np.isfinite(mean).all())
        and bool(np.isfinite(shift).all()),
        f"step {step}, gain, mean and shift must be finite and the step positive; the layer has diverged",
    )
    sign = np.where(gain < 0, -1, 1)
    weight = codes * sign.reshape(-1, *[1] * (codes.ndim - 1))

    unit = step * np.abs(gain)
    least_unit = firing_threshold / precision.threshold_limit
    floored = int((unit < least_unit).sum())
    unit = np.maximum(unit, least_unit)

    wanted = np.rint((shift - gain * mean) / unit)
    limit = precision.bias_limit
    bias = np.clip(wanted, -limit, limit).astype(np.int64)

    low, high = accumulator_range(weight, largest_input)
    load_low, load_high = load_range(precision.membrane_width, leak)
    skip = np.clip(np.rint(skip_unit / unit), 0, limit).astype(np.int64)
    threshold = np.ceil(firing_threshold / unit).astype(np.int64)
    threshold = np.clip(threshold, low + bias + load_low, high + bias + skip + load_high + 1)
    return Folded(weight, bias, threshold, skip, sign, unit, floored, int((np.abs(wanted) > limit).sum()))


def calibrated_leak(threshold: Integers, precision: Precision, largest_leak: int) -> int:
    """Least r >= 1 with Q·2^(r-1) >= median(Θ)/2: the stored membrane then spans the threshold."""
    target = float(np.median(threshold)) / 2
    leak = 1
    while leak < largest_leak and precision.membrane_limit << (leak - 1) < target:
        leak += 1
    return leak
