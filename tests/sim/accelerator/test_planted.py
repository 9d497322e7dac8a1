"""A planted fault in each of the accelerator's components, which the component's own bench finds."""

import pytest

from sim.accelerator.cases import CASES
from tests.hdl.formal.mutants import mutant
from tests.sim.accelerator.components import run

FAULTS = {
    "cluster": ("Mux(self.neuron.keep, leaving, 0)", "leaving"),
    "fire_sequencer": ("row.eq(row + (within_row == pool))", "row.eq(row + 1)"),
    "input_writer": (
        "broken.eq(taken & ~swallow & (expected ^ self.last))",
        "broken.eq(taken & ~swallow & expected & ~self.last)",
    ),
    "layer_sequencer": ("self.working.eq(running | ~first),", "self.working.eq(running),"),
    "membrane_memory": ("behind.eq(place)", "behind.eq(due)"),
    "pixel_window": ("(nest.values.x < self.plan.source_map[1])", "(nest.values.x <= self.plan.source_map[1])"),
    "result_stream": ("logits[0] > best", "logits[0] >= best"),
    "skip_unit": ("doubling.eq(word.double & last)", "doubling.eq(word.double)"),
    "word_feeder": ("found.eq(loops.inside)", "found.eq(1)"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_the_own_bench_finds_a_planted_fault(name):
    case = CASES[name]()
    faulty = mutant(type(case.component), *FAULTS[name])
    with pytest.raises((AssertionError, TimeoutError)):
        run(faulty(case.arguments[0]), case.check, *case.arguments)
