"""Decoders of weight codes: what stands between a memory of codes and the lanes, which add levels."""

from collections.abc import Callable, Mapping

from amaranth.hdl import Array, Cat, Const, Value, signed

from model.codes import Binary, Powers5, Powers7
from model.codes.powers import PowersOfTwo

__all__ = ["DECODERS", "decoded"]


def _binary(code: Value, width: int) -> Value:
    """2·b - 1: the sign is the complement of the bit."""
    return Cat(Const(1, 1), (~code[0]).replicate(width - 1))


def _power(code: Value, width: int) -> Value:
    """±2^(|c| - 1), 0 for 0; what no code is gives anything."""
    bits = PowersOfTwo.WIDTH
    largest = Powers7.largest
    signs = [each - (1 << bits if each >> (bits - 1) else 0) for each in range(1 << bits)]
    levels = [(1 << abs(c) >> 1) * (-1 if c < 0 else 1) if abs(c) <= largest else 0 for c in signs]
    return Array(Const(level, signed(width)) for level in levels)[code[:bits]][
        :width
    ]  # without a sign, as all levels here


DECODERS: Mapping[str, Callable[[Value, int], Value]] = {
    Binary.name: _binary,
    Powers5.name: _power,
    Powers7.name: _power,
}
"""From a code to a level of so many bits; of what is not here, a code is its own level."""


def decoded(name: str, code: Value, width: int) -> Value:
    """The level, in ``width`` bits, of a ``code`` of that name."""
    if name in DECODERS:
        return DECODERS[name](code, width)
    return Cat(code, code[-1].replicate(width - len(code)))
