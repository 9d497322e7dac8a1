"""The parts of a network: layers, what they read, how their spikes are pooled."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from model.codes import WeightCode
from model.neurons import Neuron

INPUT = "input"


Shape = tuple[int, int, int]
"""Channels, height, width."""


class LayerKind(StrEnum):
    """What a layer's weights are applied to: a window that moves over the map, or all of it."""

    CONV = "conv"
    LINEAR = "linear"


class PoolKind(StrEnum):
    """What is handed on of a window's spikes: whether there is any, or how many there are."""

    MAX = "max"
    SUM = "sum"


class Readout(StrEnum):
    """What the logits are, of the last layer over all time steps: currents, spikes or potentials, added up.

    ``sum`` has no neurons, ``count`` neurons that fire, ``membrane`` neurons that leak and never fire.
    """

    SUM = "sum"
    COUNT = "count"
    MEMBRANE = "membrane"


class State(StrEnum):
    """When membranes start at 0: with every T time steps, or only where a recording begins, however long it is.

    Logits are those of T time steps in both.
    """

    IMAGE = "image"
    STREAM = "stream"


@dataclass(frozen=True)
class Pool:
    """Pooling of a layer's spikes over size × size, after the neuron: ``max`` is an OR, ``sum`` a count."""

    kind: PoolKind
    size: int

    @property
    def largest(self) -> int:
        """Greatest integer that it hands on."""
        return self.size**2 if self.kind == PoolKind.SUM else 1

    def output(self, shape: Shape) -> Shape:
        return shape[0], shape[1] // self.size, shape[2] // self.size


@dataclass(frozen=True)
class Source:
    """One weighted input of a layer: where it comes from, levels [out, in, k, k] or [out, in], geometry."""

    origin: str
    weight: NDArray[np.int8]
    stride: int = 1
    padding: int = 0

    @property
    def fan_in(self) -> int:
        return self.weight[0].size

    def positions(self, extent: int) -> int:
        """Output positions along an input of ``extent``."""
        return (extent + 2 * self.padding - self.weight.shape[-1]) // self.stride + 1


@dataclass(frozen=True, kw_only=True)
class Layer:
    """Integers of one layer.

    A = Σ_sources Σ W·x; potential, spike and state are those of the ``neuron`` for A, the bias B[c] + J[c]·x_skip and
    the threshold Θ[c]. The last layer's logits are by its :class:`Readout`: Σ_t (A + B) without a neuron, the number
    of its spikes, or Σ_t H with a neuron and no threshold. ``code`` is that of all weights; ``step`` is the real weight
    step, for information.
    """

    name: str
    kind: LayerKind
    neuron: Neuron | None
    code: WeightCode
    sources: tuple[Source, ...]
    bias: NDArray[np.int32]
    threshold: NDArray[np.int32] | None = None
    skip: str | None = None
    skip_bias: NDArray[np.int32] | None = None
    pool: Pool | None = None
    step: float | None = None

    @property
    def spiking(self) -> bool:
        """Whether it has neurons, which is so of every layer but the last."""
        return self.neuron is not None

    @property
    def readout(self) -> Readout:
        """What the logits are, if it is the last layer."""
        if self.neuron is None:
            return Readout.SUM
        return Readout.MEMBRANE if self.threshold is None else Readout.COUNT

    @property
    def state_bits(self) -> int:
        """Bits that each neuron keeps between two time steps."""
        return self.neuron.state_bits if self.neuron else 0

    @property
    def widths(self) -> str:
        """Of weights and, if there are any, membranes, for reports: w4u4, binary-u4."""
        weights = str(self.code)
        membranes = f"u{self.state_bits}" if self.neuron else ""
        return weights + ("-" if membranes and self.code.name == weights else "") + membranes

    @property
    def channels(self) -> int:
        return len(self.bias)

    @property
    def largest(self) -> int:
        """Greatest integer that the layer hands on: a count after sum pooling, else 1."""
        return self.pool.largest if self.pool else 1

    def neuron_shape(self, outputs: Mapping[str, Shape]) -> Shape:
        """Channels, height and width of the neurons, given what the earlier layers hand on."""
        if self.kind == LayerKind.LINEAR:
            return self.channels, 1, 1
        source = self.sources[0]
        _, height, width = outputs[source.origin]
        return self.channels, source.positions(height), source.positions(width)

    def pooled(self, neurons: Shape) -> Shape:
        """What the layer hands on of its neurons."""
        return self.pool.output(neurons) if self.pool else neurons
