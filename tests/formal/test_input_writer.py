"""Every beat of a whole packet stands in its place, what is malformed fills no bank; a planted bug is found."""

from dataclasses import replace

import pytest

from hdl.formal.input_writer import input_writer
from hdl.formal.proof import prove
from hdl.input_writer import InputWriter
from tests.formal.mutants import check_refuted, mutant


def test_images_stand_in_their_banks():
    record = prove(replace(input_writer("spikes", "conv"), covers=("cover_after_long",)))
    assert record.covers == ("after_long",)


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [
        ("pixels", "self.ready.eq(space | swallow)", "self.ready.eq(1)"),  # over an image that is read
        ("pixels", "filled.eq(whole)", "filled.eq(taken & self.last)"),  # an image that is too short
        (
            "pixels",
            "Mux(expected | self.last | swallow, 0,",
            "Mux(expected | self.last, 0,",
        ),  # counts what it throws away
        ("pixels", "m.d.sync += swallow.eq(1)", "m.d.sync += swallow.eq(0)"),  # the rest is taken for an image
        ("pixels", "m.d.sync += self.bank.eq(~self.bank)", "pass"),  # into the same bank
        ("spikes", "nest.start.eq(~begun | whole | broken | swallow)", "nest.start.eq(~begun | whole)"),
        ("spikes", '{"step": 1, "row"', '{"step": 2, "row"'),  # an address that is another beat's
    ],
)
def test_a_bug_is_found(kind, old, new):
    check_refuted(input_writer(kind, "conv", mutant(InputWriter, old, new)))
