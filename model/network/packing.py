"""Codes of a few bits packed into bytes, as a bundle stores them (docs/bundle.md)."""

import numpy as np
from numpy.typing import NDArray

_BYTE = 8
_GROUP = 8
"""Codes that fill whole bytes, whatever their width: as many bytes as a code has bits."""
_WORD = np.dtype("<u8")
"""Holds a group."""
_BITS = _BYTE * _WORD.itemsize
_AT_ONCE = 1 << 16
"""Codes."""


def packed_size(codes: int, width: int) -> int:
    """Bytes of a row of ``codes`` codes of ``width`` bits: ⌈codes · width / 8⌉."""
    return -(-codes * width // _BYTE)


def pack(codes: NDArray[np.int8], width: int) -> NDArray[np.uint8]:
    """Rows of bytes [rows, packed_size] from codes [rows, …], each row on its own; ``width`` is 1 to 8.

    Code i of a row, in two's complement, is bits i·width … i·width + width - 1 of the row, bit 0 being the least
    significant of the first byte. The bits after the last code are 0. Codes fit ``width`` bits; nothing checks it here.
    """
    rows = codes.reshape(len(codes), -1)
    count = rows.shape[1]
    groups = np.zeros((len(rows), -(-count // _GROUP)), _WORD)
    for place in range(min(_GROUP, count)):
        part = rows[:, place::_GROUP].view(np.uint8) & np.uint8((1 << width) - 1)
        groups[:, : part.shape[1]] |= part.astype(_WORD) << np.uint64(place * width)
    packed = groups[..., None].view(np.uint8)[..., :width].reshape(len(rows), -1)
    return np.ascontiguousarray(packed[:, : packed_size(count, width)])


def unpack(data: NDArray[np.uint8], codes: int, width: int) -> NDArray[np.int8]:
    """Codes [rows, codes] from what :func:`pack` gives; ValueError if a bit after the last code is set.

    Takes little more than the memory of the codes.
    """
    found = np.empty((len(data), codes), np.int8)
    rows = max(1, _AT_ONCE // max(1, codes))
    for start in range(0, len(data), rows):
        part = slice(start, start + rows)
        unpacked = _unpack(data[part], -(-codes // _GROUP), width)
        if unpacked[:, codes:].any():
            raise ValueError(f"a bit after the last of {codes} codes of {width} bits is set")
        found[part] = unpacked[:, :codes]
    return found


def _unpack(data: NDArray[np.uint8], groups: int, width: int) -> NDArray[np.int8]:
    """All codes of so many groups; what is not there is 0."""
    padded = np.zeros((len(data), groups * width), np.uint8)
    padded[:, : data.shape[1]] = data
    words = np.zeros((len(data), groups, _WORD.itemsize), np.uint8)
    words[..., :width] = padded.reshape(len(data), groups, width)
    found = np.empty((len(data), groups, _GROUP), np.int8)
    for place in range(_GROUP):
        # To the top of the word, and back down with its sign.
        top = words.view(_WORD)[..., 0] << np.uint64(_BITS - (place + 1) * width)
        found[:, :, place] = top.view(np.int64) >> (_BITS - width)
    return found.reshape(len(data), -1)
