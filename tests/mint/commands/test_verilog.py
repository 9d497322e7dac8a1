"""``mint verilog``: files, the same bytes, refusals."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mint.app import app
from model.config import Precision
from model.network import bundle
from model.network.graph import Pool
from sim.networks.chains import Chain, Link
from sim.networks.random_networks import random_network

runner = CliRunner()
SIZES = ["--rows", "4", "--columns", "3"]
CHAIN = Chain(
    input_kind="pixels",
    input_shape=(1, 5, 5),
    time_steps=2,
    links=(Link(12, 3, pool=Pool("max", 2)),),
    classes=7,
    precision=Precision(4, 4),
    seed=1,
    density=0.5,
)


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """A bundle in the working folder."""
    monkeypatch.chdir(tmp_path)
    bundle.write(random_network(4), tmp_path / "tiny.safetensors")
    return "tiny.safetensors"


@pytest.fixture
def chain(tmp_path, monkeypatch):
    """A bundle in the working folder that the accelerator runs."""
    monkeypatch.chdir(tmp_path)
    bundle.write(CHAIN.network(), tmp_path / "chain.safetensors")
    return "chain.safetensors"


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_same_bytes_in_one_process_and_in_another(trained, tmp_path):
    command = ["verilog", "--bundle", trained, *SIZES]
    for folder in ("one", "two"):
        result = runner.invoke(app, [*command, "-o", folder])
        assert result.exit_code == 0, result.output
    subprocess.run([sys.executable, "-m", "mint", *command, "-o", "three"], check=True, capture_output=True)
    one = files(tmp_path / "one")
    assert {"mint.v", "mint.json", "memory/first.weights.hex", "memory/last.parameters.hex"} <= set(one)
    assert one == files(tmp_path / "two") == files(tmp_path / "three")


def test_the_readme_has_what_is_printed(tmp_path, monkeypatch):
    """But for what the test images are, which depends on the machine."""
    monkeypatch.chdir(tmp_path)
    result = runner.invoke(app, ["verilog", "-W", "4", "-U", "4"])
    assert result.exit_code == 0, result.output
    readme = " ".join((Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8").split())
    derived, written = result.stdout.split("test images: ")
    for printed in (derived, written.partition("\n")[2]):
        assert " ".join(printed.split()) in readme, "copy what `make verilog W=4 U=4` prints into README.md"


def test_description_matches_the_files(trained, tmp_path):
    result = runner.invoke(app, ["verilog", "--bundle", trained, *SIZES, "-o", "out"])
    assert result.exit_code == 0, result.output
    assert "make cosim" in result.stdout
    assert f"BUNDLE={trained}" in result.stdout
    description = json.loads((tmp_path / "out" / "mint.json").read_text(encoding="utf-8"))
    text = (tmp_path / "out" / "mint.v").read_text(encoding="utf-8")
    head = text[text.index(f"module {description['module']}(") :].partition("endmodule")[0]
    declared = dict.fromkeys(re.findall(r"^  (input|output) (?:\[(\d+):0\] )?(\w+);", head, re.MULTILINE))
    ports = {
        (port["direction"], str(port["width"] - 1) if port["width"] > 1 else "", port["name"])
        for port in description["ports"]
    }
    assert set(declared) == ports
    for memory in description["memories"]:
        assert len((tmp_path / "out" / memory["file"]).read_text(encoding="utf-8").splitlines()) == memory["words"]


def test_icarus_reads_the_verilog(trained, tmp_path):
    runner.invoke(app, ["verilog", "--bundle", trained, *SIZES, "-o", "out"])
    done = subprocess.run(
        ["iverilog", "-g2001", "-Wall", "-t", "null", "out/mint.v"], capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0
    assert "error" not in done.stderr


def test_memory_images_of_another_network_go(trained, chain, tmp_path):
    for name in (chain, trained):
        result = runner.invoke(app, ["verilog", "--bundle", name, "--top", "array", *SIZES, "-o", "out"])
        assert result.exit_code == 0, result.output
    listed = json.loads((tmp_path / "out" / "mint.json").read_text(encoding="utf-8"))["files"]
    assert set(files(tmp_path / "out")) == {*listed, "mint.json"}
    assert "memory/first.weights.hex" in listed


def test_a_users_files_stay(chain, tmp_path):
    """None of them is a file of the array's folder; the accelerator's folder is refused for the first in the way."""
    folder = tmp_path / "out"
    own = {"README.md", "testbench.v", "mint_weights.hex", "vectors/input.hex", "memory/mine.hex"}
    for name in own:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("mine", encoding="utf-8")
    result = runner.invoke(app, ["verilog", "--bundle", chain, "-o", "out"])
    assert result.exit_code == 2
    assert "is in the way, and no earlier run wrote it; move it" in result.stderr
    assert set(files(folder)) == own
    assert runner.invoke(app, ["verilog", "--bundle", chain, "--top", "array", *SIZES, "-o", "out"]).exit_code == 0
    assert {name: files(folder)[name] for name in own} == dict.fromkeys(own, b"mine")


def test_pair_without_a_network_gives_the_array_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = runner.invoke(app, ["verilog", "-W", "2", "-U", "4", *SIZES])
    assert result.exit_code == 0, result.output
    assert "the array alone" in result.stdout
    description = json.loads((tmp_path / "build/w2u4/mint.json").read_text(encoding="utf-8"))
    assert description["parameters"]["accumulator_width"] == 15
    assert description["memories"] == []


def test_accelerator_is_the_same_in_one_process_and_in_another(chain, tmp_path, monkeypatch):
    command = ["verilog", "--bundle", chain, "--lanes", "3"]
    result = runner.invoke(app, [*command, "-o", "one"])
    assert result.exit_code == 0, result.output
    assert "3 lanes" in result.stdout
    assert "test images: drawn" in result.stdout
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    subprocess.run([sys.executable, "-m", "mint", *command, "-o", "two"], check=True, capture_output=True)
    one = files(tmp_path / "one")
    assert one == files(tmp_path / "two")
    assert set(one) == {
        *("mint.v", "mint.json", "mint.core", "mint.vlt", "testbench.v", "README.md"),
        *("mint.sdc", "mint.xdc", "mint.lpf"),
        *("mint_weights.hex", "mint_parameters.hex", "vectors/input.hex", "vectors/expected.hex"),
    }
    description = json.loads(one["mint.json"])
    assert description["top"] == "accelerator"
    assert description["vectors"]["images"] == 2


def test_many_layers_leave_no_table_without_a_file(tmp_path, monkeypatch):
    """What differs from layer to layer is logic; of eight layers with several leaks Yosys would make memories of it."""
    monkeypatch.chdir(tmp_path)
    deep = replace(CHAIN, links=tuple(Link(3, 1, leak=leak) for leak in (4, 2, 2, 1, 2, 3, 2)))
    bundle.write(deep.network(), tmp_path / "deep.safetensors")
    result = runner.invoke(app, ["verilog", "--bundle", "deep.safetensors", "--lanes", "2", "-o", "out"])
    assert result.exit_code == 0, result.output
    assert len(re.findall(r"initial \$readmemh", (tmp_path / "out/mint.v").read_text(encoding="utf-8"))) == 2


def test_array_after_an_accelerator_leaves_no_file_of_it(chain, tmp_path):
    for options in ([], ["--top", "array"]):
        assert runner.invoke(app, ["verilog", "--bundle", chain, *options, "-o", "out"]).exit_code == 0
    assert not {"testbench.v", "mint.core", "README.md", "mint_weights.hex"} & set(files(tmp_path / "out"))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--dataflow", "dense"], "dataflow 'dense'; choose one of: auto, skip, time-parallel, systolic"),
        (["--lanes", "0"], "0"),
        (["--lanes-per-neuron-unit", "3", "--lanes", "1025"], "1025"),
        (["--memory-kbit", "1"], "1 kbit are 1,024 bits"),
        (
            ["--memory-kbit", "rom=1"],
            "memory 'rom'; choose one of: weights, parameters, input, spikes, membranes, sums, all",
        ),
        (["--memory-kbit", "spikes=much"], "a memory limit of 'much' kbit; give a whole number from 1 on"),
        (["--memory-kbit", "1,all=2"], "two limits of all; give one"),
        (["--images", "0"], "0 images; at least 1"),
        (["--dataset", "digits"], "digits: images have shape [2, 1, 8, 8]; the network takes [N, 1, 5, 5]"),
        (["--top", "accelerator", "--rows", "4"], "rows and columns are the array's"),
        (["--top", "array", "--lanes", "4"], "are the accelerator's"),
        (["--top", "array", "--input-stream", "events"], "are the accelerator's"),
        (
            ["--input-stream", "events"],
            "a stream of events has spikes or counts, and this network's input is pixels: choose frames",
        ),
        (["--top", "array", "--vivado"], "are the accelerator's"),
        (["--clock-mhz", "0"], "a clock of 0 MHz; choose 1 to 1,000 MHz"),
        (["--clock-mhz", "nan"], "a clock of nan MHz; choose 1 to 1,000 MHz"),
        (["--name", "2d"], "the name '2d' cannot begin Verilog modules; choose up to 64 letters, digits and under"),
        (["-W", "2", "-U", "4", "--top", "accelerator"], "no network of w2u4 ships"),
    ],
)
def test_refusals_of_the_accelerator_write_nothing(chain, trained, tmp_path, options, sentence):
    bundle_option = [] if {"--bundle", "-W"} & set(options) else ["--bundle", chain]
    result = runner.invoke(app, ["verilog", *bundle_option, *options])
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert set(files(tmp_path)) == {trained, chain}


def test_missing_memory_is_named(chain):
    result = runner.invoke(app, ["verilog", "--bundle", chain, "--memory-kbit", "1"])
    numbers = re.search(
        r"the memories have ([\d,]+) bits, ([\d,]+) of them \w+; .*: ([\d,]+) are missing", result.stderr
    )
    total, largest, missing = (int(number.replace(",", "")) for number in numbers.groups())
    assert largest < total == missing + 1024


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["-W", "9"], "a weight width of 9 bits is not supported; choose 2 to 8"),
        (["-U", "16"], "a membrane width of 16 bits is not supported; choose 2 to 8"),
        (["--top", "chip"], "top 'chip'; choose one of: accelerator, array"),
        (["--bundle", "none.safetensors"], "none.safetensors: no such file"),
        (["--bundle", "tiny.safetensors", "-W", "8"], "the network is w4u4, asked for is w8u4"),
        (["--rows", "257"], "256"),
    ],
)
def test_refusals_write_nothing(trained, tmp_path, options, sentence):
    result = runner.invoke(app, ["verilog", *options])
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert set(files(tmp_path)) == {trained}
