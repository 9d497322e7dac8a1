"""Networks that are known by their shape: untrained, with random codes, for what does not depend on the weights."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from model.config import PIXEL_SCALE, Precision, require
from model.network import Layer, Network, Pool, Shape, Source
from model.validation import INPUT

DENSITY = 0.1
"""Spikes for which thresholds are about right."""
FIRING = 1.3
"""Thresholds in standard deviations of sums of random codes: one in ten is beyond."""


def vgg9(
    precision: Precision, input_shape: Shape = (3, 32, 32), classes: int = 10, time_steps: int = 4, seed: int = 0
) -> Network:
    """MINT's VGG-9: conv64 conv64 max conv128 conv128 max conv256 conv256 conv256, average of each map, linear."""
    _, height, width = input_shape
    require(
        height == width and height % 4 == 0, f"vgg9 on {height} x {width} pixels; give it a square of a multiple of 4"
    )
    random = np.random.default_rng(seed)
    pools = {"conv2": Pool("max", 2), "conv4": Pool("max", 2), "conv7": Pool("sum", height // 4)}
    layers: list[Layer] = []
    inputs, origin = input_shape[0], INPUT
    for number, channels in enumerate((64, 64, 128, 128, 256, 256, 256), 1):
        name = f"conv{number}"
        source = Source(origin, _codes(random, precision, (channels, inputs, 3, 3)), 1, 1)
        mean_square = PIXEL_SCALE**2 / 3 if origin == INPUT else DENSITY
        bias, threshold = np.zeros(channels, np.int32), _thresholds(source, mean_square)
        layers.append(Layer(name, "conv", "lif", precision, (source,), bias, threshold, pool=pools.get(name)))
        inputs, origin = channels, name
    source = Source(origin, _codes(random, precision, (classes, inputs)))
    layers.append(Layer("fc", "linear", "none", precision, (source,), np.zeros(classes, np.int32)))
    return Network("pixels", input_shape, time_steps, tuple(layers), name="vgg9", provenance={"untrained": True})


SHAPES: Mapping[str, Callable[[Precision], Network]] = {"vgg9": vgg9}


def _codes(random: np.random.Generator, precision: Precision, shape: tuple[int, ...]) -> NDArray[np.int8]:
    limit = precision.weight_limit
    return random.integers(-limit, limit + 1, shape, np.int8)


def _thresholds(source: Source, mean_square: float) -> NDArray[np.int32]:
    """About where sums of inputs with this mean square are, so that an untrained network spikes."""
    flat = source.weight.reshape(len(source.weight), -1).astype(np.float64)
    spread = np.sqrt(mean_square * (flat**2).sum(1))
    return np.maximum(1, np.rint(FIRING * spread)).astype(np.int32)
