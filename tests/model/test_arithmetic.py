"""The law's arithmetic against its definition, over every code and every small value."""

import math

import numpy as np
import pytest

from model.arithmetic import code_limit, load, load_range, saturate, signed_width, store
from model.config import WIDTHS


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("leak", range(6))
def test_store_floors_the_shift_and_saturates_on_both_sides(width: int, leak: int) -> None:
    limit = code_limit(width)
    span = (limit + 3) << leak
    hit = set()
    for potential in range(-span, span + 1):
        wanted = max(-limit, min(limit, math.floor(potential / 2**leak)))
        assert store(potential, width, leak) == wanted
        hit.add(wanted)
    assert hit == set(range(-limit, limit + 1))


@pytest.mark.parametrize("width", WIDTHS)
def test_load_halves_each_code(width: int) -> None:
    codes = range(-code_limit(width), code_limit(width) + 1)
    for code in codes:
        assert load(code, 0) == math.floor(code / 2)
        for leak in range(1, 6):
            assert load(code, leak) == code * 2 ** (leak - 1)
    for leak in range(6):
        assert load_range(width, leak) == (min(load(c, leak) for c in codes), max(load(c, leak) for c in codes))


@pytest.mark.parametrize("leak", range(6))
def test_every_leak_halves_the_membrane_and_minus_one_never_decays(leak: int) -> None:
    assert load(store(2**10, 16, leak), leak) == 2**9
    code = store(-1, 4, leak)
    assert code == -1
    for _ in range(8):
        code = store(load(code, leak), 4, leak)
    assert code == -1


def test_arrays_and_integers_agree() -> None:
    values = np.arange(-300, 300)
    for leak in range(4):
        assert store(values, 4, leak).tolist() == [store(int(v), 4, leak) for v in values]
        assert load(saturate(values, 8), leak).tolist() == [load(saturate(int(v), 8), leak) for v in values]


def test_signed_width_is_the_least_that_holds_the_range() -> None:
    for low in range(-40, 1):
        for high in range(low, 41):
            width = signed_width(low, high)
            assert -(1 << (width - 1)) <= low
            assert high < 1 << (width - 1)
            assert width == 1 or low < -(1 << (width - 2)) or high >= 1 << (width - 2)
