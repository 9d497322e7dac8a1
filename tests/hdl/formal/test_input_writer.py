"""Every beat of a whole packet stands in its place, what is malformed fills no bank; a planted bug is found."""

from dataclasses import replace

import pytest

from hdl.accelerator.input_writer import InputWriter
from hdl.formal.input_writer import input_writer
from hdl.formal.proof import prove
from tests.hdl.formal.mutants import check_refuted, mutant, some_now


@pytest.mark.parametrize(
    ("kind", "layer", "cover"),
    [
        ("spikes", "conv", "after_long"),
        ("spikes", "linear", "after_short"),
        ("pixels", "linear", "rest_of_broken"),
        ("counts", "linear", "third"),
    ],
)
def test_images_stand_in_their_banks(kind, layer, cover):
    record = prove(replace(input_writer(kind, layer), covers=(f"cover_{cover}",)))
    assert record.covers == (cover,)


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    some_now(
        3,
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
    ),
)
def test_a_bug_is_found(kind, old, new):
    check_refuted(input_writer(kind, "conv", mutant(InputWriter, old, new)))


@pytest.mark.parametrize(
    ("old", "new"),
    some_now(
        1,
        [
            ("Mux(last, 0, beat[rest:])", "Mux(last, beat[rest:], 0)"),  # what is beyond the last input
            ("Mux(ends | last, 0, number + 1)", "Mux(last, 0, number + 1)"),  # goes on after a broken packet
        ],
    ),
)
def test_a_bug_of_the_last_word_is_found(old, new):
    check_refuted(input_writer("spikes", "linear", mutant(InputWriter, old, new)))


@pytest.mark.parametrize(
    ("old", "new"),
    some_now(
        3,
        [
            ("row.eq(row + first.words)", "row.eq(row + 1)"),  # a plane over the next word's
            (
                "bit & ~ends if k >= fewest else bit",
                "bit",
            ),  # what is left of the word before, as the last word's pixels
            ("(filling ^ captured) == which", "filling == which"),  # into the word that is being written
            ("(~writing | last_plane)", "(~writing | ~ends)"),  # before the word's last plane
            ("place.eq(0), waiting.eq(0), number.eq(0)", "place.eq(0), waiting.eq(0)"),  # goes on after a broken packet
            ("& ~(writing & ends) & space", "& space"),  # an image before the one before it is whole
            ("even[::-1], odd[::-1]", "even, odd"),  # the least significant plane first
        ],
    ),
)
def test_a_bug_of_planes_is_found(old, new):
    check_refuted(input_writer("pixels", "linear", mutant(InputWriter, old, new)))
