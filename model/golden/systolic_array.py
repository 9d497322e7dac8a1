"""Golden twin of the systolic array: what comes out of a tile, without cycles."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from model.arithmetic import wrap
from model.array import Action, ArrayConfig

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Step:
    """One beat of spikes (a row each) and weights (a column each), and what follows."""

    spikes: Integers
    weights: Integers
    action: Action = Action.ACCUMULATE


@dataclass(frozen=True)
class Tile:
    """All that the host sends for one tile; parameters are a column each.

    ``leak`` is an index into the configured neurons. ``skips`` holds a beat (a column each) for every row
    of every ``FIRE`` and ``FIRE_LAST``; without joins it is empty, and ``bias_skip`` is not used.
    """

    threshold: Integers
    bias: Integers
    bias_skip: Integers
    leak: int
    steps: tuple[Step, ...]
    skips: tuple[Integers, ...] = ()


@dataclass(frozen=True)
class Retired:
    """What one beat of spikes comes from; the arrays hold a column each."""

    time_step: int
    row: int
    potential: Integers
    spike: Integers
    membrane: Integers


@dataclass
class Result:
    """What one tile gives, beat by beat: ``o_spikes`` (with what retires beside it) and ``o_sums``."""

    spikes: list[Integers] = field(default_factory=list)
    sums: list[Integers] = field(default_factory=list)
    retired: list[Retired] = field(default_factory=list)

    def retire(self, time_step: int, row: int, potential: Integers, spike: Integers, membrane: Integers) -> None:
        self.spikes.append(spike)
        self.retired.append(Retired(time_step, row, potential, spike, membrane))


def run_tile(config: ArrayConfig, tile: Tile) -> Result:
    """The beats that leave the array for the beats of ``tile``."""
    rows, width = config.rows, config.accumulator_width
    neuron = config.neurons[tile.leak]
    result = Result()
    accumulator = np.zeros((rows, config.columns), dtype=np.int64)
    skips = iter(tile.skips)
    time_step = 0

    for step in tile.steps:
        accumulator = wrap(accumulator + np.outer(step.spikes, step.weights) + config.offset(1), width)
        match step.action:
            case Action.DOUBLE:
                accumulator = wrap(2 * accumulator, width)
            case Action.DOUBLE_BIAS:
                accumulator = wrap(2 * accumulator + tile.bias, width)
            case Action.FIRE | Action.FIRE_LAST:
                bias = np.broadcast_to(tile.bias, accumulator.shape)
                if config.joins:
                    skip = np.stack([next(skips) for _ in range(rows)])
                    bias = np.where(skip, tile.bias_skip, tile.bias)
                potential = wrap(accumulator + bias, width)
                spike, membrane = neuron.fire(potential, tile.threshold)
                for row in range(rows):
                    result.retire(time_step, row, potential[row], spike[row], membrane[row])
                accumulator = neuron.load(membrane)
                time_step += 1
            case Action.FIRE_HELD:
                for row in range(rows):
                    membrane = np.zeros(config.columns, dtype=np.int64)
                    for held_step in range(config.time_steps):
                        potential = wrap(accumulator[row] + neuron.load(membrane), width)
                        spike, membrane = neuron.fire(potential, tile.threshold)
                        result.retire(held_step, row, potential, spike, membrane)
            case Action.DRAIN:
                result.sums.extend(wrap(accumulator + tile.bias, width))
    return result
