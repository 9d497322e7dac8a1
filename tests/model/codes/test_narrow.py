"""The weight code of MINT, and what every code derives from its levels."""

import numpy as np
import pytest

from model.codes import CODES, Narrow
from model.codes.narrow import WIDTHS
from model.errors import UserError


@pytest.mark.parametrize("width", WIDTHS)
def test_levels_are_symmetric_and_fill_the_bits_but_for_one(width: int) -> None:
    code = CODES["narrow"].of(width)
    assert code == Narrow(width)
    assert code.levels == tuple(range(1 - 2 ** (width - 1), 2 ** (width - 1)))
    assert (code.bits, code.value_width, code.limit) == (width, width, code.levels[-1])
    levels = np.array(code.levels, np.int8)
    assert (code.decode(code.encode(levels)) == levels).all()
    assert (code.accumulator_width, code.bias_limit) == (width + 13, 2 ** (width + 11) - 1)
    assert code.threshold_limit == 2 ** (width + 12) - 1


@pytest.mark.parametrize("width", [0, 1, 9])
def test_other_widths_are_refused(width: int) -> None:
    with pytest.raises(UserError, match=f"a weight width of {width} bits is not supported; choose 2 to 8"):
        Narrow(width)
