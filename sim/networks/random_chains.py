"""Chains of random integers for the accelerator: shapes, strides, pools and widths up to their extremes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from model.accelerator.config import Choice
from model.accelerator.layer_plan import SKIP, SYSTOLIC, TIME_PARALLEL
from model.accelerator.plan import joins, planes_of
from model.codes import Narrow, narrow
from model.config import Precision
from model.network.graph import INPUT, Layer, LayerKind, Pool, PoolKind, Shape, Source
from model.network.network import Network
from sim.networks.chains import last_layer
from sim.networks.random_networks import ALL, random_inputs


@dataclass(frozen=True)
class Case:
    """A network and the accelerator's options for it."""

    network: Network
    lanes: int
    lanes_per_neuron_unit: int


def random_chain(seed: int, count_bits: int | None = None) -> Case:
    """One to five layers, each with widths of its own; every kind of input, pool and last layer turns up."""
    random = np.random.default_rng(seed)
    inputs = random_inputs(random, count_bits)
    steps = int(random.choice([1, 2, 3, 5]))
    shape = int(random.integers(1, 6)), int(random.integers(1, 9)), int(random.integers(1, 9))
    if random.random() < 0.2:
        shape = int(random.choice([1, 3, 31, 32, 33, 40, 65])), 1, 1
    layers: list[Layer] = []
    origin, outputs, largest = INPUT, shape, inputs.largest
    for index in range(int(random.integers(inputs.planes > 1, 5))):
        linear = random.random() < 0.25
        source = _linear(random, origin, outputs) if linear else _convolution(random, origin, outputs)
        layer = _spiking(random, f"layer_{index}", source, outputs, largest)
        layers.append(layer)
        neurons = layer.neuron_shape({origin: outputs})
        origin, outputs, largest = layer.name, layer.pooled(neurons), layer.largest
    classes = int(random.choice([1, 2, 3, 8, 10, 17]))
    whole = outputs[1] == outputs[2] and random.random() < 0.5
    last = codes(random, (classes, *outputs) if whole else (classes, int(np.prod(outputs))))
    source = Source(origin, last)
    precision, bias = fitting(random, [source]), random.integers(-20, 21, classes, np.int32)
    layers.append(last_layer(precision, [source], bias, LayerKind.CONV if whole else LayerKind.LINEAR))
    share = int(random.choice([1, 1, 2, 3, 4]))
    return Case(
        Network(inputs, shape, steps, tuple(layers), name=f"chain_{seed}"),
        share * int(random.choice([1, 2, 3, 8])),
        share,
    )


def random_choices(network: Network, lanes: int, seed: int) -> list[Choice]:
    """A dataflow for each layer of those that it can have, and rows, whether they are worth while or not."""
    random = np.random.default_rng(seed)
    found: list[Choice] = []
    for layer in network.layers:
        options = [[(SKIP, 1)]]
        if layer is not network.layers[-1] and not joins(network, layer):
            pool = layer.pool.size if layer.pool and layer.pool.kind == PoolKind.MAX else 1
            columns = network.shapes[layer.name][2]
            tiles = [rows for rows in range(pool, min(lanes, columns + pool) + 1, pool) if rows > 1]
            options += [[(SYSTOLIC, rows) for rows in tiles]] if tiles else []
            if 1 < network.time_steps <= lanes and planes_of(network, layer) == 1:
                options.append([(TIME_PARALLEL, network.time_steps)])
        own = options[int(random.integers(len(options)))]
        found.append(own[int(random.integers(len(own)))])
    return found


def sparse_images(network: Network, count: int, seed: int) -> NDArray[np.uint8]:
    """Images of every density, the first one empty, the second one full."""
    random = np.random.default_rng(seed)
    inputs = network.inputs
    shape = *inputs.steps(network.time_steps), count, *network.input_shape
    density = random.random(count)
    density[:2] = [0, 1][:count]
    values: Any = 1
    if inputs.planes > 1:
        values = random.integers(1, inputs.largest + 1, shape, np.uint8) >> random.integers(
            0, inputs.planes, shape, np.uint8
        )
        values[..., 1:2, :, :, :] = inputs.largest
    return values * (random.random(shape) < density.reshape(-1, 1, 1, 1)).astype(np.uint8)


def codes(random: Generator, shape: tuple[int, ...]) -> NDArray[np.int8]:
    """Codes of 2 to 8 bits, from none to all of them 0."""
    limit = Narrow(int(random.choice(narrow.WIDTHS))).limit
    return (random.integers(-limit, limit + 1, shape) * (random.random(shape) < random.random())).astype(np.int8)


def fitting(random: Generator, sources: Sequence[Source]) -> Precision:
    """Widths that hold the codes."""
    largest = max(int(np.abs(source.weight.astype(int)).max(initial=0)) for source in sources)
    able = [precision for precision in ALL if precision.code.limit >= largest]
    return able[int(random.integers(len(able)))]


def random_pool(random: Generator) -> PoolKind:
    return PoolKind(random.choice(["max", "sum"]))


def _linear(random: Generator, origin: str, outputs: Shape) -> Source:
    return Source(origin, codes(random, (int(random.integers(1, 12)), int(np.prod(outputs)))))


def _convolution(random: Generator, origin: str, outputs: Shape) -> Source:
    while True:
        kernel, stride = int(random.choice([1, 2, 3, 5])), int(random.choice([1, 1, 2, 3, 4]))
        padding = int(random.integers(0, kernel + 2))
        if min(outputs[1:]) + 2 * padding >= kernel:
            return Source(
                origin, codes(random, (int(random.integers(1, 12)), outputs[0], kernel, kernel)), stride, padding
            )


def _spiking(random: Generator, name: str, source: Source, outputs: Shape, largest: int) -> Layer:
    weight = source.weight.reshape(len(source.weight), -1).astype(np.int64)
    spread = 1 + np.sqrt((weight**2).sum(1)) * largest / 2
    bias = np.rint(spread * random.normal(0, 0.3, len(weight))).astype(np.int32)
    threshold = np.rint(spread * random.uniform(-0.2, 1.5, len(weight))).astype(np.int32)
    precision = fitting(random, [source])
    layer = Layer(
        name=name,
        kind=LayerKind.LINEAR if source.weight.ndim == 2 else LayerKind.CONV,
        neuron=precision.lif(int(random.integers(0, 7))),
        code=precision.code,
        sources=(source,),
        bias=bias,
        threshold=threshold,
    )
    neurons = layer.neuron_shape({source.origin: outputs})
    pool = Pool(random_pool(random), int(random.integers(1, 1 + min(3, *neurons[1:]))))
    return layer if random.random() < 0.4 else replace(layer, pool=pool)
