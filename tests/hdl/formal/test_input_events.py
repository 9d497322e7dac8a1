"""Every bit of a full bank is 1 if its event came, and nothing is left of malformed packets; a planted bug is found."""

from dataclasses import replace

import pytest

from hdl.accelerator.event_bank import EventBank
from hdl.accelerator.event_writer import EventWriter
from hdl.formal.input_events import input_events
from hdl.formal.proof import prove
from tests.hdl.formal.mutants import check_refuted, mutant, some_now


@pytest.mark.parametrize(
    ("layout", "cover"), [("steps", "both_full"), ("window", "after_thrown"), ("linear", "full_behind")]
)
def test_events_stand_in_their_banks(layout, cover):
    record = prove(replace(input_events(layout), covers=(f"cover_{cover}",)))
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
    ("old", "new"),
    some_now(
        2,
        [
            (
                "Mux(again, written, own.data)",
                "Mux(again & ~place[0], written, own.data)",
            ),  # the event before, in the same word
            ("again.eq(setting & (place == self.set_address))", "again.eq(place == self.set_address)"),
            ("self.release | self.discard", "self.release"),
            ("swept == config.input_words - 1", "swept == config.input_words - 2"),
            ("found | (1 << place_index)", "found ^ (1 << place_index)"),  # an event that comes twice
            ("self.clean.eq(0), swept.eq(0)", "self.clean.eq(0)"),
        ],
    ),
)
def test_a_bug_of_a_bank_is_found(old, new):
    check_refuted(input_events("window", bank=mutant(EventBank, old, new)))
