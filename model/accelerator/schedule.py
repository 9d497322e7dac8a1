"""Images one after another through the accelerator: when each begins, and when its class leaves.

The input has two banks: one fills while the other is read, and is free when the first layer is done. Of run i, which is
an image, or in the order streaming a frame, its beats offered without a pause and results taken at once::

    load_i  = max(taken_(i-1), start_(i-2) + cycles of its first layer + CLEAR)
    taken_i = load_i + load_cycles
    start_i = max(taken_i + SETTLE, end_(i-1))
    end_i   = start_i + Σ layers cycles + wait for the logits of the image before
    class_i = end_i - WRITE_BACK + logits of the last group + 1

A packet of events has a beat for each and one for each time step; all are in the memory SETTLE cycles after it, and
CLEAR, a cycle a word, makes a bank empty again. Of frames, both are 0.

Only an image's last frame sends logits, and waits for those before. With several groups of output channels, the wait is
taken as if the whole last layer waited.
"""

import numpy as np
from numpy.typing import NDArray

from model.accelerator.config import AcceleratorConfig
from model.accelerator.cycles import WRITE_BACK, Cycles, last_frames
from model.inputs import PIXELS


def settle_cycles(config: AcceleratorConfig) -> int:
    """From the cycle after a packet's last beat to the one in which the layers can start: the last event is written."""
    return int(config.events)


def load_cycles(config: AcceleratorConfig) -> int:
    """From a frame's first input beat to the cycle in which the layers can start, beats without a pause.

    A beat per cycle; pixels of a linear layer are turned into bit planes, PIXELS.planes cycles a word, a word behind.
    """
    first = config.layers[0]
    if not first.static or first.window:
        return config.input_beats
    turned = PIXELS.planes * first.words if first.words > 1 else 0
    return max(config.input_beats, turned) + PIXELS.planes + 1


def result_cycles(config: AcceleratorConfig) -> int:
    """From the end of the last layer to the class: the logits of its last group of channels, and the class."""
    left = config.classes - (config.output_groups - 1) * config.lanes
    return left + 1 - WRITE_BACK


def loads(config: AcceleratorConfig, events: Cycles) -> Cycles:
    """Cycles of the input of packets with so many set bits."""
    return events + config.frame_steps if config.events else np.full_like(events, load_cycles(config))


def latency(config: AcceleratorConfig, layers: NDArray[np.int64], first_fire: Cycles, load: Cycles) -> Cycles:
    """From an image's first input beat to its class, both included, [N], of an accelerator that was idle."""
    images = range(0, len(layers), config.frames)
    own = (slice(start, start + config.frames) for start in images)
    return np.array([classes(config, layers[runs], first_fire[runs], load[runs])[0][0] + 1 for runs in own])


def classes(
    config: AcceleratorConfig, layers: NDArray[np.int64], first_fire: Cycles, load: Cycles
) -> tuple[Cycles, Cycles]:
    """When the class of each image leaves, and when its last beat is taken, [N], in cycles from the first image's first
    beat on.

    ``layers`` are the cycles of all layers [runs, layers], ``first_fire`` is the last layer's, ``load`` the input's.
    """
    result = result_cycles(config)
    emits = last_frames(config, len(layers))
    clear, settle = config.input_words * config.events, settle_cycles(config)
    starts: list[int] = []
    leave: list[int] = []
    last_beats: list[int] = []
    taken = end = 0
    for run, (own, fire, beats) in enumerate(zip(layers.tolist(), first_fire.tolist(), load.tolist(), strict=True)):
        free = starts[-2] + int(layers[run - 2, 0]) + clear if run > 1 else 0
        taken = max(taken, free) + beats
        starts.append(max(taken + settle, end))
        end = starts[-1] + sum(own)
        if emits[run]:
            fires = starts[-1] + sum(own[:-1]) + fire
            end += max(0, leave[-1] + 1 - fires) if leave else 0
            leave.append(end + result)
            last_beats.append(taken - 1)
    return np.array(leave), np.array(last_beats)
