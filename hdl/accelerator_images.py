"""What an accelerator's memories hold: rows of weights, and rows of thresholds and biases."""

import numpy as np
from numpy.typing import NDArray

from hdl.words import to_bits
from model.accelerator import AcceleratorConfig, LayerPlan
from model.network import Layer, Network


def _padded(values: NDArray[np.int64], plan: LayerPlan, lanes: int, fill: int = 0) -> NDArray[np.int64]:
    """[channels, ...] as [groups, lanes, ...]."""
    whole = np.full((plan.groups * lanes, *values.shape[1:]), fill, np.int64)
    whole[: plan.channels] = values
    return whole.reshape(plan.groups, lanes, *values.shape[1:])


def layer_weights(layer: Layer, plan: LayerPlan, lanes: int) -> NDArray[np.int64]:
    """Codes [rows, lanes]: group, kernel row, kernel column, source channel."""
    weight = layer.sources[0].weight.astype(np.int64)
    kernel = weight.reshape(layer.channels, plan.source_channels, *plan.kernel).transpose(0, 2, 3, 1)
    rows = _padded(kernel.reshape(layer.channels, -1), plan, lanes)
    return rows.transpose(0, 2, 1).reshape(-1, lanes)


def layer_parameters(
    layer: Layer, plan: LayerPlan, config: AcceleratorConfig
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Threshold and bias, each [rows, neuron units]: group, lane of a unit.

    A lane without a channel never reaches its threshold. The last layer adds its bias for all time steps at once.
    """
    share = config.lanes_per_neuron_unit
    highest = (1 << (config.accumulator_width - 1)) - 1
    if layer.threshold is None:
        threshold, bias = np.full(layer.channels, highest), layer.bias.astype(np.int64) * config.time_steps
    else:
        threshold, bias = layer.threshold.astype(np.int64), layer.bias.astype(np.int64)

    def rows(values: NDArray[np.int64], fill: int) -> NDArray[np.int64]:
        padded = _padded(values, plan, config.lanes, fill)
        return (
            padded.reshape(plan.groups, config.neuron_units, share).transpose(0, 2, 1).reshape(-1, config.neuron_units)
        )

    return rows(threshold, highest), rows(bias, 0)


def _integers(bits: NDArray[np.uint8]) -> list[int]:
    packed = np.packbits(bits, axis=1, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") for row in packed]


def weight_words(network: Network, config: AcceleratorConfig) -> list[int]:
    """Words of the weight memory: a row's codes, lane 0 in the lowest bits."""
    rows = [layer_weights(layer, plan, config.lanes) for layer, plan in zip(network.layers, config.layers, strict=True)]
    return _integers(to_bits(np.concatenate(rows), config.weight_width))


def parameter_words(network: Network, config: AcceleratorConfig) -> list[int]:
    """Words of the parameter memory: threshold and bias of every neuron unit, unit 0 in the lowest bits."""
    words = []
    for layer, plan in zip(network.layers, config.layers, strict=True):
        threshold, bias = layer_parameters(layer, plan, config)
        pairs = np.stack([threshold, bias], axis=-1).reshape(len(threshold), -1)
        words.extend(_integers(to_bits(pairs, config.accumulator_width)))
    return words
