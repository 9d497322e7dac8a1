"""A trained network in integers: what a bundle holds, the golden model runs and the host feeds to the RTL."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.arithmetic import load_range, signed_width
from model.array import ArrayConfig
from model.config import PIXEL_SCALE, Precision
from model.errors import require
from model.network.fold import accumulator_range
from model.network.graph import INPUT, Layer, Shape
from model.network.validation import check


@dataclass(frozen=True)
class Network:
    """Input, T and layers; checked when made, so that whoever holds one can rely on it."""

    input_kind: str
    input_shape: Shape
    time_steps: int
    layers: tuple[Layer, ...]
    name: str = "network"
    provenance: dict[str, Any] = field(default_factory=dict)
    accuracy: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check(self)

    @property
    def precision(self) -> Precision:
        """The widest weights and membranes of all layers."""
        pairs = [layer.precision for layer in self.layers]
        return Precision(max(pair.weight_width for pair in pairs), max(pair.membrane_width for pair in pairs))

    @cached_property
    def _by_name(self) -> dict[str, Layer]:
        return {layer.name: layer for layer in self.layers}

    def layer(self, name: str) -> Layer:
        return self._by_name[name]

    @cached_property
    def skipped(self) -> frozenset[str]:
        """Layers that an identity shortcut adds."""
        return frozenset(layer.skip for layer in self.layers if layer.skip)

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        """Neurons of every layer (channels, height, width), before pooling."""
        neurons: dict[str, Shape] = {}
        outputs = {INPUT: self.input_shape}
        for layer in self.layers:
            neurons[layer.name] = layer.neuron_shape(outputs)
            outputs[layer.name] = layer.pooled(neurons[layer.name])
        return neurons

    def output_shape(self, name: str) -> Shape:
        """What a layer, or the input, hands on: after pooling."""
        return self.input_shape if name == INPUT else self.layer(name).pooled(self.shapes[name])

    def largest_value(self, name: str) -> int:
        """Greatest integer that a layer, or the input, hands on: 255 for pixels, a count after sum pooling, else 1."""
        if name == INPUT:
            return PIXEL_SCALE - 1 if self.input_kind == "pixels" else 1
        pool = self.layer(name).pool
        return pool.size**2 if pool and pool.kind == "sum" else 1

    def largest_repeat(self, name: str) -> int:
        """Beats that the hardware feeds for one value of ``name`` in one round: the count's maximum, else 1."""
        return 1 if name == INPUT else self.largest_value(name)

    def is_pixel_layer(self, layer: Layer) -> bool:
        """Whether the layer reads pixels, so that its sum is the same at every time step."""
        return self.input_kind == "pixels" and layer.sources[0].origin == INPUT

    def sum_range(self, layer: Layer) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Least and greatest A per channel, from the trained weights; exact, or refused."""
        each = [(*accumulator_range(source.weight, 1), self.largest_value(source.origin)) for source in layer.sources]
        reach = sum(max(-int(low.min()), int(high.max())) * top for low, high, top in each)
        require(
            reach * self.time_steps < 1 << 62,
            f"layer {layer.name}: sums of up to {reach} need more than 62 bits; narrow the layer or what it reads",
        )
        return sum(low * top for low, _, top in each), sum(high * top for _, high, top in each)

    def potential_range(self, layer: Layer) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Least and greatest H per channel (of a layer without neurons: least and greatest logit)."""
        low, high = self.sum_range(layer)
        low, high = low + layer.bias, high + layer.bias
        if not layer.spiking:
            return low * self.time_steps, high * self.time_steps
        if layer.skip_bias is not None:
            low, high = low + np.minimum(layer.skip_bias, 0), high + np.maximum(layer.skip_bias, 0)
        load_low, load_high = load_range(layer.precision.membrane_width, layer.leak)
        return low + load_low, high + load_high

    def accumulator_width(self, layer: Layer) -> int:
        """Bits that hold every H and Θ of the layer; wrap-around in between is exact."""
        low, high = self.potential_range(layer)
        values = [low.min(), high.max()]
        if layer.threshold is not None:
            values += [layer.threshold.min(), layer.threshold.max()]
        return signed_width(int(min(values)), int(max(values)))

    def array_config(self, *, rows: int = 16, columns: int = 8, retire: bool = False) -> ArrayConfig:
        """The smallest array that runs every layer; refuses a network of mixed widths."""
        precisions = {layer.precision for layer in self.layers}
        require(
            len(precisions) == 1,
            f"layers have different widths ({', '.join(sorted(map(str, precisions)))}); one array runs one pair W, U",
        )
        precision = precisions.pop()
        return ArrayConfig(
            precision=precision,
            rows=rows,
            columns=columns,
            accumulator_width=max(
                precision.weight_width + 1, precision.membrane_width, *map(self.accumulator_width, self.layers)
            ),
            leaks=tuple(sorted({layer.leak for layer in self.layers if layer.spiking})) or (1,),
            time_steps=self.time_steps,
            joins=any(layer.skip for layer in self.layers),
            retire=retire,
        )

    def warnings(self) -> Iterator[str]:
        """Thresholds that are never or always reached, a sentence for each layer that has some."""
        for layer in self.layers:
            if layer.threshold is None:
                continue
            low, high = self.potential_range(layer)
            for count, what in (
                (int((layer.threshold > high).sum()), "never reached: the channel cannot spike"),
                (int((layer.threshold <= low).sum()), "always reached: the channel spikes at every step"),
            ):
                if count:
                    yield f"layer {layer.name}: {count} of {layer.channels} thresholds are {what}"
