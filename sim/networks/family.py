"""The same network with other neurons: members of the LIF family, drawn for each layer."""

from dataclasses import replace

import numpy as np

from model.network.network import Network
from model.neurons import Lif
from model.neurons.lif import LEAKS, Reset


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
