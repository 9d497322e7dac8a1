"""A trained network in integers: what a bundle holds, the golden model runs and the host feeds to the RTL."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from model.arithmetic import signed_width
from model.array import ArrayConfig
from model.config import Precision
from model.errors import require
from model.inputs import Inputs
from model.network import ranges
from model.network.graph import INPUT, Layer, Readout, Shape, State
from model.network.validation import checked, largest_values
from model.neurons import Lif, Neuron


@dataclass(frozen=True)
class Network:
    """Input, T and layers; checked when made, so that whoever holds one can rely on it."""

    inputs: Inputs
    input_shape: Shape
    time_steps: int
    layers: tuple[Layer, ...]
    name: str = "network"
    state: State = State.IMAGE
    provenance: dict[str, Any] = field(default_factory=dict)
    accuracy: dict[str, Any] = field(default_factory=dict)
    shapes: Mapping[str, Shape] = field(init=False, repr=False, compare=False)
    """Neurons of every layer (channels, height, width), before pooling."""

    def __post_init__(self) -> None:
        require(
            self.state == State.IMAGE or not self.inputs.static,
            f"state {self.state}: {self.inputs.name} are the same at every time step; choose {State.IMAGE}",
        )
        shapes = checked(self.name, self.inputs, self.input_shape, self.time_steps, self.layers)
        object.__setattr__(self, "shapes", shapes)

    @property
    def precision(self) -> Precision:
        """The narrowest weights and membranes of MINT's that hold those of all layers."""
        weights = max(layer.code.value_width for layer in self.layers)
        kept = max(layer.state_bits for layer in self.layers)
        if not kept and any(layer.spiking for layer in self.layers):
            return Precision(weights, 0, leak=0.0)
        return Precision(weights, kept or weights)

    @property
    def widths(self) -> str:
        """Of all layers, for reports; what has no membranes adds nothing to a layer with the same weights."""
        found = {layer.widths for layer in self.layers}
        alone = (one for one in found if not any(other.startswith((f"{one}u", f"{one}-u")) for other in found))
        return ", ".join(sorted(alone))

    @cached_property
    def _by_name(self) -> dict[str, Layer]:
        return {layer.name: layer for layer in self.layers}

    def layer(self, name: str) -> Layer:
        return self._by_name[name]

    @cached_property
    def skipped(self) -> frozenset[str]:
        """Layers that an identity shortcut adds."""
        return frozenset(layer.skip for layer in self.layers if layer.skip)

    def output_shape(self, name: str) -> Shape:
        """What a layer, or the input, hands on: after pooling."""
        return self.input_shape if name == INPUT else self.layer(name).pooled(self.shapes[name])

    def largest_value(self, name: str) -> int:
        """Greatest integer that a layer, or the input, hands on: 255 for pixels, a count, or 1 for spikes."""
        return self._largest[name]

    @cached_property
    def _largest(self) -> dict[str, int]:
        return largest_values(self.inputs, self.layers)

    def largest_repeat(self, name: str) -> int:
        """Beats that the hardware feeds for one value of ``name`` in one round: the count's maximum, else 1."""
        return 1 if name == INPUT else self.largest_value(name)

    def is_static(self, layer: Layer) -> bool:
        """Whether the layer reads inputs that are the same at every time step, and so are its sums."""
        return self.inputs.static and layer.sources[0].origin == INPUT

    def rounds(self, layer: Layer) -> int:
        """Time steps and bit planes of an image that the layer reads one after another."""
        return self.inputs.rounds(self.time_steps) if layer.sources[0].origin == INPUT else self.time_steps

    def sum_range(self, layer: Layer) -> ranges.Range:
        """Least and greatest A per channel, from the trained weights; exact, or refused."""
        return ranges.sum_range(layer, self._largest, self.time_steps)

    @property
    def readout(self) -> Readout:
        """What the logits are."""
        return self.layers[-1].readout

    def potential_range(self, layer: Layer) -> ranges.Range:
        """Least and greatest H per channel (of a layer without neurons: least and greatest logit)."""
        return ranges.potential_range(layer, self._largest, self.time_steps)

    def potential_extent(self, layer: Layer) -> tuple[int, int]:
        """The least and the greatest number that a layer compares."""
        return ranges.potential_extent(layer, self._largest, self.time_steps)

    def accumulator_width(self, layer: Layer) -> int:
        """Bits that hold every H, Θ and logit of the layer; wrap-around in between is exact."""
        width = ranges.accumulator_width(layer, self._largest, self.time_steps)
        counts = layer is self.layers[-1] and layer.readout == Readout.COUNT
        return max(width, signed_width(0, self.time_steps)) if counts else width

    @cached_property
    def neurons(self) -> tuple[Neuron, ...]:
        """What neuron units have to support, ascending; refuses what no neuron unit computes, and several families."""
        found = {layer.neuron for layer in self.layers if layer.neuron is not None}
        families = sorted({neuron.family for neuron in found})
        require(len(families) < 2, f"layers have neurons of the families {', '.join(families)}; train one of them")
        return tuple(sorted(found)) or (self.precision.lif(),)  # type: ignore[type-var]

    def array_config(self, *, rows: int = 16, columns: int = 8, retire: bool = False) -> ArrayConfig:
        """The smallest array that runs every layer: for the widest weights and membranes of all."""
        require(
            self.readout == Readout.SUM,
            f"readout {self.readout}: the array has sum only; generate the accelerator",
        )
        require(
            self.state == State.IMAGE,
            f"state {self.state}: the array's membranes start at 0 with every image; generate the accelerator",
        )
        modes = tuple(mode for mode in self.neurons if isinstance(mode, Lif))
        require(
            len(modes) == len(self.neurons),
            f"{self.neurons[0].family} neurons: the array has no unit for them; generate the accelerator",
        )
        precision = self.precision
        return ArrayConfig(
            precision=precision,
            rows=rows,
            columns=columns,
            accumulator_width=max(
                precision.weight_width + 1, precision.membrane_width, *map(self.accumulator_width, self.layers)
            ),
            neurons=modes,
            time_steps=self.time_steps,
            joins=any(layer.skip for layer in self.layers),
            retire=retire,
        )

    def warnings(self) -> Iterator[str]:
        """Families of neurons that no accelerator mixes; thresholds that are never or always reached, of each layer."""
        families = sorted({layer.neuron.family for layer in self.layers if layer.neuron is not None})
        if len(families) > 1:
            yield f"neurons of the families {', '.join(families)}: no accelerator has both; train one of them"
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
