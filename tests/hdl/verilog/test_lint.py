"""The generated Verilog in tools that others use: Verilator's linter and Yosys."""

import subprocess
import sys
from pathlib import Path

import pytest

from hdl.array.systolic_array import SystolicArray
from hdl.verilog.text import verilog_text
from model.array import ArrayConfig
from model.config import Precision
from model.neurons import Lif

ROOT = Path(__file__).parents[3]
WAIVERS = ROOT / "hdl" / "verilog" / "mint.vlt"
CONFIGS = [
    ArrayConfig(precision=Precision(2, 2), neurons=Precision(2, 2).lifs(1), rows=4, columns=3, accumulator_width=15),
    ArrayConfig(
        precision=Precision(4, 8),
        rows=2,
        columns=1,
        accumulator_width=17,
        neurons=Precision(4, 8).lifs(0, 1, 5),
        joins=True,
    ),
    ArrayConfig(
        precision=Precision(8, 4),
        neurons=(Lif(3, 2), Lif(4, 0)),
        rows=1,
        columns=2,
        accumulator_width=21,
        time_steps=1,
        retire=True,
    ),
]


def lint(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("verilator-cli")
    command = [program, "--lint-only", "-Wall", *arguments]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=False)


@pytest.mark.parametrize("config", CONFIGS, ids=["w2u2", "w4u8", "w8u4"])
def test_verilator_has_nothing_to_say(tmp_path: Path, config: ArrayConfig) -> None:
    path = tmp_path / "mint.v"
    path.write_text(verilog_text(SystolicArray(config), "mint_array"), encoding="utf-8")
    result = lint(str(WAIVERS), str(path))
    assert (result.returncode, result.stderr) == (0, "")


def test_the_linter_would_say_something(tmp_path: Path) -> None:
    path = tmp_path / "mint.v"
    path.write_text("module mint(input a, output b, output c);\n  assign b = a;\nendmodule\n", encoding="utf-8")
    result = lint(str(WAIVERS), str(path))
    assert result.returncode != 0
    assert "UNDRIVEN" in result.stderr


def test_every_waiver_has_a_reason() -> None:
    rules = [line for line in WAIVERS.read_text(encoding="utf-8").splitlines() if line.startswith("lint_off")]
    assert 0 < len(rules) < 10
    assert all("//" in line for line in rules)


def test_yosys_maps_the_file_as_it_is_to_ecp5(tmp_path: Path) -> None:
    """abc9 takes a wire called ``a[0]`` for a bit of ``a``; there must be none."""
    text = verilog_text(SystolicArray(CONFIGS[0]), "mint_array")
    assert not any(line.startswith("  wire") and "[0] ;" in line for line in text.splitlines())
    path = tmp_path / "mint.v"
    path.write_text(text, encoding="utf-8")
    script = f"read_verilog {path}; synth_ecp5 -top mint_array; check -assert; select -assert-none t:MULT18X18D"
    code = f"from pyosys import libyosys as ys; ys.run_pass({script!r}, ys.Design())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
