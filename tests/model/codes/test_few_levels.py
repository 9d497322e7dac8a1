"""Codes of few levels, which store fewer bits than a level has."""

import numpy as np
import pytest

from model.codes import CODES, Binary, Powers5, Powers7, WeightCode
from model.errors import UserError


@pytest.mark.parametrize(
    ("code", "bits", "value_width", "levels"),
    [
        (Binary(), 1, 2, (-1, 1)),
        (Powers5(), 3, 3, (-2, -1, 0, 1, 2)),
        (Powers7(), 3, 4, (-4, -2, -1, 0, 1, 2, 4)),
    ],
)
def test_levels_and_their_codes(code: WeightCode, bits: int, value_width: int, levels: tuple[int, ...]) -> None:
    assert CODES[code.name].of(bits) == code
    assert (code.bits, code.value_width, code.levels, code.limit) == (bits, value_width, levels, levels[-1])
    assert code.levels == tuple(-level for level in reversed(levels)), "folding may flip signs"
    codes = code.encode(np.array(levels, np.int8))
    assert len(set(codes.tolist())) == len(levels)
    assert -(1 << (bits - 1)) <= codes.min() <= codes.max() < max(1, 1 << (bits - 1))
    assert code.decode(codes).tolist() == list(levels)
    with pytest.raises(UserError, match=f"{code.name} weights of 2 bits; they have {bits}"):
        CODES[code.name].of(2)
