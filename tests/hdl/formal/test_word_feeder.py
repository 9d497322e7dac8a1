"""The word feeder fires once for every hand-over, also where sources join; a planted bug is found."""

from dataclasses import replace

import pytest

from hdl.accelerator.word_feeder import WordFeeder
from hdl.formal.proof import prove
from hdl.formal.word_feeder import word_feeder
from tests.hdl.formal.mutants import check_refuted, mutant, some_now


def test_a_word_fires_for_every_hand_over():
    record = prove(replace(word_feeder(), covers=("cover_joined_fires",)))
    assert record.covers == ("joined_fires",)


@pytest.mark.parametrize(
    ("old", "new"),
    some_now(
        1,
        [
            ("loops, hands_over & last_source", "loops, hands_over"),  # after every source
            ("loops.final & last_source", "loops.final"),  # ends with the first source
            ("turn.eq(Mux(last_source, 0, turn + 1))", "turn.eq(0)"),  # leaves a source out
            ("goes_on & (turn == number) if len(nests) > 1 else goes_on", "goes_on"),  # loops that run on meanwhile
            ("advance.eq(~valid | self.o.ready)", "advance.eq(1)"),  # a word that is not taken
        ],
    ),
)
def test_a_bug_is_found(old, new):
    check_refuted(word_feeder(mutant(WordFeeder, old, new)))
