"""The command line: help, errors, start-up."""

import os
import subprocess
import sys
from importlib.metadata import version

import pytest
from typer.testing import CliRunner

from mint import app as mint_app
from mint.app import COMMANDS, app
from mint.report import command_line
from model.errors import Defect, UserError
from model.network.shipped import FOLDER

runner = CliRunner()
SHIPPED = FOLDER / "fashion-w4u4.safetensors"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_help_page(command):
    result = runner.invoke(app, [command, "--help"])
    assert result.exit_code == 0
    text = result.stdout.partition("Usage:")[2]
    assert len(text.split()) > 40, "a page, not a line"


def test_help_lists_the_commands():
    result = runner.invoke(app, ["--help"])
    assert result.exit_code == 0
    assert all(command in result.stdout for command in COMMANDS)


def test_help_imports_nothing_that_is_slow():
    code = (
        "import sys, typer.testing, mint.app; typer.testing.CliRunner().invoke(mint.app.app, ['--help']);"
        "print(*sorted({'torch', 'numba', 'amaranth', 'numpy', 'cocotb', 'pyosys'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.split() == []


def raising(monkeypatch, error: Exception) -> None:
    """Make ``mint area`` a command that raises ``error``."""

    def area() -> None:
        """Fail."""
        raise error

    monkeypatch.setattr(mint_app, "import_module", lambda name: type("module", (), {"area": staticmethod(area)}))


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (UserError("a weight width of 3 bits is not supported"), "a weight width of 3 bits is not supported"),
        (FileNotFoundError(2, "No such file or directory", "net.mint"), "net.mint: no such file or directory"),
        (OSError(28, "No space left on device"), "no space left on device"),
        (MemoryError("1 TiB"), "not enough memory (1 TiB); take fewer images, or a smaller network"),
    ],
)
def test_a_users_mistake_is_one_sentence(monkeypatch, error, sentence):
    raising(monkeypatch, error)
    result = runner.invoke(app, ["area"])
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"error: {sentence}\n")


def test_debug_shows_the_traceback(monkeypatch):
    raising(monkeypatch, UserError("no"))
    assert isinstance(runner.invoke(app, ["--debug", "area"]).exception, UserError)


@pytest.mark.parametrize(
    ("error", "found"),
    [
        (Defect("3 of 40 logits differ"), "defect: 3 of 40 logits differ\n"),
        (KeyError("weights"), "defect: KeyError: 'weights'\n"),
    ],
)
@pytest.mark.parametrize("options", [[], ["--debug"]])
def test_a_defect_shows_itself_as_one(monkeypatch, options, error, found):
    raising(monkeypatch, error)
    result = runner.invoke(app, [*options, "area"])
    assert (result.exit_code, result.stdout) == (70, "")
    assert result.stderr.startswith("Traceback (most recent call last)")
    assert "raise error" in result.stderr
    shown = result.stderr.partition(found)[2]
    assert shown.startswith("This is a defect of mint-snn, not of your input.")
    assert f"command: {command_line()}\n" in shown
    assert f"mint-snn {version('mint-snn')}" in shown


def test_a_reader_that_has_had_enough_is_no_defect(monkeypatch):
    raising(monkeypatch, BrokenPipeError(32, "Broken pipe"))
    result = runner.invoke(app, ["area"])
    assert (result.exit_code, result.stderr) == (1, "")


def test_an_unknown_command_is_refused():
    assert runner.invoke(app, ["trian"]).exit_code == 2


def test_a_terminal_without_unicode_is_written_to():
    command = [sys.executable, "-m", "mint", "check", SHIPPED]
    plain = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, env=plain, capture_output=True, encoding="ascii", check=True)
    assert "pixels 1x28x28, T = 4, readout sum" in done.stdout
    assert done.stderr == ""


def test_characters_are_spelt_where_the_encoding_lacks_them():
    assert "3×3, 10⁶ Θ ± é … ┃".encode("ascii", "spelt") == b"3x3, 10^6 theta +- e ... ?"
    assert "3×3 Θ".encode("latin-1", "spelt") == "3×3 theta".encode("latin-1")
    assert "\udcff".encode("utf-8", "spelt") == b"?", "a file name that is no UTF-8"
