"""The fire sequencer's neurons, parameters and places are those of its loops; a planted bug is found."""

from dataclasses import replace

import pytest

from hdl.accelerator.fire_sequencer import FireSequencer
from hdl.formal.fire_places import fire_places
from hdl.formal.proof import prove
from tests.hdl.formal.mutants import check_refuted, mutant, some_now


@pytest.mark.parametrize(("kind", "share"), [("spikes", 2), ("pixels", 1)])
def test_places_are_those_of_the_loops(kind, share):
    record = prove(replace(fire_places(kind, share), covers=("cover_second_step",), cover_cycles=12))
    assert record.covers == ("second_step",)


@pytest.mark.parametrize(
    ("kind", "share", "old", "new"),
    some_now(
        3,
        [
            ("spikes", 1, "row.eq(row + (within_row == pool))", "row.eq(row + 1)"),  # drops what the pool has
            ("spikes", 1, "address.eq(address + step_size)", "address.eq(address + 1)"),
            ("spikes", 1, "(within_row != 0) | (within_column != 0)", "within_column != 0"),
            ("spikes", 1, '"column": place, "step"', '"column": plan.groups, "step"'),  # another place's shortcut
            ("spikes", 2, '{"group": share}', '{"group": 1}'),  # another group's parameters
            ("spikes", 2, "Mux(due, Mux(last_lane, 0, self.index + 1), self.index)", "self.index"),
            ("pixels", 1, "int(p.spiking and p.fires_steps_together)", "int(p.spiking)"),
            ("pixels", 2, "self.neuron.keep.eq(~last_step)", "self.neuron.keep.eq(last_step)"),
        ],
    ),
)
def test_a_bug_is_found(kind, share, old, new):
    check_refuted(fire_places(kind, share, mutant(FireSequencer, old, new)))
