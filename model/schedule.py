"""Images one after another through the accelerator: when each begins, and when its class leaves.

The input has two banks: one fills while the other is read, and is free when the first layer is done. Of image i, its
beats offered without a pause and its results taken at once::

    load_i  = max(loaded_(i-1), start_(i-2) + cycles of its first layer)
    loaded_i = load_i + load_cycles
    start_i = max(loaded_i, end_(i-1))
    end_i   = start_i + Σ layers cycles + wait for the logits of the image before
    class_i = end_i - WRITE_BACK + logits of the last group + 1

With several groups of output channels, the wait is taken as if the whole last layer waited.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.accelerator import AcceleratorConfig
from model.config import PIXEL_BITS
from model.cycles import WRITE_BACK, Cycles


@dataclass(frozen=True)
class Schedule:
    """Cycles, counted from the first image's first beat, each [N]: first beat, first layer's start, class."""

    beat: Cycles
    start: Cycles
    result: Cycles


def load_cycles(config: AcceleratorConfig) -> int:
    """From an image's first input beat to the cycle in which the layers can start, beats without a pause.

    A beat a cycle; pixels of a linear layer are turned into bit planes, PIXEL_BITS cycles a word, a word behind.
    """
    first = config.layers[0]
    if not first.pixels or first.window:
        return config.input_beats
    turned = PIXEL_BITS * first.words if first.words > 1 else 0
    return max(config.input_beats, turned) + PIXEL_BITS + 1


def result_cycles(config: AcceleratorConfig) -> int:
    """From the end of the last layer to the class: the logits of its last group of channels, and the class."""
    left = config.classes - (config.output_groups - 1) * config.lanes
    return left + 1 - WRITE_BACK


def latency(config: AcceleratorConfig, layers: NDArray[np.int64]) -> Cycles:
    """From an image's first input beat to its class, both included, [N], of the layers' cycles [N, layers]."""
    return load_cycles(config) + layers.sum(1) + result_cycles(config) + 1


def schedule(config: AcceleratorConfig, layers: NDArray[np.int64], first_fire: Cycles) -> Schedule:
    """Of images in this order; ``layers`` are their cycles [N, layers], ``first_fire`` is the last layer's."""
    load, result = load_cycles(config), result_cycles(config)
    beats: list[int] = []
    starts: list[int] = []
    classes: list[int] = []
    loaded = end = 0
    for own, fire in zip(layers.tolist(), first_fire.tolist(), strict=True):
        free = starts[-2] + layers[len(starts) - 2, 0] if len(starts) > 1 else 0
        beats.append(max(loaded, int(free)))
        loaded = beats[-1] + load
        starts.append(max(loaded, end))
        fires = starts[-1] + sum(own[:-1]) + fire
        waits = max(0, classes[-1] + 1 - fires) if classes else 0
        end = starts[-1] + sum(own) + waits
        classes.append(end + result)
    return Schedule(np.array(beats), np.array(starts), np.array(classes))
