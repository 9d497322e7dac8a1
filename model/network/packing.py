"""Codes of a few bits packed into bytes, as a bundle stores them (docs/bundle.md)."""

import numpy as np
from numpy.typing import NDArray

_BYTE = 8


def packed_size(codes: int, width: int) -> int:
    """Bytes of a row of ``codes`` codes of ``width`` bits: ⌈codes · width / 8⌉."""
    return -(-codes * width // _BYTE)


def pack(codes: NDArray[np.int8], width: int) -> NDArray[np.uint8]:
    """Rows of bytes [rows, packed_size] from codes [rows, …], each row on its own; ``width`` is 2, 4 or 8.

    Code i of a row, in two's complement, is bits i·width … i·width + width - 1 of the row, bit 0 being the least
    significant of the first byte. The bits after the last code are 0. Codes fit ``width`` bits; nothing checks it here.
    """
    rows = codes.reshape(len(codes), -1).astype(np.uint8)
    packed = np.zeros((len(rows), packed_size(rows.shape[1], width)), np.uint8)
    for place, own in _places(width):
        part = rows[:, place :: _BYTE // width]
        packed[:, : part.shape[1]] |= (part & ((1 << width) - 1)) << own
    return packed


def unpack(data: NDArray[np.uint8], codes: int, width: int) -> NDArray[np.int8]:
    """Codes [rows, codes] from what :func:`pack` gives; ValueError if a bit after the last code is set.

    Takes at most twice the memory of the codes, and twice that of ``data``.
    """
    found = np.empty((*data.shape, _BYTE // width), np.int8)
    for place, own in _places(width):
        # To the top of the byte, and back down with its sign.
        found[:, :, place] = (data << (_BYTE - width - own)).view(np.int8) >> (_BYTE - width)
    flat = found.reshape(len(data), -1)
    if flat[:, codes:].any():
        raise ValueError(f"a bit after the last of {codes} codes of {width} bits is set")
    return np.ascontiguousarray(flat[:, :codes])


def _places(width: int) -> enumerate[int]:
    """Of the codes in a byte, each one's place and lowest bit."""
    return enumerate(range(0, _BYTE, width))
