"""Functional coverage of the LIF family: what a neuron step can be, which networks meet it, and what they met.

A *bin* is the sign of A = Σ W·x, whether what is stored saturates and at which end, how far H is from Θ (so whether it
spikes and is reset), and whether the time step is the first, the last or between.
"""

from collections import Counter
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.codes import Narrow
from model.config import Precision
from model.golden.network import run
from model.inputs import SPIKES
from model.network.graph import INPUT, Layer, LayerKind, Source
from model.network.network import Network
from model.neurons import Lif
from model.neurons.lif import LEAKS, Reset
from sim.networks.chains import last_layer

SIGNS = ("A < 0", "A = 0", "A > 0")
ENDS = ("saturates low", "fits", "saturates high")
DISTANCES = ("H < Θ - 1", "H = Θ - 1", "H = Θ", "H = Θ + 1", "H > Θ + 1")
PLACES = ("first step", "between", "last step")
Bin = tuple[str, str, str, str]

WIDTH, CODE, STEPS, R = 3, Narrow(3), 4, 1
COPY = "copy"
REACH = 14
"""Biases and thresholds are up to this: sums, too."""


def members() -> list[Lif]:
    """Of narrow membranes, so that both ends saturate; with leak 0 a reset has nothing to do."""
    return [Lif(0, 1, 0.0), *(Lif(WIDTH, R, leak, reset) for leak in LEAKS[1:] for reset in Reset)]


def covering_network(channels: int, seed: int = 0) -> Network:
    """A layer for each member, all of which read a copy of the input; weights, biases and thresholds are drawn."""
    random = np.random.default_rng(seed)
    ones = np.ones(channels, np.int32)
    copy = Source(INPUT, np.eye(channels, dtype=np.int8))
    layers = [
        Layer(
            name=COPY,
            kind=LayerKind.LINEAR,
            neuron=Lif(0, 1, 0.0),
            code=CODE,
            sources=(copy,),
            bias=0 * ones,
            threshold=ones,
        )
    ]
    for index, neuron in enumerate(members()):
        weight = random.integers(-CODE.limit, CODE.limit + 1, (channels, channels), np.int8)
        weight *= random.random(weight.shape) < 0.25
        bias, threshold = (random.integers(-REACH, REACH + 1, channels, np.int32) for _ in range(2))
        near = random.random(channels) < 0.5  # so that a neuron ties without any input
        threshold = np.where(near, bias + random.integers(-2, 3, channels, np.int32), threshold)
        layers.append(
            Layer(
                name=f"member_{index}",
                kind=LayerKind.LINEAR,
                neuron=neuron,
                code=CODE,
                sources=(Source(COPY, weight),),
                bias=bias,
                threshold=threshold,
            )
        )
    source = Source(layers[-1].name, random.integers(-3, 4, (2, channels), np.int8))
    layers.append(last_layer(Precision(CODE.bits, 2), [source], np.zeros(2, np.int32)))
    return Network(SPIKES, (channels, 1, 1), STEPS, tuple(layers), name="coverage")


def possible(neuron: Lif) -> set[Bin]:
    """What a neuron of this member can meet at all."""
    return {each for each in product(SIGNS, ENDS, DISTANCES, PLACES) if _can(neuron, *each)}


def _can(neuron: Lif, sign: str, end: str, distance: str, place: str) -> bool:
    if end == "fits":
        return True
    if not neuron.limit:
        return False
    if distance in DISTANCES[:2] or neuron.reset == Reset.NONE:
        return True
    # After a spike 0 is stored, or what H is above Θ.
    return neuron.reset == Reset.SUBTRACT and end == "saturates high" and distance == "H > Θ + 1"


def met(network: Network, images: NDArray[Any]) -> dict[str, Counter[Bin]]:
    """How often each layer's neurons meet each bin, by the golden model."""
    trace = run(network, images)
    found = {}
    inputs = trace[f"{COPY}.spikes"][..., 0, 0].astype(np.int64)
    for layer in network.layers[1:-1]:
        neuron, threshold = layer.neuron, layer.threshold
        assert isinstance(neuron, Lif)
        assert threshold is not None
        potential = trace[f"{layer.name}.potential"].astype(np.int64)[..., 0, 0]
        sums = inputs @ layer.sources[0].weight.T.astype(np.int64)
        spikes = potential >= threshold
        left = neuron.left(potential, threshold.astype(np.int64), spikes)
        k, shift, towards_zero = neuron.kept_share
        product_ = (left << k) - left if k else left
        share = np.sign(product_) * (np.abs(product_) >> shift) if towards_zero else product_ >> shift
        ends = np.sign((share > neuron.limit) * 1 - (share < -neuron.limit)) if neuron.limit else np.zeros_like(share)
        steps = np.arange(len(potential))[:, None, None]
        place = np.broadcast_to((steps > 0) * 1 + (steps == len(potential) - 1), potential.shape)
        distance = np.clip(potential - threshold, -2, 2)
        keys = zip(*((x.ravel()).tolist() for x in (np.sign(sums), ends, distance, place)), strict=True)
        counts = Counter(keys)
        found[layer.name] = Counter(
            {
                (SIGNS[sign + 1], ENDS[end + 1], DISTANCES[far + 2], PLACES[when]): number
                for (sign, end, far, when), number in counts.items()
            }
        )
    return found


def covering_images(network: Network, count: int, seed: int = 0) -> NDArray[np.uint8]:
    """Spikes [T, N, C, 1, 1] of every density."""
    random = np.random.default_rng(seed)
    shape = network.time_steps, count, *network.input_shape
    return (random.random(shape) < random.random((1, count, 1, 1, 1))).astype(np.uint8)


def chosen_images(network: Network, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A few of the images that meet what all of them meet, found greedily, in their order."""
    of_image = [
        {(name, each) for name, counts in met(network, images[:, [i]]).items() for each in counts}
        for i in range(images.shape[1])
    ]
    left, chosen = set[tuple[str, Bin]]().union(*of_image), []
    while left:
        best = max(range(len(of_image)), key=lambda i: len(of_image[i] & left))
        left -= of_image[best]
        chosen.append(best)
    return images[:, sorted(chosen)]
