"""Which benches notice what: faults, no faults, hangs, and simulations that say nothing."""

import pytest

import sim.array.mutants
from hdl.formal.mutation import Mutant, design_text, list_mutants
from sim.array.mutants import CONFIG, judge, run_bench
from sim.harness.simulators import SimulationError

UNUSED = Mutant("mutate -mode inv -module systolic_array -cell pe_0_0 -port rst -portbit 0", "")
"""No fault: an element has no reset."""


@pytest.fixture(scope="module")
def text():
    return design_text(CONFIG)


@pytest.fixture(scope="module")
def faults(text, tmp_path_factory):
    return list_mutants(text, "processing_element", 1, 3, tmp_path_factory.mktemp("list"))


def test_faults_are_killed(text, faults, tmp_path):
    outcomes = judge(text, faults, tmp_path)
    assert [outcome.status for outcome in outcomes] == ["killed"] * 3
    assert all(outcome.why.startswith("processing_element: cycle ") for outcome in outcomes)


def test_no_fault_is_proved_equivalent(text, tmp_path):
    assert [outcome.status for outcome in judge(text, [UNUSED], tmp_path)] == ["equivalent"]


def test_what_no_bench_notices_and_no_proof_excuses_survives(text, faults, tmp_path, monkeypatch):
    monkeypatch.setattr(sim.array.mutants, "run_bench", lambda text, mutants, *rest: [None] * len(mutants))
    outcome = judge(text, faults[-1:], tmp_path)[0]  # the proof of the first takes most of a minute
    assert (outcome.status, outcome.why) == ("survived", "some input makes a difference")


def test_a_bench_that_never_runs_kills_nothing(text, faults, tmp_path, monkeypatch):
    simulate = sim.array.mutants.simulate
    monkeypatch.setattr(
        sim.array.mutants, "simulate", lambda *args, **options: simulate(*args, **options, only="nothing")
    )
    outcomes = judge(text, faults, tmp_path)
    assert {outcome.status for outcome in outcomes} == {"error"}
    assert "no bench of sim.array.bench_mutants ran" in outcomes[0].why


def changed(monkeypatch, change):
    """Let ``change`` turn the Verilog of the mutants into another."""
    write = sim.array.mutants.write_mutants
    monkeypatch.setattr(sim.array.mutants, "write_mutants", lambda *args: change(write(*args)))


def test_a_simulation_that_does_not_build_kills_nothing(text, faults, tmp_path, monkeypatch):
    changed(monkeypatch, lambda verilog: verilog.replace("endmodule", "", 1))
    outcomes = judge(text, faults, tmp_path)
    assert {outcome.status for outcome in outcomes} == {"error"}
    assert "icarus cannot build processing_element" in outcomes[0].why


def test_a_bench_that_fails_without_a_mutant_is_an_error(text, faults, tmp_path, monkeypatch):
    changed(monkeypatch, lambda verilog: verilog.replace("preload ?", "!preload ?"))
    with pytest.raises(SimulationError, match="the bench of processing_element fails without a mutant: cycle"):
        run_bench(text, faults, "processing_element", tmp_path)


def test_a_mutant_that_hangs_is_killed_and_the_next_is_tried(text, faults, tmp_path, monkeypatch):
    spin = "  reg spin = 0;\n  always @(posedge clk) while (mutant == 2) spin = !spin;\nendmodule"

    def spinning(verilog):
        before, module, after = verilog.partition("module processing_element")
        return before + module + after.replace("endmodule", spin, 1)

    changed(monkeypatch, spinning)
    said = run_bench(text, faults, "processing_element", tmp_path, timeout_s=5)
    assert said[1] == "not over after 5 s"
    assert all(what.startswith("cycle ") for what in (said[0], said[2]))
