"""Chains of layers from a few numbers each: what an accelerator runs, made small for random tests."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from model.codes import Narrow
from model.config import Precision
from model.inputs import COUNTS, Inputs, inputs_of
from model.network.graph import INPUT, Layer, LayerKind, Pool, Shape, Source, State
from model.network.network import Network
from sim.networks.family import reading_out, varied

DEFAULT = Precision(4, 4)


@dataclass(frozen=True)
class Link:
    """One spiking layer; ``kernel`` 0 is a linear layer, ``pool`` is applied where it fits."""

    channels: int
    kernel: int
    stride: int = 1
    padding: int = 0
    pool: Pool | None = None
    precision: Precision = DEFAULT
    leak: int = 1


@dataclass(frozen=True)
class Chain:
    """A network of random codes, its images, and how likely an input is silent."""

    input_kind: str
    input_shape: Shape
    time_steps: int
    links: tuple[Link, ...]
    classes: int
    precision: Precision
    seed: int
    density: float
    family: int | None = None
    """Which members of the LIF family the layers have; without it MINT's."""
    readout: str = "sum"
    state: str = "image"
    input_bits: int | None = None
    """Of counts."""

    @property
    def inputs(self) -> Inputs:
        return inputs_of(self.input_kind, self.input_bits if self.input_kind == COUNTS else None)

    def network(self) -> Network:
        """Kernels larger than their padded map are cut; thresholds lie about where the sums are, some out of reach."""
        random = np.random.default_rng(self.seed)
        layers: list[Layer] = []
        origin, shape, largest = INPUT, self.input_shape, self.inputs.largest
        for index, link in enumerate(self.links):
            linear = link.kernel == 0 or (layers and layers[-1].kind == LayerKind.LINEAR)
            kernel = min(link.kernel, min(shape[1:]) + 2 * link.padding)
            size = (link.channels, int(np.prod(shape))) if linear else (link.channels, shape[0], kernel, kernel)
            weight = _codes(random, link.precision, size)
            source = Source(origin, weight) if linear else Source(origin, weight, link.stride, link.padding)
            spread = 1 + np.sqrt((weight.reshape(link.channels, -1).astype(np.int64) ** 2).sum(1)) * largest / 2
            threshold = (spread * random.uniform(-0.1, 1.5, link.channels)).astype(np.int32)
            bias = (spread * random.normal(0, 0.3, link.channels)).astype(np.int32)
            height, width = (1, 1) if linear else (source.positions(shape[1]), source.positions(shape[2]))
            pool = link.pool if link.pool and link.pool.size <= min(height, width) else None
            layer = Layer(
                name=f"layer{index}",
                kind=LayerKind.LINEAR if linear else LayerKind.CONV,
                neuron=link.precision.lif(link.leak),
                code=link.precision.code,
                sources=(source,),
                bias=bias,
                threshold=threshold,
                pool=pool,
            )
            layers.append(layer)
            origin, shape, largest = layer.name, layer.pooled((link.channels, height, width)), layer.largest
        weight = _codes(random, self.precision, (self.classes, int(np.prod(shape))))
        bias = random.integers(-20, 21, self.classes, np.int32)
        layers.append(last_layer(self.precision, [Source(origin, weight)], bias))
        network = Network(self.inputs, self.input_shape, self.time_steps, tuple(layers), name="chain")
        network = network if self.family is None else varied(network, self.family)
        return replace(reading_out(network, self.readout, self.seed), state=State(self.state))

    def images(self, count: int) -> NDArray[np.uint8]:
        """As :func:`model.golden.network.forward` takes them; an input is not zero with probability ``density``."""
        random = np.random.default_rng(self.seed + 1)
        steps = self.inputs.steps(self.time_steps)
        shape = (*steps, count, *self.input_shape)
        values = random.integers(1, self.inputs.largest, shape, endpoint=True)
        return (values * (random.random(shape) < self.density)).astype(np.uint8)


def last_layer(
    precision: Precision, sources: Sequence[Source], bias: NDArray[np.int32], kind: LayerKind = LayerKind.LINEAR
) -> Layer:
    """The layer without neurons."""
    return Layer(name="last", kind=kind, neuron=None, code=precision.code, sources=tuple(sources), bias=bias)


def _codes(random: np.random.Generator, precision: Precision, shape: tuple[int, ...]) -> NDArray[np.int8]:
    code = precision.code
    if isinstance(code, Narrow):
        return random.integers(-code.limit, code.limit + 1, shape, np.int8)
    return random.choice(np.array(code.levels, np.int8), shape)
