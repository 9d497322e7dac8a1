"""What proofs of the accelerator's components assume of it holds in its co-simulation, in every cycle."""

import re
from contextlib import ExitStack
from unittest import mock

import pytest

from hdl.accelerator.lanes import Lanes
from hdl.formal.equivalence import own_names, ports_of, registers_of, remembered
from hdl.formal.mutation import flat_text, instance
from sim.accelerator import cosim
from sim.accelerator.mutants import cosimulate
from sim.accelerator.subjects import SUBJECTS
from tests.hdl.formal.mutants import mutant

BROKEN = "assumed, and not so"
DESIGNS = {
    "joins": ["word_feeder, joins", "fire_sequencer, joins", "cluster, shared", "result_stream"],
    "streaming": ["layer_sequencer", "membrane_memory"],
    "rows": ["skip_unit", "fire_sequencer, rows", "cluster, relays"],
    "maps": ["word_feeder, rows"],
    "window": ["pixel_window"],
    "window_of_spikes": ["pixel_window, spikes", "fire_sequencer, at once"],
    "spikes": ["input_writer, spikes"],
    "planes": ["input_writer, planes"],
    "events": ["event_writer, window", "event_bank"],
    "events, words": ["event_writer, conv"],
    "events, linear": ["event_writer, linear"],
    "events, counted": ["event_writer, counts", "event_bank, counts"],
}
BY_DAY = ("joins", "streaming")


def watched(subject, folder):
    """Verilog of a component with its assumptions beside it: each that is 0 at a clock edge is printed."""
    top = subject.module
    text = flat_text(subject.component, top, folder)
    ports, registers = ports_of(text, top), registers_of(text, top)
    connected = ", ".join(f".\\{name} (\\{name} )" for _, _, name in ports)
    own = zip(own_names(registers), registers, strict=True)
    lines = [
        f"module {top}({', '.join(f'{kind} {span} {chr(92)}{name} ' for kind, span, name in ports)});",
        f"{top}_itself itself({connected});",
        *(f"wire {span} {seen} = itself.{name} ;" for (span, seen), (_, name) in own),
        *remembered([(span, name) for _, span, name in ports]),
        subject.surroundings.state,
    ]
    for number, assumed in enumerate(subject.surroundings.assumed):
        said = f'$display("{BROKEN}: {top} {number}")'
        lines.append(f"always @(posedge clk) if (({assumed}) === 1'b0) {said};")
    itself = re.sub(rf"^module {top}\(", f"module {top}_itself(", text, count=1, flags=re.MULTILINE)
    return "\n".join([itself, *lines, "endmodule\n"])


def broken(names, folder):
    """The assumptions that do not hold in the accelerator of these subjects, and what its bench says."""
    subjects = [SUBJECTS[name]() for name in names]
    design = subjects[0].design
    assert all(subject.design is design for subject in subjects)
    texts = [watched(subject, folder / subject.module) for subject in subjects]
    with ExitStack() as stack:
        for subject, text in zip(subjects, texts, strict=True):
            known = {name for _, _, name in ports_of(text, f"{subject.module}_itself")}
            without = [name for name in ("clk", "rst") if name not in known]
            stack.enter_context(mock.patch.object(subject.kind, "elaborate", instance(subject.module, without)))
        whole = cosim.accelerator_text(design.network, design.config)
    noticed = cosimulate(subjects[0], whole + "".join(texts), folder / "accelerator")
    log = (folder / "accelerator" / "simulation" / "simulation.log").read_text(encoding="utf-8")
    return set(re.findall(rf"{BROKEN}: (.*)", log)), noticed


def test_every_subject_is_watched():
    assert sorted(name for names in DESIGNS.values() for name in names) == sorted(SUBJECTS)


@pytest.mark.parametrize(
    "design", [name if name in BY_DAY else pytest.param(name, marks=pytest.mark.nightly) for name in DESIGNS]
)
def test_the_accelerator_keeps_what_is_assumed(design, tmp_path):
    assert broken(DESIGNS[design], tmp_path) == (set(), None)


def test_an_assumption_that_is_not_kept_is_noticed(tmp_path):
    moody = mutant(Lanes, "memory.sums.eq(last)", "memory.sums.eq(last & self.neuron.potential)")
    with mock.patch("hdl.accelerator.accelerator.Lanes", moody):
        assert "membrane_memory 2" in broken(["membrane_memory"], tmp_path)[0]  # which memory, all through a layer
