"""The zero-skip bound: the cycles of lanes that are busy with a set bit, and with nothing else.

Of an image, with a layer's inputs laid out for each output position (im2col), spikes of all time steps, pixels by their
set bits once::

    bound  = Σ_layers nnz(inputs) · ⌈C_out / lanes⌉
    useful = Σ_layers nnz(inputs) · C_out / lanes

The first is in cycles, each with some lanes at work; the second in cycles with all lanes at work, so useful / cycles is
the utilisation of the lanes. The bound is that of one input at a time: lanes in rows add several at once, and such a
layer may take fewer cycles.
Computed from network and golden model, with nothing of the accelerator.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from model.network.graph import Layer, LayerKind, PoolKind, Source
from model.network.network import INPUT, Network


def set_bits(network: Network, layer: Layer, inputs: Sequence[NDArray[np.uint8]]) -> NDArray[np.int64]:
    """nnz, [N], of what ``layer`` reads, of each source [rounds, N, H, W, C] as
    :func:`model.accelerator.input_bits.layer_inputs` has it."""
    each = zip(layer.sources, inputs, strict=True)
    return np.sum([_source_bits(network, layer, source, bits) for source, bits in each], axis=0)


def _source_bits(network: Network, layer: Layer, source: Source, bits: NDArray[np.uint8]) -> NDArray[np.int64]:
    places: NDArray[Any] = bits.sum((0, 4), dtype=np.int64)
    pool = network.layer(source.origin).pool if source.origin != INPUT else None
    if pool and pool.kind == PoolKind.SUM:
        n, rows, columns = len(places), places.shape[1] // pool.size, places.shape[2] // pool.size
        places = places[:, : rows * pool.size, : columns * pool.size]
        places = places.reshape(n, rows, pool.size, columns, pool.size).sum((2, 4))
    if layer.kind == LayerKind.LINEAR:
        return places.sum((1, 2))
    pad, kernel = source.padding, source.weight.shape[-1]
    padded = np.pad(places, ((0, 0), (pad, pad), (pad, pad)))
    windows = sliding_window_view(padded, (kernel, kernel), (1, 2))[:, :: source.stride, :: source.stride]
    return windows.sum((1, 2, 3, 4))


def bound_cycles(nnz: NDArray[np.int64], channels: int, lanes: int) -> NDArray[np.int64]:
    """Cycles with at least one lane at work."""
    return nnz * -(-channels // lanes)


def useful_cycles(nnz: NDArray[np.int64], channels: int, lanes: int) -> NDArray[np.float64]:
    """Cycles, if all lanes were at work in each."""
    return nnz * channels / lanes
