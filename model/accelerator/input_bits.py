"""What every layer reads, from the golden model: single bits, of which every set one is an addition."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.golden.network import LayerTrace, check_images, forward, pooled
from model.network.graph import LayerKind, PoolKind
from model.network.network import INPUT, Network


def layer_inputs(
    network: Network, images: NDArray[Any], membranes: dict[str, Any] | None = None
) -> dict[str, list[NDArray[np.uint8]]]:
    """Bits [rounds, N, H, W, C] that each layer reads of ``images``, of every weighted source, as
    :func:`~model.golden.network.forward` finds them.

    Rounds are time steps, and for the first layer on pixels or counts the bit planes of each, most significant first.
    Max pooling is done; sum pooling is not, as every spike of a count is added by itself. A linear first layer reads
    [rounds, N, 1, 1, C·H·W].
    """
    check_images(network, images)
    spikes: dict[str, NDArray[np.uint8]] = {}

    def keep(name: str, trace: LayerTrace) -> None:
        spikes[name] = trace.spikes.transpose(0, 1, 3, 4, 2)

    forward(network, images, keep, membranes)

    def read(origin: str) -> NDArray[np.uint8]:
        if origin == INPUT:
            return _input_bits(network, images)
        bits, pool = spikes[origin], network.layer(origin).pool
        if pool and pool.kind == PoolKind.MAX:
            whole = pooled(bits.reshape(-1, *bits.shape[2:]), pool)
            bits = whole.reshape(*bits.shape[:2], *whole.shape[1:]).astype(np.uint8)
        return bits

    return {layer.name: [read(source.origin) for source in layer.sources] for layer in network.layers}


def _input_bits(network: Network, images: NDArray[Any]) -> NDArray[np.uint8]:
    steps = images[None] if network.inputs.static else images
    if network.inputs.planes > 1:
        planes = np.arange(network.inputs.planes, dtype=np.uint8)[::-1].reshape(-1, 1, 1, 1, 1)
        steps = (steps.astype(np.uint8)[:, None] >> planes & 1).reshape(-1, *steps.shape[1:])
    if network.layers[0].kind == LayerKind.LINEAR:
        steps = steps.reshape(*steps.shape[:2], -1, 1, 1)
    return steps.transpose(0, 1, 3, 4, 2).astype(np.uint8)
