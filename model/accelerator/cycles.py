"""Cycles of the zero-skipping accelerator, exactly: the hardware's hand-shakes as recurrences over its words.

Words are fetched one per cycle; what has a set bit or a mark goes into a queue, from there to the skip unit, which
makes tokens of it, one per cycle; a token that fires starts the neuron units. With word k of a layer, all in cycles
after the layer's start:

    seen_k   = pushed_(k-1) + rows                                  the feeder has read the word for every row; the
                                                                        window has it after one cycle
    pushed_k = max(seen_k, taken of the word FEED_DEPTH earlier + 1)    a queue with room; the window leaves one out
                                                                        without that
    taken_k  = max(pushed_k + 1, ended_(k-1))                       by the skip unit
    ended_k  = taken_k + tokens_k                                   its last token is handed on

A window is offered when its pixels are there, of spikes those of all time steps. A word has what is set in any of the
rows. A fire waits until fire_interval after the one before; with shared neuron units every token does. A layer ends
with its last neuron; the next one starts in the cycle after. Everything is an array over runs, which are images, or in
the order streaming frames, those of an image one after another: their words differ in tokens, not in order.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.accelerator.config import FEED_DEPTH, AcceleratorConfig
from model.accelerator.layer_plan import LayerPlan
from model.accelerator.words import Words

Cycles = NDArray[np.int64]

FIRST_PIXEL, FIRST_WORD = 2, 3
"""From a layer's start to the window's first pixel, or to the feeder's first word."""
FIRE_DELAY = 4
"""From a token to its first neuron's potential: row address, weights, sum, and the unit's own cycle."""
WRITE_BACK = 2
"""From a layer's last spike to the start of the next layer: the spike is written, and read by then."""


@dataclass(frozen=True)
class LayerCycles:
    """Of one layer, each [runs].

    Members
    -------
    cycles : [runs]
        From the layer's start to the next one's.
    first_fire : [runs]
        From the start to the token of the first fire.
    """

    cycles: Cycles
    first_fire: Cycles


def fire_latency(plan: LayerPlan, config: AcceleratorConfig) -> int:
    """From a token that fires to its last neuron's spike, or the last of its sums."""
    share = config.lanes_per_neuron_unit
    times = config.frame_steps if plan.spiking and plan.fires_steps_together else 1
    return FIRE_DELAY + (plan.step_interval * (times - 1) + plan.parts if share == 1 else share * times)


def layer_cycles(plan: LayerPlan, config: AcceleratorConfig, words: Words) -> LayerCycles:
    """The recurrences of the module, word after word."""
    handovers, _, runs = words.tokens.shape
    interval, latency = config.fire_interval(plan), fire_latency(plan, config)
    shared = config.lanes_per_neuron_unit > 1

    fetch = 1 if plan.window else plan.rows
    window_fires = plan.rounds // plan.fire_rounds
    pushed = np.full(runs, FIRST_WORD - 1)
    captured = np.full(runs, FIRST_PIXEL)
    ended, units_free, output_free = (np.zeros(runs, np.int64) for _ in range(3))
    queue = np.zeros(FEED_DEPTH * runs, np.int64)  # when the words that were pushed last were taken
    place = np.arange(runs)
    emits = last_frames(config, runs)
    first_fire = None
    for _ in range(plan.groups):
        for number in range(handovers):
            if plan.window and number % window_fires == 0:
                captured = np.maximum(captured + _fetches(plan, number // window_fires), pushed)
                pushed = captured.copy()
            for tokens in words.tokens[number]:
                kept = tokens > 0
                pushed += fetch
                np.maximum(pushed, queue[place] + 1, out=pushed, where=kept if plan.window else True)
                taken = np.maximum(pushed + 1, ended)
                queue[place[kept]] = taken[kept]
                place = (place + runs * kept) % len(queue)
                if shared:
                    np.maximum(taken, units_free - 1, out=taken)
                np.add(taken, tokens, out=ended, where=kept)
            if not shared:
                np.maximum(ended, units_free, out=ended)
            if plan.reads_out and (number + 1) % (config.frame_steps if plan.spiking else 1) == 0:
                np.maximum(ended, output_free, out=ended, where=emits)
                output_free = ended + latency + config.lanes + 1  # a group's logits leave one per cycle
            first_fire = ended.copy() if first_fire is None else first_fire
            units_free = ended + interval
    assert first_fire is not None
    return LayerCycles(ended + latency + WRITE_BACK, first_fire)


def last_frames(config: AcceleratorConfig, runs: int) -> NDArray[np.bool_]:
    """Which runs end an image, and send its logits: [runs]."""
    return np.arange(runs) % config.frames == config.frames - 1


def _fetches(plan: LayerPlan, tile: int) -> int:
    """Pixels, one per cycle, that the window needs for a tile of positions beyond those that it has."""
    rows, columns = plan.kernel
    return rows * (plan.tile * plan.stride if tile % plan.tiles[1] else columns + (plan.tile - 1) * plan.stride)
