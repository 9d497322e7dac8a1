"""AdamW's moments in eight bits, block by block, where a state must be small.

A block of 256 shares its greatest magnitude m. The average is kept as sign(x)·√(|x|/m), the mean square as ∜(x/m)
rounded up, so that a small one does not become 0 and a step of its weight not too long.
"""

import numpy as np
from numpy.typing import NDArray

BLOCK = 256
SIGNED, UNSIGNED = 127, 255
Reals = NDArray[np.float32]


def _blocks(values: Reals) -> tuple[Reals, Reals]:
    flat = np.pad(values.ravel(), (0, -values.size % BLOCK)).reshape(-1, BLOCK)
    return flat, np.abs(flat).max(1, keepdims=True)


def narrow_average(values: Reals) -> tuple[NDArray[np.int8], Reals]:
    """Codes [blocks, 256] and scales [blocks, 1] of a signed average."""
    flat, scale = _blocks(values)
    share = np.abs(flat) / np.maximum(scale, np.finfo(np.float32).tiny)
    return (np.sign(flat) * np.rint(SIGNED * np.sqrt(share))).astype(np.int8), scale


def wide_average(codes: NDArray[np.int8], scale: Reals, shape: tuple[int, ...]) -> Reals:
    """The values again, about."""
    share = codes.astype(np.float32) / SIGNED
    return _cut((np.sign(share) * share * share * scale).astype(np.float32), shape)


def narrow_square(values: Reals) -> tuple[NDArray[np.uint8], Reals]:
    """Codes and scales of a mean square, which is not negative."""
    flat, scale = _blocks(values)
    share = flat / np.maximum(scale, np.finfo(np.float32).tiny)
    return np.ceil(UNSIGNED * np.sqrt(np.sqrt(share))).clip(0, UNSIGNED).astype(np.uint8), scale


def wide_square(codes: NDArray[np.uint8], scale: Reals, shape: tuple[int, ...]) -> Reals:
    """The values again, hardly ever less than they were."""
    share = codes.astype(np.float32) / UNSIGNED
    return _cut((share**4 * scale).astype(np.float32), shape)


def _cut(flat: Reals, shape: tuple[int, ...]) -> Reals:
    return flat.ravel()[: int(np.prod(shape))].reshape(shape)
