"""Packed codes: what is packed comes back, and the bits are where docs/bundle.md says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.network.packing import pack, packed_size, unpack

WIDTHS = range(1, 9)


@given(st.integers(1, 8), st.integers(1, 4), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_every_code_comes_back(width: int, rows: int, codes: int, seed: int) -> None:
    limit = 2 ** (width - 1)
    drawn = np.random.default_rng(seed).integers(-limit, limit, (rows, codes), np.int8)
    packed = pack(drawn, width)
    assert packed.shape == (rows, packed_size(codes, width))
    assert (unpack(packed, codes, width) == drawn).all()


@given(st.integers(1, 8), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_a_row_is_one_little_endian_number(width: int, codes: int, seed: int) -> None:
    """Code i, modulo 2^width, is digit i of the row in base 2^width."""
    limit = 2 ** (width - 1)
    drawn = np.random.default_rng(seed).integers(-limit, limit, (1, codes), np.int8)
    number = sum(int(code) % 2**width << (width * place) for place, code in enumerate(drawn[0]))
    assert pack(drawn, width).tobytes() == number.to_bytes(packed_size(codes, width), "little")


def test_a_kernel_is_a_row_in_its_own_order() -> None:
    kernel = np.arange(-6, 6, dtype=np.int8).reshape(2, 3, 2, 1)
    assert (pack(kernel, 4) == pack(kernel.reshape(2, 6), 4)).all()


@pytest.mark.parametrize(("width", "bit"), [(2, 6), (2, 7), (5, 15), (3, 9)])
def test_a_bit_after_the_last_code_is_refused(width: int, bit: int) -> None:
    data = np.array([[1 << bit]], "<u8").view(np.uint8)[:, : packed_size(3, width)]
    with pytest.raises(ValueError, match=f"a bit after the last of 3 codes of {width} bits is set"):
        unpack(data, 3, width)
