"""Words of any width as NumPy bits and as hexadecimal text, one word a line, as ``$readmemh`` reads it.

Bits are [words, width] uint8, bit 0 first. A line has as many digits as the width needs.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Bits = NDArray[np.uint8]

_DIGITS = np.frombuffer(b"0123456789abcdef", np.uint8)
_UNKNOWN = 255
_VALUES = np.full(256, _UNKNOWN, np.uint8)
_VALUES[_DIGITS] = np.arange(16, dtype=np.uint8)
_WEIGHTS = np.array([1, 2, 4, 8], np.uint8)


def digits(width: int) -> int:
    """Hexadecimal digits of a word."""
    return -(-width // 4)


def to_bits(values: ArrayLike, width: int) -> Bits:
    """Integers [..., n] as two's complement fields side by side: [..., n * width]."""
    numbers = np.asarray(values, np.int64)
    bits = (numbers[..., None] >> np.arange(width)) & 1
    return bits.astype(np.uint8).reshape(*numbers.shape[:-1], numbers.shape[-1] * width)


def from_bits(bits: Bits, *, signed: bool) -> NDArray[np.int64]:
    """The integers whose bits the last axis holds."""
    width = bits.shape[-1]
    place = np.left_shift(np.int64(1), np.arange(width, dtype=np.int64))
    if signed and width:
        place[-1] = -place[-1]
    return bits.astype(np.int64) @ place


def to_integers(bits: Bits) -> list[int]:
    """Each word as a number without sign."""
    return [int.from_bytes(row.tobytes(), "little") for row in np.packbits(bits, axis=1, bitorder="little")]


def to_hex(bits: Bits) -> str:
    """One line a word, each with its line feed."""
    words, width = bits.shape
    padded = np.zeros((words, digits(width) * 4), np.uint8)
    padded[:, :width] = bits
    text = np.empty((words, digits(width) + 1), np.uint8)
    text[:, :-1] = _DIGITS[padded.reshape(words, digits(width), 4) @ _WEIGHTS][:, ::-1]
    text[:, -1] = ord("\n")
    return text.tobytes().decode()


def from_hex(text: str, width: int) -> Bits:
    """The bits of :func:`to_hex`; ValueError for a line of another length or with a digit that is none (x, z)."""
    length = digits(width) + 1
    raw = np.frombuffer(text.encode(), np.uint8)
    if len(raw) % length or (raw.reshape(-1, length)[:, -1] != ord("\n")).any():
        raise ValueError(f"words of {width} bits need lines of {length - 1} digits")
    values = _VALUES[raw.reshape(-1, length)[:, -2::-1]]
    unknown = np.flatnonzero((values == _UNKNOWN).any(1))
    if len(unknown):
        word = int(unknown[0])
        raise ValueError(f"word {word} is {text[word * length : (word + 1) * length - 1]}")
    bits = (values[:, :, None] >> np.arange(4, dtype=np.uint8)) & 1
    return bits.astype(np.uint8).reshape(len(values), 4 * digits(width))[:, :width]
