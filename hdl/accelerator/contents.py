"""What an accelerator's memories hold: rows of weights, and rows of thresholds and biases; beats of its ports."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from hdl.verilog.words import Bits, to_bits, to_hex
from model.accelerator.config import AcceleratorConfig
from model.accelerator.events import EVENT_WIDTH, event_packets
from model.accelerator.layer_plan import LayerPlan
from model.network.graph import Layer
from model.network.network import Network

WEIGHTS, PARAMETERS = "WEIGHTS", "PARAMETERS"
"""Parameters of the Verilog module: the files of what the memories hold."""
RESULT_WIDTH = 32
"""Bits of a result beat: a logit or the class."""


def _padded(values: NDArray[np.int64], plan: LayerPlan, lanes: int, fill: int = 0) -> NDArray[np.int64]:
    """[channels, ...] as [groups, lanes, ...]: each row of lanes has all channels of a group."""
    whole = np.full((plan.groups * plan.row_lanes, *values.shape[1:]), fill, np.int64)
    whole[: plan.channels] = values
    groups = np.tile(whole.reshape(plan.groups, plan.row_lanes, -1), (1, plan.rows, 1))
    short = lanes - groups.shape[1]
    padded = np.pad(groups, ((0, 0), (0, short), (0, 0)), constant_values=fill)
    return padded.reshape(plan.groups, lanes, *values.shape[1:])


def layer_weights(layer: Layer, plan: LayerPlan, lanes: int) -> NDArray[np.int64]:
    """Codes [rows, lanes], in lanes without a channel any: group, source, kernel row, kernel column, source channel."""
    found = []
    for source, own in zip(layer.sources, plan.sources, strict=True):
        weight = layer.code.encode(source.weight).astype(np.int64)
        kernel = weight.reshape(layer.channels, own.source_channels, *own.kernel).transpose(0, 2, 3, 1)
        found.append(_padded(kernel.reshape(layer.channels, -1), plan, lanes).transpose(0, 2, 1))
    return np.concatenate(found, axis=1).reshape(-1, lanes)


def layer_parameters(layer: Layer, plan: LayerPlan, config: AcceleratorConfig) -> NDArray[np.int64]:
    """Threshold and bias, and with identity shortcuts the bias where one spikes: [rows, neuron units, 2 or 3].

    A row is a group and a lane of a unit. A lane without a channel never reaches its threshold, nor does a neuron
    without one. A layer without neurons adds its bias for all time steps of a frame at once.
    """
    share = config.lanes_per_neuron_unit
    highest = (1 << (config.accumulator_width - 1)) - 1
    never = np.full(layer.channels, highest)
    threshold = never if layer.threshold is None else layer.threshold.astype(np.int64)
    bias = layer.bias.astype(np.int64) * (1 if layer.spiking else config.frame_steps)

    def rows(values: NDArray[np.int64], fill: int) -> NDArray[np.int64]:
        padded = _padded(values, plan, config.lanes, fill)
        return (
            padded.reshape(plan.groups, config.neuron_units, share).transpose(0, 2, 1).reshape(-1, config.neuron_units)
        )

    fields = [rows(threshold, highest), rows(bias, 0)]
    if config.skips:
        fields.append(rows(bias if layer.skip_bias is None else bias + layer.skip_bias, 0))
    return np.stack(fields, axis=-1)


def weight_bits(network: Network, config: AcceleratorConfig) -> Iterator[Bits]:
    """Words of the weight memory, layer by layer: a row's codes, lane 0 in the lowest bits."""
    for layer, plan in zip(network.layers, config.layers, strict=True):
        yield to_bits(layer_weights(layer, plan, config.lanes), config.code_width)


def parameter_bits(network: Network, config: AcceleratorConfig) -> Iterator[Bits]:
    """Words of the parameter memory, layer by layer: the numbers of every neuron unit, unit 0 in the lowest bits."""
    for layer, plan in zip(network.layers, config.layers, strict=True):
        numbers = layer_parameters(layer, plan, config)
        yield to_bits(numbers.reshape(len(numbers), -1), config.accumulator_width)


def memory_texts(network: Network, config: AcceleratorConfig) -> dict[str, str]:
    """The texts of the files that the Verilog reads, by the parameter that names the file: a word a line."""
    return {
        WEIGHTS: "".join(map(to_hex, weight_bits(network, config))),
        PARAMETERS: "".join(map(to_hex, parameter_bits(network, config))),
    }


def input_packets(config: AcceleratorConfig, images: NDArray[np.integer]) -> Sequence[Bits]:
    """Packets of the input stream, each [beats, bits]: of events, or of frames as :func:`image_beats` has them."""
    if not config.events:
        return list(image_beats(config, images))
    return [to_bits(beats[:, None], EVENT_WIDTH) for beats in event_packets(images, config.frame_steps)]


def image_beats(config: AcceleratorConfig, images: NDArray[np.integer]) -> NDArray[np.uint8]:
    """Beats of a stream of frames as bits: images [N, C, H, W] (pixels) or [T, N, C, H, W] (spikes) to packets, one an
    image, or T in the order streaming: [packets, beats, bits].

    A convolution's beat is a position with its channels, row by row (of spikes, time step by time step); a linear
    layer's beat is the next ``beat_values`` inputs in the order channel, row, column.
    """
    first, width = config.layers[0], config.inputs.planes
    steps = images[None] if first.static else images
    count = steps.shape[1]
    if first.source_map == (1, 1) and not first.window:
        values = steps.transpose(1, 0, 2, 3, 4).reshape(count, len(steps), -1)
        short = -values.shape[2] % config.beat_values
        values = np.pad(values, ((0, 0), (0, 0), (0, short))).reshape(count, -1, config.beat_values)
    else:
        values = steps.transpose(1, 0, 3, 4, 2).reshape(count, -1, config.beat_values)
    bits = to_bits(values, width)
    packets = bits.reshape(-1, config.input_beats, bits.shape[2])
    return np.pad(packets, ((0, 0), (0, 0), (0, config.input_width - bits.shape[2])))
