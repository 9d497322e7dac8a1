"""Names of files and in files that would drive a terminal, or that no encoding has: they are printed as escapes."""

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mint.app import app
from mint.console import Printer
from mint.report import command_line
from model.config import Precision
from model.files.text import all_printable, printable, shown
from model.network import bundle
from model.network.validation import LONGEST_NAME
from model.training.named import integers
from sim.networks.small_networks import first_layer

ESCAPE = "\x1b[31mred\udc80"
SAFE = r"\x1b[31mred\udc80"


def test_a_file_of_any_name_is_checked_and_estimated(tmp_path: Path) -> None:
    path = tmp_path / f"{ESCAPE}.safetensors"
    result = CliRunner().invoke(app, ["check", str(path)])
    assert result.exit_code == 2
    assert f"{SAFE}.safetensors: no such file" in result.output
    bundle.write(first_layer("linear", "spikes", (1, 2, 2)), path)
    assert CliRunner().invoke(app, ["check", str(path)]).exit_code == 0
    command = ["estimate", "--bundle", str(path), "--density", "0.5", "-o", str(tmp_path)]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert SAFE in result.output
    assert "\x1b" not in result.output
    assert json.loads((tmp_path / "estimate.json").read_bytes())["network"] == f"{SAFE}.safetensors"


def test_what_is_printed_cannot_drive_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    printer = Printer(highlight=False, markup=False)
    printer.print(f"{ESCAPE}\nÜ\x9b2J Θ\n1\t2", soft_wrap=True)
    assert capsys.readouterr().out.expandtabs() == f"{SAFE}\nÜ\\x9b2J Θ\n1       2\n"


def test_what_is_recorded_can_be_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["mint", "train", ESCAPE])
    assert command_line() == f"mint train '{SAFE}'"
    assert all_printable({ESCAPE: [ESCAPE, 1, (None, "Ü")]}) == {SAFE: [SAFE, 1, [None, "Ü"]]}
    assert shown("x" * 100, 10) == '"xxxxxxxx…'
    assert printable("a\u202eb\u2028") == r"a\u202eb\u2028"


def test_a_long_path_is_no_reason_to_refuse_a_network(tmp_path: Path) -> None:
    file = tmp_path / ("d" * 200) / "mine.py"
    file.parent.mkdir()
    file.write_bytes(
        b"from model.training.networks import Size, named\n\n\ndef net(precision):\n"
        b"    return named('mlp', Size(precision, 1.0, (1, 28, 28), 10, 4))\n"
    )
    network = integers(f"{file}:net", Precision(4, 4), width=1.0, time_steps=None, dataset="mnist")
    assert len(network.name) == LONGEST_NAME
    assert network.name.endswith("mine.py:net")
