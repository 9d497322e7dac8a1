"""Widths against their definition."""

from model.arithmetic import signed_width


def test_signed_width_is_the_least_that_holds_the_range() -> None:
    for low in range(-40, 1):
        for high in range(low, 41):
            width = signed_width(low, high)
            assert -(1 << (width - 1)) <= low
            assert high < 1 << (width - 1)
            assert width == 1 or low < -(1 << (width - 2)) or high >= 1 << (width - 2)
