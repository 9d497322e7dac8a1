"""Which mutants of the accelerator's components are noticed, and simulations that say nothing."""

import pytest

import sim.harness.compiled
from hdl.formal.mutation import flat_text
from sim.accelerator.mutants import judge, run_bench, subject_mutants
from sim.accelerator.subjects import SUBJECTS
from sim.harness.simulators import SimulationError

NAME = "layer_sequencer"


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    subject = SUBJECTS[NAME]()
    return flat_text(subject.component, subject.module, tmp_path_factory.mktemp("text"))


@pytest.fixture(scope="module")
def faults(text, tmp_path_factory):
    return subject_mutants(text, NAME, 5, tmp_path_factory.mktemp("list"))


def test_modes_take_turns_and_every_fault_is_killed(text, faults, tmp_path):
    assert len({mutant.option("mode") for mutant in faults}) >= 3
    outcomes = judge(NAME, text, faults, tmp_path)
    assert [outcome.status for outcome in outcomes] == ["killed"] * 5
    assert all(outcome.why.startswith("layer_sequencer: cycle ") for outcome in outcomes)


def test_a_simulation_that_dies_kills_nothing_and_the_next_is_tried(text, faults, tmp_path, monkeypatch):
    dying = 'if (*cxxrtl_get(design, "mutant")->curr == 2) abort();\n  cxxrtl_step(design);'
    shim = sim.harness.compiled.SHIM.replace("cxxrtl_step(design);", dying, 1)
    monkeypatch.setattr(sim.harness.compiled, "SHIM", shim)
    said = run_bench(text, faults[:3], NAME, tmp_path)
    assert said[1].noticed is None
    assert "died" in said[1].died
    assert said[0].noticed
    assert said[2].noticed


def test_a_bench_that_fails_without_a_mutant_is_an_error(text, faults, tmp_path):
    broken = text.replace("assign working = ", "assign working = !", 1)
    assert broken != text
    with pytest.raises(SimulationError, match="the bench of layer_sequencer fails without a mutant: cycle"):
        run_bench(broken, subject_mutants(broken, NAME, 1, tmp_path / "list"), NAME, tmp_path)
    assert judge(NAME, "module nothing; endmodule", faults[:1], tmp_path)[0].status == "error"
