"""A planted fault in each of the accelerator's components, which the component's own bench finds, and it alone."""

from unittest import mock

import pytest

from sim.accelerator import cosim
from sim.accelerator.mutants import cosimulate
from sim.accelerator.subjects import SUBJECTS
from sim.harness.port import simulate_in_amaranth
from tests.hdl.formal.mutants import mutant

UPPER = "self.potentials[-1] ^ self.potentials[-2]"
FAULTS = {
    "layer_sequencer": ("running | ~first | (self.frame != 0)", "running | ~first"),
    "cluster, shared": ("current + (bias + added)", "current + (bias + added)[: len(leaving) - 1].as_signed()"),
    "fire_sequencer, joins": ("self.start | (due & last_lane)", "self.start | due"),
    "input_writer, planes": ("(expected ^ self.last)", "expected & ~self.last"),
    "event_writer, conv": ("self.last | ~self._inside()", "self.last"),
    "event_bank": ("self.release | self.discard", "self.release"),
    "event_bank, counts": (" & ~count.all()", ""),
    "membrane_memory": ("written, self.potentials", f"written, Mux({UPPER}, ~self.potentials, self.potentials)"),
    "pixel_window": ("self.read.eq(running & advance & inside)", "self.read.eq(running & advance)"),
    "pixel_window, spikes": ("self.read.eq(running & advance & inside)", "self.read.eq(running & advance)"),
    "result_stream": ("logits[0] > best", "logits[0] >= best"),
    "skip_unit": (
        "payload.row.eq(word.row + index)",
        "payload.row.eq(Cat((word.row + index)[: len(word.row) - 1], word.row[-1]))",
    ),
    "word_feeder, joins": ("self.read.eq(running & advance & loops.inside)", "self.read.eq(running & advance)"),
}
PLACES = {
    "cluster": "lanes",
    "input_writer": "input_memory",
    "event_writer": "input_memory",
    "event_bank": "input_memory",
    "membrane_memory": "lanes",
    "pixel_window": "feed",
    "word_feeder": "feed",
}
"""The modules of the accelerator that use a component, where that is not the accelerator's own."""
FIRST, *OTHERS = FAULTS


@pytest.mark.parametrize("name", FAULTS)
def test_the_own_bench_finds_a_planted_fault(name):
    subject = SUBJECTS[name]()
    faulty = mutant(subject.kind, *FAULTS[name])
    with pytest.raises((AssertionError, TimeoutError)):
        simulate_in_amaranth(faulty(subject.argument(subject.design.config)), subject.check)


@pytest.mark.parametrize("name", [FIRST, *(pytest.param(name, marks=pytest.mark.nightly) for name in OTHERS)])
def test_the_accelerators_bench_alone_does_not(name, tmp_path):
    subject = SUBJECTS[name]()
    place = f"hdl.accelerator.{PLACES.get(subject.module, 'accelerator')}.{subject.kind.__name__}"
    with mock.patch(place, mutant(subject.kind, *FAULTS[name])):
        text = cosim.accelerator_text(subject.design.network, subject.design.config)
    assert text != cosim.accelerator_text(subject.design.network, subject.design.config)
    assert cosimulate(subject, text, tmp_path) is None
