"""Memory images: the weights and parameters of a network, in the order in which a host streams them.

Two text files per layer, one hexadecimal word a line (``$readmemh``), column tile by column tile:

- NAME.weights.hex: a tile's ``beats`` words, each the payload of an ``i_weights`` beat. The fan-in is in
  the order source, input channel, kernel row, kernel column (of a linear layer: channel, row, column); an
  input that is a count up to n (after sum pooling) has n words in a row, for n spikes with the same weight.
- NAME.parameters.hex: a tile's ``columns`` words, each the payload of an ``i_parameters`` beat.

A tile's weights go out once a pass (a time step, or a bit plane of pixels), for each of its row tiles.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
from amaranth.hdl import Shape

from hdl.array.systolic_array import parameters_layout
from hdl.array.tiling import Tiling, tilings
from hdl.verilog.words import to_bits, to_hex
from model.arithmetic import wrap
from model.array import ArrayConfig
from model.network.network import Network

KINDS = ("weights", "parameters")


@dataclass(frozen=True)
class Image:
    """One memory: ``words`` of ``word_bits`` each, as text; ``port`` takes a word a beat."""

    layer: str
    kind: str
    port: str
    word_bits: int
    words: int
    meaning: str
    text: str

    @property
    def file(self) -> str:
        return image_file(self.layer, self.kind)


def image_file(layer: str, kind: str) -> str:
    """Name of the file of a layer's memory."""
    return f"{layer}.{kind}.hex"


def memory_images(network: Network, config: ArrayConfig) -> list[Image]:
    """Weights and parameters of every layer, in the layers' order."""
    images = []
    for tiling, kind in product(tilings(network, config).values(), KINDS):
        images.append(_weights(tiling) if kind == "weights" else _parameters(tiling))
    return images


def _weights(tiling: Tiling) -> Image:
    config, layer = tiling.config, tiling.layer
    fan_in = np.concatenate(
        [
            np.repeat(source.weight.reshape(layer.channels, -1), tiling.repeats(source.origin), axis=1)
            for source in layer.sources
        ],
        axis=1,
    )
    padded = np.zeros((tiling.column_tiles * config.columns, tiling.beats), np.int64)
    padded[: layer.channels] = fan_in
    words = padded.reshape(tiling.column_tiles, config.columns, tiling.beats).transpose(0, 2, 1)
    bits = to_bits(words.reshape(-1, config.columns), config.weight_width)
    return Image(
        layer.name,
        "weights",
        "i_weights",
        bits.shape[1],
        len(bits),
        f"{tiling.column_tiles} column tiles of {tiling.beats} words, a beat of fan-in each: the weights of "
        f"{config.columns} output channels, {config.weight_width} bits each, the first in the lowest bits",
        to_hex(bits),
    )


def _parameters(tiling: Tiling) -> Image:
    config, layer = tiling.config, tiling.layer
    bias = layer.bias.astype(np.int64)
    if layer.threshold is None:
        # The sums of all time steps get their bias once.
        threshold, bias, leak = np.zeros_like(bias), bias * tiling.network.time_steps, 0
    else:
        threshold, leak = layer.threshold.astype(np.int64), config.neurons.index(layer.neuron)
    bias = wrap(bias - tiling.offset, config.accumulator_width)
    fields = {"threshold": threshold, "bias": bias, "leak": np.full_like(bias, leak)}
    fields["bias_skip"] = bias if layer.skip_bias is None else wrap(bias + layer.skip_bias, config.accumulator_width)

    layout = parameters_layout(config)
    bits = np.zeros((tiling.column_tiles * config.columns, layout.size), np.uint8)
    for name, field in layout:
        width = Shape.cast(field.shape).width
        bits[: layer.channels, field.offset : field.offset + width] = to_bits(fields[name][:, None], width)
    if tiling.column_tiles * config.columns > layer.channels:
        # A tile's leak is that of its last column, used or not.
        offset = layout["leak"].offset
        bits[layer.channels :, offset:] = bits[0, offset:]
    names = ", ".join(
        f"{name} [{f.offset + Shape.cast(f.shape).width - 1}:{f.offset}]"
        for name, f in layout
        if Shape.cast(f.shape).width
    )
    return Image(
        layer.name,
        "parameters",
        "i_parameters",
        layout.size,
        len(bits),
        f"{tiling.column_tiles} column tiles of {config.columns} words, an output channel each: {names}; bias is the "
        f"layer's{'' if layer.spiking else f', {tiling.network.time_steps} times for all time steps'} less the steps' "
        f"constants, {tiling.offset}, modulo 2^{config.accumulator_width}",
        to_hex(bits),
    )
