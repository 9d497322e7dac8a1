"""``mint mutation``: what is done is kept, what is counted is said."""

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

import sim.accelerator.mutants
import sim.array.mutants
from hdl.formal.mutation import Mutant
from mint.app import app
from mint.commands.mutation import Progressed, print_summary, score, summary
from sim.accelerator.subjects import SUBJECTS

runner = CliRunner()
MUTANTS = [Mutant(f"mutate -mode inv -module m -cell c{n} -port A -portbit 0", f"line {n}") for n in range(5)]


@pytest.mark.parametrize(
    ("modules", "asked", "drawn"),
    [(("processing_element",), 8, 2), pytest.param(sim.array.mutants.MODULES, 4, 4, marks=pytest.mark.nightly)],
    ids=["an element", "all"],
)
def test_command_goes_on_where_it_was(tmp_path, monkeypatch, modules, asked, drawn):
    whole = sim.array.mutants.campaign(tmp_path)
    part = replace(whole, modules={name: whole.modules[name] for name in modules})
    monkeypatch.setattr(sim.array.mutants, "campaign", lambda folder: part)
    output = tmp_path / "mutation.json"
    command = ["mutation", "--mutants", str(asked), "-o", str(output)]
    result = runner.invoke(app, [*command, "--minutes", "0"])
    assert result.exit_code == 1
    assert f"{drawn} mutants are not done" in result.stderr
    result = runner.invoke(app, command)
    assert result.exit_code == 0, result.output
    report = json.loads(output.read_text(encoding="utf-8"))
    assert report["mutants"] == drawn
    assert report["killed"] + report["equivalent"] == drawn
    assert {"pyosys", "iverilog", "cocotb"} <= set(report["tools"])
    lines = (tmp_path / "mutation" / "outcomes.jsonl").read_text(encoding="utf-8")
    assert runner.invoke(app, [*command, "--minutes", "0"]).exit_code == 0
    assert (tmp_path / "mutation" / "outcomes.jsonl").read_text(encoding="utf-8") == lines


def test_equivalent_mutants_do_not_count_and_errors_do():
    assert score({"killed": 19, "equivalent": 7, "survived": 1, "error": 0}) == 95.0
    assert score({"killed": 19, "equivalent": 7, "survived": 0, "error": 1}) == 95.0
    assert score({"killed": 0, "equivalent": 7, "survived": 0, "error": 0}) == 0.0


def test_survivors_are_listed(capsys):
    outcomes = {
        mutant.command: {"status": status, "why": f"why {status}"}
        for mutant, status in zip(MUTANTS, ("killed", "equivalent", "survived", "error"), strict=False)
    }
    report = summary({"m": MUTANTS}, {"m": outcomes})
    assert {
        name: report["modules"]["m"][name] for name in ("killed", "equivalent", "survived", "error", "waiting")
    } == {
        "killed": 1,
        "equivalent": 1,
        "survived": 1,
        "error": 1,
        "waiting": 1,
    }
    assert report["score"] == 33.33
    print_summary(report)
    printed = capsys.readouterr().out
    assert "not noticed: m, c2 A[0], inv: line 2 (why survived)" in printed
    assert "not tried: m, c3 A[0], inv: line 3 (why error)" in printed


def test_accelerator_goes_on_where_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr(sim.accelerator.mutants, "SUBJECTS", {"layer_sequencer": SUBJECTS["layer_sequencer"]})
    output = tmp_path / "mutation.json"
    command = ["mutation", "--of", "accelerator", "--mutants", "2", "-o", str(output)]
    assert "2 mutants are not done" in runner.invoke(app, [*command, "--minutes", "0"]).stderr
    result = runner.invoke(app, command)
    assert result.exit_code == 0, result.output
    lines = (tmp_path / "mutation" / "outcomes.jsonl").read_text(encoding="utf-8")
    assert lines.count('"killed"') == json.loads(output.read_text(encoding="utf-8"))["killed"] == 2
    assert runner.invoke(app, [*command, "--minutes", "0"]).exit_code == 0
    assert (tmp_path / "mutation" / "outcomes.jsonl").read_text(encoding="utf-8") == lines


def test_what_its_bench_does_not_notice_waits_to_be_settled(tmp_path):
    known = Progressed(tmp_path / "outcomes.jsonl", {"m": "one"})
    known.add("m", MUTANTS[0], "unnoticed", "")
    report = summary({"m": MUTANTS[:1]}, known.outcomes)
    assert (report["waiting"], report["killed"]) == (1, 0)


def test_outcomes_of_another_design_do_not_count(tmp_path):
    path = tmp_path / "outcomes.jsonl"
    Progressed(path, {"m": "one"}).add("m", MUTANTS[0], "killed", "")
    Progressed(path, {"m": "one"}).add("m", MUTANTS[1], "error", "")
    with path.open("a", encoding="utf-8") as file:
        file.write('{"key": "one", "comm')
    assert set(Progressed(path, {"m": "one"}).outcomes["m"]) == {MUTANTS[0].command}
    assert Progressed(path, {"m": "two"}).outcomes == {"m": {}}
