"""Fixed-point arithmetic of the integer law, on Python integers and NumPy integer arrays alike.

Everything that training, the golden model and the RTL must agree on to the last bit is stated
here once. ``>>`` is the arithmetic shift of Python and NumPy: it rounds towards minus infinity.
"""

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


def store(potential: Integer, width: int, leak: int) -> Integer:
    """Membrane code that is kept of a potential H that did not fire.

    r = 0: sat(H); r >= 1: sat(H >> r). With r = 0 or 1 and a step shared by weights and
    membrane these are the two orders of the MINT neuron (arXiv 2305.09850): the slides leak on
    load, the released code leaks before the store.
    """
    return saturate(potential >> leak, width)


def load(membrane: Integer, leak: int) -> Integer:
    """What a stored code contributes to the next potential: U >> 1 (r = 0) or U << (r-1)."""
    return membrane >> 1 if leak == 0 else membrane << (leak - 1)


def load_range(width: int, leak: int) -> tuple[int, int]:
    """Least and greatest value of :func:`load` over all codes of ``width`` bits."""
    limit = code_limit(width)
    return load(-limit, leak), load(limit, leak)


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
