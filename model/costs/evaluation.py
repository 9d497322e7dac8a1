"""Accuracy, spike density and operations of the integer model on a set of images."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.datasets import Split, for_network
from model.errors import require
from model.golden.network import LayerTrace, chunks, classify, forward, pooled, weighted_sum
from model.network.graph import Layer, LayerKind, Source
from model.network.network import INPUT, Network


@dataclass
class LayerActivity:
    """What one layer did, per image: neurons, share of neuron-steps that spiked, accumulations."""

    name: str
    neurons: int
    density: float
    dense_operations: int
    """Weights that an array without zero skipping adds or masks: fan-in × neurons × T, of counts × their bit planes, or
    × 8 of pixels."""
    operations: float
    """Weights that are really added: one for every spike, or set bit of a pixel or count, at an input."""


@dataclass
class Evaluation:
    """``correct`` of ``images`` are classified right; ``accuracy`` is that in percent.

    Of ``ties`` several classes have the greatest logit, and the lowest of them counts.
    """

    accuracy: float
    correct: int
    ties: int
    images: int
    layers: list[LayerActivity]


def require_classes(network: Network, labels: NDArray[np.int64]) -> None:
    """Refuse labels that ``network`` has no class for."""
    classes, largest = network.layers[-1].channels, int(labels.max())
    require(
        largest < classes, f"the images have labels up to {largest}, the network {classes} classes; choose its data set"
    )


def evaluate(network: Network, split: Split, progress: Callable[[int], None] | None = None) -> Evaluation:
    """Run the golden model on every image of ``split``."""
    require_classes(network, split.labels)
    spikes = {layer.name: 0 for layer in network.layers}
    correct = ties = 0
    counts = {layer.name: 0.0 for layer in network.layers}
    for part, images in chunks(network, for_network(split.images)):
        handed: dict[str, np.ndarray] = {}

        def observe(name: str, trace: LayerTrace, handed: dict[str, np.ndarray] = handed) -> None:
            spikes[name] += int(trace.spikes.sum(dtype=np.int64))
            handed[name] = trace.spikes

        logits = forward(network, images, observe)
        correct += int((classify(logits) == split.labels[part]).sum())
        ties += int(((logits == logits.max(1, keepdims=True)).sum(1) > 1).sum())
        for layer in network.layers:
            counts[layer.name] += sum(_additions(network, layer, s, images, handed) for s in layer.sources)
        if progress:
            progress(part.stop - part.start)
    layers = []
    for layer in network.layers:
        neurons = int(np.prod(network.shapes[layer.name]))
        layers.append(
            LayerActivity(
                name=layer.name,
                neurons=neurons,
                density=spikes[layer.name] / (len(split) * neurons * network.time_steps),
                dense_operations=sum(s.fan_in * network.largest_repeat(s.origin) for s in layer.sources)
                * neurons
                * network.rounds(layer),
                operations=counts[layer.name] / len(split),
            )
        )
    return Evaluation(100 * correct / len(split), correct, ties, len(split), layers)


def _additions(
    network: Network, layer: Layer, source: Source, images: np.ndarray, handed: dict[str, np.ndarray]
) -> float:
    """Additions that the inputs of one source cause: every set bit, once per output that it reaches."""
    if source.origin == INPUT:
        bits = np.bitwise_count(images.astype(np.uint8))
        x = bits.reshape(-1, *network.input_shape).transpose(0, 2, 3, 1)
    else:
        spikes = handed[source.origin]
        x = pooled(spikes.reshape(-1, *spikes.shape[2:]).transpose(0, 2, 3, 1), network.layer(source.origin).pool)
    if layer.kind == LayerKind.LINEAR:
        return float(x.sum(dtype=np.int64)) * layer.channels
    each = x.sum(-1, keepdims=True, dtype=np.int32)  # of all channels at a place
    ones = Source(source.origin, np.ones_like(source.weight[:1, :1]), source.stride, source.padding)
    dtype = np.float32 if int(each.max()) * ones.fan_in < 2**24 else np.float64  # exact
    return float(weighted_sum(each, ones, layer.kind, dtype).sum(dtype=np.float64)) * layer.channels
