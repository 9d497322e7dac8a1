"""Networks at the edges of what is allowed: sizes, geometries, counts, parameters and time steps."""

import math
from dataclasses import replace
from random import Random

import numpy as np

from model.config import Precision
from model.errors import UserError, require
from model.inputs import COUNTS, INPUTS, inputs_of
from model.network.graph import INPUT, Layer, LayerKind, Pool, PoolKind, Shape, Source
from model.network.network import Network
from model.network.validation import LARGEST_TIME_STEPS
from model.neurons.lif import LARGEST_R
from sim.networks.chains import last_layer

SHAPES: tuple[Shape, ...] = (
    *((1, 1, 1), (1, 2, 2), (3, 5, 4), (2, 33, 1), (1, 1, 40), (5, 17, 17), (1, 181, 181), (33_000, 1, 1), (40, 3, 3)),
    *((1, 4096, 4096), (1, 1, 65_536), (65_536, 1, 1), (520, 8, 8)),
)
TIME_STEPS = (1, 1, 2, 3, 4, 8, 255, 256, 257, LARGEST_TIME_STEPS)


def extreme_network(random: Random) -> Network:
    """One that is allowed, after as many tries as that takes."""
    while True:
        try:
            return _drawn(random)
        except UserError:
            continue


def _drawn(random: Random) -> Network:
    numbers = np.random.default_rng(random.randrange(1 << 32))
    shape = random.choice(SHAPES)
    inputs = random.choice([*INPUTS.values(), inputs_of(COUNTS, random.choice([1, 3, 8]))])
    precision = Precision(random.choice([2, 4, 8]), random.choice([2, 4, 8]))
    layers: list[Layer] = []
    origin, outputs = INPUT, shape
    for index in range(random.choice([0, 1, 1, 2, 3]) + inputs.static):
        channels, spread = random.choice([1, 2, 5]), 2 ** random.choice([0, 3, 9, 20, 30])
        if random.random() < 0.2:
            source = Source(origin, _codes(numbers, precision, (channels, int(np.prod(outputs)))))
        else:
            padding = random.choice([0, 0, 1, 16])
            kernel = random.choice([1, 2, 3, min(outputs[1:]) + 2 * padding])
            codes = _codes(numbers, precision, (channels, outputs[0], kernel, kernel))
            source = Source(origin, codes, random.choice([1, 2, 16]), padding)
        bias, threshold = numbers.integers(-spread, spread, (2, channels), np.int32, endpoint=True)
        layer = Layer(
            name=f"layer_{index}",
            kind=LayerKind.LINEAR if source.weight.ndim == 2 else LayerKind.CONV,
            neuron=precision.lif(random.randrange(LARGEST_R + 1)),
            code=precision.code,
            sources=(source,),
            bias=bias,
            threshold=threshold,
        )
        _, height, width = layer.neuron_shape({origin: outputs})
        require(min(height, width) > 0, "no positions")
        pool = Pool(random.choice(list(PoolKind)), random.choice([1, 2, min(height, width)]))
        layer = replace(layer, pool=random.choice([None, pool]))
        layers.append(layer)
        origin, outputs = layer.name, layer.pooled((channels, height, width))
    last = Source(origin, _codes(numbers, precision, (random.choice([1, 2, 10]), int(np.prod(outputs)))))
    bias = numbers.integers(-5, 6, len(last.weight), np.int32)
    layers.append(last_layer(precision, [last], bias))
    return Network(inputs, shape, random.choice(TIME_STEPS), tuple(layers))


def _codes(numbers: np.random.Generator, precision: Precision, shape: tuple[int, ...]) -> np.ndarray:
    """Weights, all of them the largest or at random; refused where they would be too many to try."""
    require(math.prod(shape) <= 4_000_000, "too many weights")
    limit = precision.code.limit
    return numbers.integers(-limit if numbers.random() < 0.7 else limit, limit, shape, np.int8, endpoint=True)
