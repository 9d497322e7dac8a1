"""Windows of memory-free neurons where time steps are outermost: sums of earlier frames are made again.

A layer keeps no sums and no membranes. The memories that it reads hold the spikes of the last frames, and the sum is

    Σ_j σ_j·(A[t - d·j] << e_j)          by falling e_j: acc <- (acc << ...) + σ_j·A[t - d·j]

which is the doubling between the bit planes of pixels: a frame's *turns* take the place of a layer's rounds. Of counts
a turn adds a bit plane, and bit p of tap j has the shift e_j + p.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.neurons import MemoryFree, Neuron


class Turn(NamedTuple):
    """A pass over a layer's inputs: those of ``back`` frames before, added with this sign, 0 for none of them; of
    counts, their bit ``plane``, the most significant one being 0; then, perhaps, what was added so far is doubled."""

    sign: int
    back: int
    doubles: bool
    plane: int = 0


def turns(neuron: Neuron | None, frames: int | None, planes: int = 1) -> tuple[Turn, ...]:
    """Those of a neuron's window in recordings of so many frames, None for any number, on inputs of so many bit planes;
    none where a frame's potential is its own sum and bias."""
    if not isinstance(neuron, MemoryFree):
        return ()
    backs = [(sign, shift, neuron.dilation * j) for j, (sign, shift) in enumerate(neuron.taps) if sign]
    backs = [each for each in backs if frames is None or each[2] < frames]
    if backs == [(1, 0, 0)]:
        return ()
    found: list[Turn] = []
    for shift in reversed(range(max((shift for _, shift, _ in backs), default=0) + planes)):
        bits = [(shift - each, sign, back) for sign, each, back in backs]
        own = [Turn(sign, back, False, planes - 1 - bit) for bit, sign, back in bits if 0 <= bit < planes]
        own = own or [Turn(0, 0, False)]
        found += [*own[:-1], own[-1]._replace(doubles=shift > 0)]
    return tuple(found)


def remembered(stored: NDArray[np.signedinteger], history: tuple[Turn, ...], frames: int) -> NDArray[np.signedinteger]:
    """What is read in every turn, [H, W, turns, words, runs], of what each frame has, [H, W, planes, words, runs]; the
    runs are frames of recordings of ``frames``, before which there is nothing."""
    found = np.zeros((*stored.shape[:2], len(history), *stored.shape[3:]), stored.dtype)
    of_frames = stored.reshape(*stored.shape[:-1], -1, frames)
    for index, turn in enumerate(history):
        if turn.sign and turn.back < frames:
            there = of_frames[:, :, turn.plane]
            own = found[:, :, index].reshape(there.shape)
            own[..., turn.back :] = there[..., : frames - turn.back]
            found[:, :, index] = own.reshape(found[:, :, index].shape)
    return found
