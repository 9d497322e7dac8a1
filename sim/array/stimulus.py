"""Random configurations and tiles that reach the corners: saturation, ties, both signs, wrap-around."""

from dataclasses import replace

import numpy as np

from model.arithmetic import wrap
from model.array import Action, ArrayConfig
from model.config import PRECISIONS, Precision
from model.golden.systolic_array import Step, Tile, run_tile
from model.inputs import PIXELS


def _array(precision: Precision, index: int) -> ArrayConfig:
    """A small array; four of them differ in everything but the widths."""
    width = precision.code.accumulator_width
    match index % 4:
        case 0:
            return ArrayConfig(
                precision=precision,
                accumulator_width=width,
                rows=3,
                columns=2,
                neurons=precision.lifs(0, 1, 3),
                joins=True,
                retire=True,
            )
        case 1:
            return ArrayConfig(
                precision=precision,
                accumulator_width=width,
                rows=1,
                columns=1,
                time_steps=1,
                retire=True,
                neurons=precision.lifs(1),
            )
        case 2:
            return ArrayConfig(
                precision=precision,
                accumulator_width=width,
                rows=4,
                columns=3,
                time_steps=3,
                neurons=precision.lifs(0, 2),
                joins=True,
                retire=True,
            )
    return ArrayConfig(
        precision=precision, accumulator_width=width, rows=2, columns=4, time_steps=2, neurons=precision.lifs(0)
    )


CONFIGS = tuple(_array(precision, index) for index, precision in enumerate(PRECISIONS))
"""Every pair of widths, on arrays that cover the options."""


def random_tile(config: ArrayConfig, random: np.random.Generator, kind: str, beats: int) -> Tile:
    """A tile of ``kind`` spiking, pixel, sums or clear, with ``beats`` of fan-in (each time step, each bit plane)."""
    planes = {"spiking": config.time_steps, "pixel": PIXELS.planes, "sums": config.time_steps, "clear": 1}[kind]
    between = {"spiking": Action.FIRE, "pixel": Action.DOUBLE, "sums": Action.ACCUMULATE, "clear": Action.ACCUMULATE}
    after = {
        "spiking": Action.FIRE_LAST,
        "pixel": Action.FIRE_HELD,
        "sums": Action.DRAIN,
        "clear": Action.CLEAR,
    }
    steps = []
    for plane in range(planes):
        for beat in range(beats):
            action = Action.ACCUMULATE
            if beat == beats - 1:
                action = after[kind] if plane == planes - 1 else between[kind]
                if kind == "pixel" and plane == planes - 2:
                    action = Action.DOUBLE_BIAS
            steps.append(Step(random.integers(0, 2, config.rows), _weights(config, random), action))

    low, high = config.accumulator_range
    leak = int(random.integers(len(config.neurons)))
    neuron = config.neurons[leak]
    if random.random() < 0.2:  # anything goes: sums wrap around
        scale = high
    else:  # around the membranes' range, so that they saturate on both sides and decay in between
        scale = min((neuron.limit << neuron.r) * 2, high // 4)
    # What the steps add whatever spikes is taken out, as a host does.
    weighted = {"pixel": PIXELS.largest, "sums": planes}.get(kind, 1)
    offset = config.offset(beats) * weighted
    bias, bias_skip = (
        wrap(random.integers(-scale, scale + 1, config.columns) - offset, config.accumulator_width) for _ in range(2)
    )
    threshold = random.integers(-(scale // 8), scale + 1, config.columns)
    fires = {"spiking": planes}.get(kind, 0)
    skips = tuple(random.integers(0, 2, config.columns) for _ in range(fires * config.rows if config.joins else 0))
    tile = Tile(threshold, bias, bias_skip, leak, tuple(steps), skips)

    # A tie on purpose: the first potential of some row becomes the threshold of its column.
    first = [retired for retired in run_tile(config, tile).retired if retired.time_step == 0]
    for column in range(config.columns):
        if first and random.random() < 0.5:
            threshold[column] = first[int(random.integers(len(first)))].potential[column]
    return replace(tile, threshold=np.clip(threshold, low, high))


def random_tiles(config: ArrayConfig, seed: int, count: int) -> list[Tile]:
    """A sequence of ``count`` tiles of every kind."""
    random = np.random.default_rng(seed)
    kinds = ("spiking", "pixel", "sums", "spiking", "clear", "pixel")
    return [
        random_tile(config, random, kinds[index % len(kinds)], int(random.integers(1, 8))) for index in range(count)
    ]


def _weights(config: ArrayConfig, random: np.random.Generator) -> np.ndarray:
    limit = config.precision.code.limit
    return random.integers(-limit, limit + 1, config.columns)
