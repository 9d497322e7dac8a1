"""Fixed-point arithmetic of the integer law, on Python integers and NumPy integer arrays alike."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Integer = TypeVar("Integer", int, NDArray[np.int64])


def code_limit(width: int) -> int:
    """Largest code Q = 2^(width-1) - 1 of a narrow-range signed code -Q ... Q."""
    return (1 << (width - 1)) - 1


def saturate(value: Integer, width: int) -> Integer:
    """Clamp ``value`` to the codes -Q ... Q of ``width`` bits."""
    limit = code_limit(width)
    if isinstance(value, np.ndarray):
        return np.clip(value, -limit, limit)
    return max(-limit, min(limit, value))


def truncated(value: Integer, shift: int) -> Integer:
    """``value`` / 2^shift, rounded towards zero."""
    below = value < 0
    up = ((1 << shift) - 1) * (below.astype(value.dtype) if isinstance(value, np.ndarray) else below)
    return (value + up) >> shift


def signed_width(low: int, high: int) -> int:
    """Bits of the two's complement number that holds every integer from ``low`` to ``high``."""
    return max((~low if low < 0 else low).bit_length(), (~high if high < 0 else high).bit_length()) + 1


def wrap(value: Integer, width: int) -> Integer:
    """``value`` as a two's complement number of ``width`` bits keeps it."""
    half = 1 << (width - 1)
    return ((value + half) & ((1 << width) - 1)) - half


def number_width(limit: int) -> int:
    """Bits of a counter that holds 0 ... limit - 1, at least one."""
    return max(1, (limit - 1).bit_length())
