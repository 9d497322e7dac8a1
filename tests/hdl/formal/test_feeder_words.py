"""The word feeder reads and hands on the words of its loops; a planted bug is found."""

from dataclasses import replace

import pytest

from hdl.accelerator.word_feeder import WordFeeder
from hdl.formal.feeder_words import feeder_words
from hdl.formal.proof import prove
from tests.hdl.formal.mutants import check_refuted, mutant, some_now


def test_words_are_those_of_the_loops():
    record = prove(replace(feeder_words(), covers=("cover_outside",), cover_cycles=8))
    assert record.covers == ("outside",)


@pytest.mark.parametrize(
    ("old", "new"),
    some_now(
        1,
        [
            ('"row": stride * row_step', '"row": row_step'),  # another row's words
            ('"kernel_row": plan.kernel[1] * plan.source_channels', '"kernel_row": plan.source_channels'),
            ("(value >= 0) & (value < limit)", "(value < limit)"),  # reads the padding
            ("Mux(found, self.data, 0)", "Mux(found & self.o.ready, self.data, 0)"),
            ("some | item.fire |", "item.fire |"),  # leaves words out
            (".source_memory for plan in plans]", ".memory for plan in plans]"),
        ],
    ),
)
def test_a_bug_is_found(old, new):
    check_refuted(feeder_words(mutant(WordFeeder, old, new)))


@pytest.mark.nightly
def test_words_of_counts_are_read_for_each_plane():
    record = prove(replace(feeder_words(count_bits=2), covers=("cover_doubles",), cover_cycles=12))
    assert record.covers == ("doubles",)


@pytest.mark.parametrize(
    ("old", "new"),
    some_now(
        1,
        [
            ("Quantity(0, {PLANE: 1})", "Quantity(1, {PLANE: 1})"),
            ("else round_step,", "else 2 * round_step,"),
            ("ends, sums = loops.plane_ends, loops.round_ends", "ends, sums = loops.round_ends, loops.last_round"),
            ("self.plane.eq(loops.plane)", "self.plane.eq(0)"),
        ],
    ),
)
def test_a_bug_of_counts_is_found(old, new):
    check_refuted(feeder_words(mutant(WordFeeder, old, new), count_bits=2))


@pytest.mark.parametrize(
    ("old", "new"),
    some_now(
        1,
        [
            ("inside &= self.age >= back", "inside &= self.age > back"),  # never the first frame
            ("inside &= ~blank", ""),  # reads in a turn of nothing
            ('"turn": Quantity(0, turn)', '"turn": Quantity(0, {})'),  # always the first turn's frame
            ("int(turn.sign < 0)", "int(turn.sign > 0)"),
            ("| doubles)", ")"),
        ],
    ),
)
def test_a_bug_of_windows_of_frames_is_found(old, new):
    check_refuted(feeder_words(mutant(WordFeeder, old, new), windows=True))
