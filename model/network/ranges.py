"""What the numbers of a layer range over, from its trained weights and the greatest integers that it reads."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from model.arithmetic import signed_width
from model.errors import require
from model.network.fold import accumulator_range
from model.network.graph import Layer, Readout

Range = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Least and greatest number of each channel."""


def sum_range(layer: Layer, largest: Mapping[str, int], time_steps: int) -> Range:
    """Of A; exact, or refused. ``largest`` has the greatest integer of each source."""
    each = [(*accumulator_range(source.weight, 1), largest[source.origin]) for source in layer.sources]
    reach = sum(max(-int(low.min()), int(high.max())) * top for low, high, top in each)
    gain_bits = layer.neuron.gain_bits if layer.neuron else 0
    require(
        (reach * time_steps) << gain_bits < 1 << 62,
        f"layer {layer.name}: sums of up to {reach} need more than 62 bits; narrow the layer or what it reads",
    )
    return sum(low * top for low, _, top in each), sum(high * top for _, high, top in each)


def potential_range(layer: Layer, largest: Mapping[str, int], time_steps: int) -> Range:
    """Of H; of a layer without neurons, of its logits."""
    low, high = sum_range(layer, largest, time_steps)
    if layer.neuron is None:
        return (low + layer.bias) * time_steps, (high + layer.bias) * time_steps
    low, high = layer.neuron.potential_range(low, high)
    low, high = low + layer.bias, high + layer.bias
    if layer.skip_bias is not None:
        low, high = low + np.minimum(layer.skip_bias, 0), high + np.maximum(layer.skip_bias, 0)
    return low, high


def potential_extent(layer: Layer, largest: Mapping[str, int], time_steps: int) -> tuple[int, int]:
    """The least and the greatest number that the layer compares or adds up, of all channels: every H, Θ and ΣH."""
    low, high = potential_range(layer, largest, time_steps)
    values: list[NDArray[np.integer]] = [low, high]
    if layer.threshold is not None:
        values.append(layer.threshold)
    if layer.readout == Readout.MEMBRANE:
        values += [low * time_steps, high * time_steps, high + 1]  # the last is a threshold that is never reached
    return min(int(each.min()) for each in values), max(int(each.max()) for each in values)


def accumulator_width(layer: Layer, largest: Mapping[str, int], time_steps: int) -> int:
    """Bits that hold every H and Θ of the layer; wrap-around in between is exact."""
    return signed_width(*potential_extent(layer, largest, time_steps))
