"""A full bank has the number of every place's events, nothing is left of malformed packets; a planted bug is found."""

from dataclasses import replace

import pytest

from hdl.accelerator.event_bank import EventBank
from hdl.accelerator.event_writer import EventWriter
from hdl.formal.input_events import input_events
from hdl.formal.proof import prove
from tests.hdl.formal.mutants import check_refuted, mutant, some_now

FORWARDS, FORGETS = "Mux(again, written, own.data)", "Mux(again & ~place[0], written, own.data)"


@pytest.mark.parametrize(
    ("layout", "count_bits", "cover"),
    [
        ("steps", 1, "both_full"),
        ("window", 1, "after_thrown"),
        ("linear", 1, "full_behind"),
        ("window", 2, "beyond"),
        pytest.param("linear", 2, "beyond", marks=pytest.mark.nightly),
    ],
)
def test_events_stand_in_their_banks(layout, count_bits, cover):
    record = prove(replace(input_events(layout, count_bits), covers=(f"cover_{cover}",)))
    assert record.covers == (cover,)


@pytest.mark.parametrize(
    ("layout", "old", "new"),
    some_now(
        3,
        [
            ("steps", "self.last | ~self._inside()", "self.last"),  # an event beyond the input
            ("steps", '(self._field("y") < rows)', '(self._field("y") <= rows)'),
            ("steps", "event & ~broken", "event"),  # the event that is malformed
            ("steps", "self.discard.eq(broken << bank)", "self.discard.eq((broken & ends) << bank)"),
            ("steps", "self.clean & ~self.full", "self.clean"),  # into a bank that is read
            ("steps", "self.clean & ~self.full", "~self.full"),  # before it is clean
            ("steps", "(swallow | broken) & ~self.last", "swallow & ~self.last"),  # the rest is a packet
            ("steps", "filled.eq(whole << bank)", "filled.eq((taken & self.last) << bank)"),  # a packet too short
            ("steps", "Mux(whole | broken | swallow, 0, step + ends)", "Mux(whole, 0, step + ends)"),
            ("steps", "times(y, columns * steps)", "times(y, columns)"),
            ("window", "steps - 1 - step", "step"),  # the first time step lowest
            ("linear", "times(step, first.words)", "times(step, 1)"),
            ("linear", "times(channel, rows * columns)", "times(channel, rows)"),
        ],
    ),
)
def test_a_bug_of_the_writer_is_found(layout, old, new):
    check_refuted(input_events(layout, writer=mutant(EventWriter, old, new)))


@pytest.mark.parametrize(
    ("count_bits", "old", "new"),
    some_now(
        4,
        [
            (1, FORWARDS, FORGETS),  # the event before, in the same word
            (1, "again.eq(setting & (place == self.set_address))", "again.eq(place == self.set_address)"),
            (2, " & ~count.all()", ""),  # the greatest count and one is none
            (2, FORWARDS, FORGETS),
            (1, "self.release | self.discard", "self.release"),
            (1, "swept == config.input_words - 1", "swept == config.input_words - 2"),
            (1, "found | (1 << place_index)", "found ^ (1 << place_index)"),  # an event that comes twice
            (1, "self.clean.eq(0), swept.eq(0)", "self.clean.eq(0)"),
            (2, "~count.all()", "~count[-1]"),  # up to half of it
            (2, "again.eq(setting & (place == self.set_address))", "again.eq(setting)"),
        ],
    ),
)
def test_a_bug_of_a_bank_is_found(count_bits, old, new):
    check_refuted(input_events("window", count_bits, bank=mutant(EventBank, old, new)))
