"""Golden twin of the baseline, vanilla uniform quantisation: one time step, and what comes out of a tile.

    P = round(m_w*A) + round(m_u*U)
    spike = P >= threshold
    U <- 0 if spike else sat(round(m_o*P))

m_w and m_u are the scales of the weights and of the old membrane (its leak included) over that of P, m_o is
that of P over that of the new membrane, all of them fixed-point numbers M / 2^shift. ``round`` rounds half up:
it is the shift, and the last bit that the shift drops is the carry into the addition that follows.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from model.arithmetic import Integer, saturate, wrap
from model.baseline.config import Shifts, UqAction, UqConfig


@dataclass(frozen=True)
class Scales:
    """The three scales of a layer: positive integers M, each of which stands for M / 2^shift."""

    weight: int
    membrane: int
    output: int
    shifts: Shifts


def round_shift(value: Integer, shift: int) -> Integer:
    """``value`` / 2^shift, rounded half up."""
    if shift <= 0:
        return value << -shift
    return (value + (1 << (shift - 1))) >> shift


def uq_potential(accumulator: Integer, membrane: Integer, scales: Scales, width: int) -> Integer:
    """P in two's complement of ``width`` bits."""
    weighed = round_shift(scales.weight * accumulator, scales.shifts.weight)
    return wrap(weighed + round_shift(scales.membrane * membrane, scales.shifts.membrane), width)


def uq_fire(potential: Integer, threshold: Integer, scales: Scales, width: int) -> tuple[Integer, Integer]:
    """Spike and membrane code of a potential; ``width`` is the code's."""
    spike = potential >= threshold
    membrane = saturate(round_shift(scales.output * potential, scales.shifts.output), width)
    if isinstance(spike, np.ndarray):
        return spike.astype(np.int64), np.where(spike, 0, membrane)
    return int(spike), 0 if spike else membrane


def uq_step(
    accumulator: Integer, membrane: Integer, threshold: Integer, scales: Scales, *, width: int, potential_width: int
) -> tuple[Integer, Integer, Integer]:
    """One time step: potential, spike and next membrane; the accumulator began at the bias, if there is one."""
    potential: Integer = uq_potential(accumulator, membrane, scales, potential_width)
    spike, after = uq_fire(potential, threshold, scales, width)
    return potential, spike, after


Integers = NDArray[np.int64]


@dataclass(frozen=True)
class UqBeat:
    """One beat of spikes (a row each) and weights (a column each), and what follows."""

    spikes: Integers
    weights: Integers
    action: UqAction = UqAction.ACCUMULATE


@dataclass(frozen=True)
class UqTile:
    """All that the host sends for one tile; threshold and bias are a column each."""

    threshold: Integers
    bias: Integers
    scales: Scales
    beats: tuple[UqBeat, ...]


@dataclass
class UqResult:
    """What a tile gives, a row after another: spikes, and the potentials and membranes that they come with."""

    spikes: list[Integers] = field(default_factory=list)
    potentials: list[NDArray[np.object_]] = field(default_factory=list)
    membranes: list[NDArray[np.object_]] = field(default_factory=list)


def run_uq_tile(config: UqConfig, tile: UqTile) -> UqResult:
    """The beats that leave the array for those of ``tile``; in Python's integers, because products have 64 bits."""
    result = UqResult()
    bias = np.broadcast_to(tile.bias.astype(object), (config.rows, config.columns))
    accumulator, membrane = bias, np.zeros_like(bias)
    for beat in tile.beats:
        added = np.outer(beat.spikes, beat.weights) + config.offset(1)
        accumulator = wrap(accumulator + added, config.accumulator_width)
        if beat.action != UqAction.ACCUMULATE:
            potential, spike, membrane = uq_step(
                accumulator,
                membrane,
                tile.threshold.astype(object),
                tile.scales,
                width=config.membrane_width,
                potential_width=config.potential_width,
            )
            result.spikes += list(spike)
            result.potentials += list(potential)
            result.membranes += list(membrane)
            accumulator = bias
    return result
