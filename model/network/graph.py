"""The parts of a network: layers, what they read, how their spikes are pooled."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.config import Precision

INPUT = "input"


Shape = tuple[int, int, int]
"""Channels, height, width."""


@dataclass(frozen=True)
class Pool:
    """Pooling of a layer's spikes over size × size, after the neuron: ``max`` is an OR, ``sum`` a count."""

    kind: str
    size: int

    def output(self, shape: Shape) -> Shape:
        return shape[0], shape[1] // self.size, shape[2] // self.size


@dataclass(frozen=True)
class Source:
    """One weighted input of a layer: where it comes from, codes [out, in, k, k] or [out, in], geometry."""

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


@dataclass(frozen=True)
class Layer:
    """Integers of one layer.

    H = Σ_sources Σ W·x + B[c] + J[c]·x_skip + load(U); spike ⇔ H >= Θ[c]. A layer with neuron ``none`` is
    the last one: logits = Σ_t (Σ W·x + B). ``step`` is the real weight step, for information.
    """

    name: str
    kind: str
    neuron: str
    precision: Precision
    sources: tuple[Source, ...]
    bias: NDArray[np.int32]
    threshold: NDArray[np.int32] | None = None
    leak: int = 1
    skip: str | None = None
    skip_bias: NDArray[np.int32] | None = None
    pool: Pool | None = None
    step: float | None = None

    @property
    def spiking(self) -> bool:
        return self.neuron == "lif"

    @property
    def channels(self) -> int:
        return len(self.bias)

    def neuron_shape(self, outputs: Mapping[str, Shape]) -> Shape:
        """Channels, height and width of the neurons, given what the earlier layers hand on."""
        if self.kind == "linear":
            return self.channels, 1, 1
        source = self.sources[0]
        _, height, width = outputs[source.origin]
        return self.channels, source.positions(height), source.positions(width)

    def pooled(self, neurons: Shape) -> Shape:
        """What the layer hands on of its neurons."""
        return self.pool.output(neurons) if self.pool else neurons
