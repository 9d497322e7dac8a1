"""Codes of a few bits packed into bytes, as a bundle stores them (docs/bundle.md)."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

_BYTE = 8


def packed_size(codes: int, width: int) -> int:
    """Bytes of a row of ``codes`` codes of ``width`` bits: ⌈codes · width / 8⌉."""
    return -(-codes * width // _BYTE)


def pack(codes: NDArray[np.int8], width: int) -> NDArray[np.uint8]:
    """Rows of bytes [rows, packed_size] from codes [rows, …], each row on its own; ``width`` is 1 to 8.

    Code i of a row, in two's complement, is bits i·width … i·width + width - 1 of the row, bit 0 being the least
    significant of the first byte. The bits after the last code are 0. Codes fit ``width`` bits; nothing checks it here.
    """
    rows = codes.reshape(len(codes), -1).view(np.uint8)
    packed = np.zeros((len(rows), -(-rows.shape[1] // _BYTE) * width), np.uint8)
    for place, byte, own in _places(width):
        part = rows[:, place::_BYTE] & ((1 << width) - 1)
        packed[:, byte::width][:, : part.shape[1]] |= part << own
        if own + width > _BYTE:
            packed[:, byte + 1 :: width][:, : part.shape[1]] |= part >> (_BYTE - own)
    return np.ascontiguousarray(packed[:, : packed_size(rows.shape[1], width)])


def unpack(data: NDArray[np.uint8], codes: int, width: int) -> NDArray[np.int8]:
    """Codes [rows, codes] from what :func:`pack` gives; ValueError if a bit after the last code is set.

    Takes at most twice the memory of the codes, and twice that of ``data``.
    """
    groups = -(-codes // _BYTE)
    padded = np.pad(data, ((0, 0), (0, groups * width - data.shape[1])))
    found = np.empty((len(data), groups, _BYTE), np.int8)
    for place, byte, own in _places(width):
        part = padded[:, byte::width] >> own
        if own + width > _BYTE:
            part |= padded[:, byte + 1 :: width] << (_BYTE - own)
        # To the top of the byte, and back down with its sign.
        found[:, :, place] = (part << (_BYTE - width)).view(np.int8) >> (_BYTE - width)
    flat = found.reshape(len(data), -1)
    if flat[:, codes:].any():
        raise ValueError(f"a bit after the last of {codes} codes of {width} bits is set")
    return np.ascontiguousarray(flat[:, :codes])


def _places(width: int) -> Iterator[tuple[int, int, int]]:
    """Of eight codes, which are ``width`` bytes: each one's place, and the byte and the bit that it begins with."""
    for place in range(_BYTE):
        yield place, *divmod(place * width, _BYTE)
