"""Small networks of random integers for the accelerator, whose layers join any earlier ones."""

from dataclasses import replace

import numpy as np
from numpy.random import Generator

from model.network.graph import INPUT, Layer, LayerKind, Pool, Shape, Source
from model.network.network import Network
from sim.networks.chains import last_layer
from sim.networks.random_chains import Case, codes, fitting, random_pool
from sim.networks.random_networks import random_inputs

GEOMETRIES = [(kernel, stride, padding) for kernel in (1, 2, 3) for stride in (1, 2) for padding in (0, 1, 2)]
KEEPING = [(3, 1, 1), (1, 1, 0)]
"""Those that keep a map's size."""
CHANNELS = (3, 5, 5)
"""Few numbers of channels, so that identities fit."""
MOST_SOURCES, MOST_POSITIONS = 3, 10


def random_joins(seed: int, count_bits: int | None = None) -> Case:
    """A first layer, two to five that read what is there, and the last one, which reads one or two."""
    random = np.random.default_rng(seed)
    inputs = random_inputs(random, count_bits)
    shape = int(random.integers(1, 4)), int(random.integers(4, 8)), int(random.integers(4, 8))
    largest = {INPUT: inputs.largest}
    first = _spiking(random, "layer_0", [_source(random, INPUT, shape, (3, 1, 1), 5)], {INPUT: shape}, largest, 0.3)
    outputs, layers = {first.name: first.pooled(first.neuron_shape({INPUT: shape}))}, [first]
    largest[first.name] = first.largest
    for index in range(1, int(random.integers(3, 7))):
        sources = _sources(random, outputs)
        layer = _spiking(random, f"layer_{index}", sources, outputs, largest, 0.4)
        layers.append(layer)
        outputs[layer.name], largest[layer.name] = layer.pooled(layer.neuron_shape(outputs)), layer.largest
    classes = int(random.choice([2, 3, 8]))
    read = random.permutation(list(outputs))[: random.integers(1, 3)]
    last = [Source(str(each), codes(random, (classes, int(np.prod(outputs[str(each)]))))) for each in read]
    bias = random.integers(-20, 21, classes, np.int32)
    layers.append(last_layer(fitting(random, last), last, bias))
    share = int(random.choice([1, 1, 2, 3]))
    return Case(
        Network(inputs, shape, int(random.choice([1, 2, 4])), tuple(layers), name=f"joins_{seed}"),
        share * int(random.choice([1, 2, 5])),
        share,
    )


def _source(random: Generator, origin: str, shape: Shape, geometry: tuple[int, int, int], channels: int) -> Source:
    kernel, stride, padding = geometry
    return Source(origin, codes(random, (channels, shape[0], kernel, kernel)), stride, padding)


def _sources(random: Generator, outputs: dict[str, Shape]) -> list[Source]:
    """Convolutions of earlier layers, the latest likely among them, all with the same positions."""
    channels, found = int(random.choice(CHANNELS)), list[Source]()
    names = list(outputs)
    for origin in [names[-1], *map(str, random.permutation(names))][: random.integers(1, MOST_SOURCES + 1)]:
        kept = [KEEPING[index] for index in random.permutation(len(KEEPING))] * (random.random() < 0.7)
        for geometry in [*kept, *map(tuple, random.permutation(GEOMETRIES).tolist())]:
            source = _source(random, origin, outputs[origin], geometry, channels)
            if _fits(source, outputs) and all(_positions(source, outputs) == _positions(s, outputs) for s in found):
                found.append(source)
                break
    return found


def _fits(source: Source, outputs: dict[str, Shape]) -> bool:
    extent = min(outputs[source.origin][1:]) + 2 * source.padding
    return extent >= source.weight.shape[-1] and max(_positions(source, outputs)) < MOST_POSITIONS


def _positions(source: Source, outputs: dict[str, Shape]) -> tuple[int, ...]:
    return tuple(map(source.positions, outputs[source.origin][1:]))


def _spiking(
    random: Generator,
    name: str,
    sources: list[Source],
    outputs: dict[str, Shape],
    largest: dict[str, int],
    pools: float,
) -> Layer:
    """With an identity shortcut where one fits, thresholds about where the sums are."""
    channels = len(sources[0].weight)
    squares = [(s.weight.reshape(channels, -1).astype(np.int64) ** 2).sum(1) * largest[s.origin] ** 2 for s in sources]
    spread = 1 + np.sqrt(np.sum(squares, axis=0)) / 2
    numbers = {
        "bias": spread * random.normal(0, 0.3, channels),
        "threshold": spread * random.uniform(-0.2, 1.5, channels),
        "skip_bias": spread * random.normal(0, 1, channels),
    }
    bias, threshold, skip_bias = (np.rint(each).astype(np.int32) for each in numbers.values())
    precision = fitting(random, sources)
    layer = Layer(
        name=name,
        kind=LayerKind.CONV,
        neuron=precision.lif(int(random.integers(7))),
        code=precision.code,
        sources=tuple(sources),
        bias=bias,
        threshold=threshold,
    )
    neurons = layer.neuron_shape(outputs)
    same = [
        origin for origin, shape in outputs.items() if shape == neurons and largest[origin] == 1 and origin != INPUT
    ]
    if same and random.random() < 0.8:
        layer = replace(layer, skip=str(random.choice(same)), skip_bias=skip_bias)
    if random.random() < pools and min(neurons[1:]) >= 2:
        layer = replace(layer, pool=Pool(random_pool(random), 2))
    return layer
