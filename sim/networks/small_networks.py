"""Networks of one or two layers, made by hand: every kind of input at sizes that end in the middle of a word."""

from dataclasses import replace

import numpy as np

from model.config import Precision
from model.inputs import inputs_of
from model.network.graph import INPUT, Layer, LayerKind, Pool, Shape, Source
from model.network.network import Network
from sim.networks.chains import last_layer

PRECISION = Precision(4, 4)


def first_layer(
    kind: str,
    input_kind: str,
    shape: Shape,
    *,
    pool: Pool | None = None,
    classes: int = 3,
    input_bits: int | None = None,
) -> Network:
    """A first layer of ``kind`` conv or linear on an input of ``shape``, counts with their bits, and the last."""
    random = np.random.default_rng(0)
    fan_in = (shape[0], 3, 3) if kind == "conv" else (int(np.prod(shape)),)
    source = Source(INPUT, random.integers(-7, 8, (4, *fan_in), np.int8), padding=int(kind == "conv"))
    numbers = np.array([3, 5, 40, 300], np.int32)
    first = Layer(
        name="first",
        kind=LayerKind(kind),
        neuron=PRECISION.lif(2),
        code=PRECISION.code,
        sources=(source,),
        bias=numbers - 5,
        threshold=numbers,
        pool=pool,
    )
    inputs = int(np.prod(first.pooled(first.neuron_shape({INPUT: shape}))))
    weight = random.integers(-7, 8, (classes, inputs), np.int8)
    last = last_layer(PRECISION, [Source("first", weight)], np.arange(classes, dtype=np.int32))
    return Network(inputs_of(input_kind, input_bits), shape, 3, (first, last))


def binary(network: Network) -> Network:
    """``network`` with random binary weights."""
    random, code, layers = np.random.default_rng(3), Precision(1, 4, weight_code="binary").code, []
    for layer in network.layers:
        drawn = (random.choice([-1, 1], each.weight.shape).astype(np.int8) for each in layer.sources)
        sources = (replace(each, weight=weight) for each, weight in zip(layer.sources, drawn, strict=True))
        layers.append(replace(layer, code=code, sources=tuple(sources)))
    return replace(network, layers=tuple(layers))
