"""The skip unit hands out what is set, and a planted bug is found."""

import pytest

from hdl.accelerator.skip_unit import SkipUnit
from hdl.formal.proof import prove
from hdl.formal.skip_unit import OF_SEVERAL_BITS, skip_unit
from tests.hdl.formal.mutants import check_refuted, mutant


def test_every_set_bit_once():
    record = prove(skip_unit(3))
    assert record.covers[-2:] == tuple(cover.removeprefix("cover_") for cover in OF_SEVERAL_BITS)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("first.eq(some & ~_above_lowest(some))", "first.eq(some)"),  # the same bit of two blocks
        ("others = block & _above_lowest(block)", "others = block & ~_above_lowest(block)"),  # bits are lost
        ("alone = (one.any()) & ((some & ~first) == 0)", "alone = one.any()"),  # ends before the last block
        ("last.eq(alone | nothing)", "last.eq(alone)"),  # an empty word never ends
        ("doubling.eq(word.double & last)", "doubling.eq(word.double)"),  # doubles between the bits
        ("fire.eq(word.fire & last)", "fire.eq(word.fire)"),  # fires before the last bit
        ("with m.If(valid & self.o.ready):", "with m.If(valid):"),  # lost while it waits
        ("ready.eq(~valid | (last & self.o.ready))", "ready.eq(~valid | last)"),  # overwritten while it waits
        ("row.eq(word.row + index)", "row.eq(word.row | index)"),
    ],
)
def test_a_bug_is_found(old, new):
    check_refuted(skip_unit(9, mutant(SkipUnit, old, new)))
