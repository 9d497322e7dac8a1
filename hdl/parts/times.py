"""A number times a constant, by adders."""

from amaranth.hdl import Const, Value


def times(value: Value, factor: int) -> Value:
    """``factor`` · ``value``, a sum and difference of shifted values with as few of them as there are: no digit of the
    factor, -1, 0 or 1 each, is beside another one that is not 0."""
    found: Value = Const(0, 0)
    place = 0
    while factor >> place:
        rest = factor >> place
        if rest & 1:
            digit = 2 - (rest & 3)
            shifted = value << place
            found = found + shifted if digit > 0 else found - shifted
            factor -= digit << place
        place += 1
    return found
