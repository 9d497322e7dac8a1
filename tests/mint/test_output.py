"""What a command writes replaces a file of its own kind, and nothing else."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from mint import report
from mint.app import COMMANDS, Commands, app
from mint.output import arrays_file, beside, bundle_file, pictured_file, report_file
from mint.plots import plot_membrane_share
from model.errors import UserError
from model.network import bundle
from sim.networks.random_networks import random_network

runner = CliRunner()
REFUSED = "is there already, and is nothing that this command wrote; move it, or choose another name"
COMMAND_LINES = [
    ["area", "-o"],
    ["timing", "-o"],
    ["formal", "-o"],
    ["mutation", "-o"],
    ["fpga", "-W", "4", "-U", "4", "-o"],
    ["energy", "--json"],
    ["memory", "--json"],
    ["evaluate", "-W", "4", "-U", "4", "--json"],
    ["train", "--network", "digits", "-o"],
    ["export", "runs/none", "-o"],
    ["golden", "none.safetensors", "--input", "none.npy", "-o"],
    ["watch", "none.safetensors", "-o"],
]
FOLDERS = ["estimate", "cosim", "verilog"]
"""Commands whose --output is a folder."""


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")


@pytest.mark.parametrize("words", COMMAND_LINES, ids=lambda words: words[0])
def test_a_users_file_is_refused_before_any_work(words):
    Path("mine").write_text("mine", encoding="utf-8")
    result = runner.invoke(app, [*words, "mine"])
    assert result.exit_code == 2
    assert f"mine {REFUSED}" in result.output
    assert [path.read_text(encoding="utf-8") for path in Path().iterdir()] == ["mine"]


def test_no_option_was_left_out():
    """Every command with an output that is a file stands above."""
    group = Commands(name="mint")
    written = {
        name
        for name in COMMANDS
        for option in group.get_command(None, name).params
        if option.name == "output" and name not in FOLDERS
    }
    assert written == {words[0] for words in COMMAND_LINES}


def test_a_report_replaces_a_report():
    path = Path("out.json")
    for number in (1, 2):
        report.write_json(path, {"number": number})
        assert json.loads(path.read_text(encoding="utf-8"))["number"] == number
    for _ in range(2):
        report.write_json(Path("list.json"), [1])
    Path("empty.json").touch()
    report_file(Path("empty.json"))
    before = {name: Path(name).read_bytes() for name in ("out.json", "list.json")}
    for name in ("list.meta.json", "own.json"):
        Path(name).write_text('{"of": "mine"}', encoding="utf-8")
    for name in ("list.json", "own.json"):
        with pytest.raises(UserError, match=REFUSED):
            report.write_json(Path(name), {})
    assert before == {name: Path(name).read_bytes() for name in before}


def test_pictures_go_with_their_report():
    Path("out.svg").write_text("mine", encoding="utf-8")
    with pytest.raises(UserError, match=f"out.svg {REFUSED}"):
        pictured_file(Path("out.json"))
    report_file(Path("out.json"))
    report.write_json(Path("out.json"), {})
    pictured_file(Path("out.json"))
    with pytest.raises(UserError, match=r"pictures go beside it; call it \.json"):
        pictured_file(Path("other.svg"))


def test_bundles_and_arrays_replace_their_kind():
    bundle.write(random_network(4), Path("net.safetensors"))
    bundle_file(Path("net.safetensors"))
    np.savez("golden.npz", logits=np.zeros(1))
    np.savez("own.npz", mine=np.zeros(1))
    arrays_file(Path("golden.npz"))
    for check, name in ((bundle_file, "golden.npz"), (arrays_file, "own.npz"), (arrays_file, "net.safetensors")):
        with pytest.raises(UserError, match=f"{name} {REFUSED}"):
            check(Path(name))
    Path("golden.json").write_text("{}", encoding="utf-8")
    with pytest.raises(UserError, match=f"golden.json {REFUSED}"):
        arrays_file(Path("golden.npz"))
    with pytest.raises(UserError, match=r"call it \.npz"):
        arrays_file(Path("golden.json"))


def test_a_device_takes_the_report_and_nothing_lies_beside_it():
    """By a link, so that a defect would not hurt this machine."""
    null = Path("null")
    null.symlink_to("/dev/null")
    report.write_json(null, [1])
    plot_membrane_share({"once": {"1": 0.5, "2": 0.6}}, "net", beside(null, "null.svg"))
    assert [path.name for path in Path().iterdir()] == ["null"]
    assert null.is_symlink()
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize("command", ["estimate", "cosim"])
def test_a_report_in_a_folder_is_refused_where_it_is_the_users(command):
    own = Path("out") / f"{command}.json"
    own.parent.mkdir()
    own.write_text("{}", encoding="utf-8")
    result = runner.invoke(app, [command, "-W", "4", "-U", "4", "-o", "out"])
    assert result.exit_code == 2
    assert f"{own} {REFUSED}" in result.output
    assert list(own.parent.iterdir()) == [own]
