"""The same network with other neurons, drawn for each layer: of the LIF family, or memory-free; another readout."""

from dataclasses import replace

import numpy as np

from model.network.graph import Readout
from model.network.network import Network
from model.neurons import Lif, MemoryFree
from model.neurons.lif import LEAKS, WIDTHS, Reset
from model.neurons.memory_free import LARGEST_SHIFT, LARGEST_WINDOW


def varied(network: Network, seed: int) -> Network:
    """``network`` with a leak and a reset of its own in every layer; widths and r stay, where the member has them."""
    random = np.random.default_rng(seed)
    layers = []
    for layer in network.layers:
        if isinstance(layer.neuron, Lif):
            leak, reset = float(random.choice(LEAKS)), str(random.choice(list(Reset)))
            width, r = layer.neuron.membrane_width if leak else 0, layer.neuron.r or int(leak != Lif.leak)
            layer = replace(layer, neuron=Lif(width, r, leak, reset))
        layers.append(layer)
    return replace(network, layers=tuple(layers))


def windowed(network: Network, seed: int) -> Network:
    """``network`` with memory-free neurons: a window, signs, shifts and a dilation of its own in every layer."""
    random = np.random.default_rng(seed)
    layers = [replace(layer, neuron=random_window(random)) if layer.neuron else layer for layer in network.layers]
    return replace(network, layers=tuple(layers))


def random_window(random: np.random.Generator) -> MemoryFree:
    """One to eight taps, some of them 0."""
    count = int(random.integers(1, LARGEST_WINDOW + 1))
    signs = random.choice([-1, 0, 1, 1], count)
    signs[random.integers(count)] = 1
    shifts = random.integers(0, random.choice([1, 4, LARGEST_SHIFT + 1]), count)
    shifts = np.where(signs != 0, shifts - shifts[signs != 0].min(), 0)
    taps = tuple((int(sign), int(shift)) for sign, shift in zip(signs, shifts, strict=True))
    return MemoryFree(taps, int(random.integers(1, 4)))


def reading_out(network: Network, readout: str, seed: int) -> Network:
    """``network`` with another readout: its last layer gets neurons, thresholds about where its sums are."""
    if readout == Readout.SUM:
        return network
    random = np.random.default_rng(seed)
    last = network.layers[-1]
    leak = float(random.choice(LEAKS))
    reset = str(random.choice(list(Reset))) if readout == Readout.COUNT else Reset.NONE
    neuron = Lif(int(random.choice(WIDTHS)) if leak else 0, int(random.integers(1, 7)), leak, reset)
    squares = (last.sources[0].weight.reshape(last.channels, -1).astype(np.int64) ** 2).sum(1)
    spread = 1 + np.sqrt(squares) * network.largest_value(last.sources[0].origin) / 2
    threshold = np.rint(spread * random.uniform(-0.2, 1.2, last.channels)).astype(np.int32)
    layer = replace(last, neuron=neuron, threshold=threshold if readout == Readout.COUNT else None)
    return replace(network, layers=(*network.layers[:-1], layer))
