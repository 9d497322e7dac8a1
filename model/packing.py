"""Codes of a few bits packed into bytes, as a bundle stores them (docs/bundle.md)."""

import numpy as np
from numpy.typing import NDArray

_BYTE = 8


def packed_size(codes: int, width: int) -> int:
    """Bytes of a row of ``codes`` codes of ``width`` bits: ⌈codes · width / 8⌉."""
    return -(-codes * width // _BYTE)


def pack(codes: NDArray[np.int8], width: int) -> NDArray[np.uint8]:
    """Rows of bytes [rows, packed_size] from codes [rows, …], each row on its own.

    Code i of a row, in two's complement, is bits i·width … i·width + width - 1 of the row, bit 0 being the least
    significant of the first byte. The bits after the last code are 0. Codes fit ``width`` bits; nothing checks it here.
    """
    rows = len(codes)
    octets = np.ascontiguousarray(codes, np.int8).view(np.uint8).reshape(rows, -1, 1)
    bits = np.unpackbits(octets, axis=2, count=width, bitorder="little")
    return np.packbits(bits.reshape(rows, -1), axis=1, bitorder="little")


def unpack(data: NDArray[np.uint8], codes: int, width: int) -> NDArray[np.int8]:
    """Codes [rows, codes] from what :func:`pack` gives; ValueError if a bit after the last code is set."""
    bits = np.unpackbits(data, axis=1, bitorder="little")
    if bits[:, codes * width :].any():
        raise ValueError(f"a bit after the last of {codes} codes of {width} bits is set")
    own = bits[:, : codes * width].reshape(len(data), codes, width)
    sign = np.repeat(own[:, :, -1:], _BYTE - width, axis=2)
    octets = np.packbits(np.concatenate([own, sign], axis=2), axis=2, bitorder="little")
    return octets[:, :, 0].view(np.int8)
