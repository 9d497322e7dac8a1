"""The words that an accelerator reads for a layer: how many tokens each of them becomes, in the order of the loops.

Which words are read, and in which order, depends on the layer alone; how many bits are set in them on the image. A
*hand-over* is what ends with a fire: one tile of positions and time step; of pixels, of rows of time steps and of the
last layer, one tile. After every bit plane of it but the last, sums double. A word is set where it is in any of its
rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from model.accelerator.layer_plan import LayerPlan

Counts = NDArray[np.signedinteger[Any]]


def count_type(plan: LayerPlan) -> type[np.signedinteger[Any]]:
    """The narrowest integers that hold the set bits of a word, or of a whole window."""
    bits = plan.source_channels * plan.kernel[0] * plan.kernel[1] if plan.window else plan.word_channels
    return np.int16 if bits <= np.iinfo(np.int16).max else np.int32


@dataclass(frozen=True)
class Words:
    """Words of one group of output channels; all groups read the same.

    Members
    -------
    bits : [hand-overs, words, N]
        Set bits of every word, before anything is left out.
    tokens : [hand-overs, words, N]
        Cycles of the lanes: the set bits; 1 for a word without any that is marked; 0 for one that is left out.
    """

    bits: Counts
    tokens: Counts


def stored_counts(inputs: Sequence[NDArray[np.uint8]], plan: LayerPlan) -> list[Counts]:
    """Of each source, set bits [H, W, rounds, words, N] of every word that is read, of what the layer reads of it,
    [steps, N, H, W, C].

    Of neighbouring positions in rows, the second axis has the words of a row of tiles: tile, kernel column, pooled
    column.
    """
    return [_stored(bits, source) for bits, source in zip(inputs, plan.sources, strict=True)]


def _stored(bits: NDArray[np.uint8], plan: LayerPlan) -> Counts:
    if plan.steps_together:
        bits = bits.reshape(plan.rows, plan.planes, *bits.shape[1:]).max(0)
    if plan.tile > 1:
        bits = _any_position(bits, plan)
    starts = np.arange(plan.words) * plan.word_channels
    counts = np.add.reduceat(bits, starts, axis=-1, dtype=count_type(plan))
    return np.ascontiguousarray(counts.transpose(2, 3, 0, 4, 1))


def _any_position(bits: NDArray[np.uint8], plan: LayerPlan) -> NDArray[np.uint8]:
    """What is set for any position of a tile, [steps, N, H, tile and place of the kernel's columns, C]."""
    pool, columns = plan.source_pool, plan.source_limit[1]
    shape = (*plan.tiles[1:], plan.kernel[1], pool)
    found = np.zeros((*bits.shape[:3], int(np.prod(shape)), bits.shape[4]), np.uint8)
    tile, kernel, pooled = (each.reshape(-1) for each in np.indices(shape))
    for row in range(plan.tile):
        position = tile * plan.tile + row
        place = (position * plan.stride + kernel - plan.padding) * pool + pooled
        there = (position < plan.positions[1]) & (place >= 0) & (place < columns)
        found[:, :, :, there] |= bits[:, :, :, place[there]]
    return found


def words_of(stored: Sequence[Counts], plan: LayerPlan) -> Words:
    """The words in the order in which they are read, of the counts that are stored."""
    each = zip(stored, plan.sources, strict=True)
    found = [_window(own, source) if source.window else _gathered(own, source) for own, source in each]
    if plan.history:  # joined sources take turns in every turn
        found = [own.reshape(len(own), plan.rounds, -1, own.shape[-1]) for own in found]
        counts = np.concatenate(found, 2).reshape(len(found[0]), -1, found[0].shape[-1])
    else:
        counts = np.concatenate(found, 1)
    doubles = np.zeros(counts.shape[1], bool)
    per_round = counts.shape[1] // plan.fire_rounds
    if plan.planes > 1 and not plan.history:  # the last word of every plane but the last
        doubles[per_round - 1 : -1 : per_round] = True
    for index, turn in enumerate(plan.history):
        doubles[(index + 1) * per_round - 1] = turn.doubles
    tokens = counts.copy()
    if doubles.any():
        begun = np.logical_or.accumulate(counts > 0, axis=1)
        tokens[:, doubles] = np.maximum(tokens[:, doubles], begun[:, doubles])
    tokens[:, -1] = np.maximum(tokens[:, -1], 1)
    return Words(counts, tokens)


def _window(stored: Counts, plan: LayerPlan) -> Counts:
    """[hand-overs, words, N]: a word is a plane, or a time step, of a whole window."""
    words = plan.fire_rounds
    pad, planes = plan.padding, stored[:, :, :, 0]
    if plan.tile > 1:
        columns = planes.reshape(len(planes), plan.tiles[1], plan.kernel[1], *planes.shape[2:])
        columns = columns.sum(2, dtype=stored.dtype)
        padded = np.pad(columns, ((pad, pad), *((0, 0),) * 3))
        windows = sliding_window_view(padded, plan.kernel[0], 0)[:: plan.stride]
        return windows.sum(-1, dtype=stored.dtype).reshape(-1, words, stored.shape[-1])
    padded = np.pad(planes, ((pad, pad), (pad, pad), (0, 0), (0, 0)))
    windows = sliding_window_view(padded, plan.kernel, (0, 1))[:: plan.stride, :: plan.stride]
    return windows.sum((-2, -1), dtype=stored.dtype).reshape(-1, words, stored.shape[-1])


def _gathered(stored: Counts, plan: LayerPlan) -> Counts:
    """[hand-overs, words, N]: round, kernel row, kernel column, pooled row, pooled column, word."""
    rows, columns = plan.source_limit
    pool, pad, images = plan.source_pool, plan.padding * plan.source_pool, stored.shape[-1]
    inside = stored[:rows] if plan.tile > 1 else np.pad(stored[:rows, :columns], ((0, 0), (pad, pad), *((0, 0),) * 3))
    padded = np.pad(inside, ((pad, pad), *((0, 0),) * 4))

    def places(positions: int, kernel: int) -> NDArray[np.int64]:
        starts = np.arange(positions)[:, None] * plan.stride + np.arange(kernel)
        return starts[..., None] * pool + np.arange(pool)

    y = places(plan.positions[0], plan.kernel[0])
    if plan.tile > 1:
        x = np.arange(stored.shape[1]).reshape(plan.tiles[1], plan.kernel[1], pool)
    else:
        x = places(plan.positions[1], plan.kernel[1])
    found: Any = padded[y[:, None, :, None, :, None], x[None, :, None, :, None, :]]
    found = found.transpose(0, 1, 6, 2, 3, 4, 5, 7, 8)
    tiles = plan.tiles[0] * plan.tiles[1]
    return found.reshape(tiles * (plan.rounds // plan.fire_rounds), -1, images)
