"""``mint estimate``: the report, its chart, and what is refused."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from mint.app import app
from model.config import Precision
from model.inputs import PIXELS
from model.network import bundle
from model.network.graph import Layer, LayerKind, Pool, Source
from model.network.network import Network
from sim.networks.chains import DEFAULT, Chain, Link
from sim.networks.family import windowed

runner = CliRunner()


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """A bundle for 8 x 8 pixels in the working folder."""
    monkeypatch.chdir(tmp_path)
    random, precision = np.random.default_rng(1), Precision(4, 4)
    convolution = Source("input", random.integers(-7, 8, (3, 1, 3, 3), np.int8), padding=1)
    spiking = Layer(
        name="conv",
        kind=LayerKind.CONV,
        neuron=precision.lif(4),
        code=precision.code,
        sources=(convolution,),
        bias=np.zeros(3, np.int32),
        threshold=np.full(3, 900, np.int32),
        pool=Pool("max", 2),
    )
    classes = Source("conv", random.integers(-7, 8, (10, 48), np.int8))
    last = Layer(
        name="fc",
        kind=LayerKind.LINEAR,
        neuron=None,
        code=precision.code,
        sources=(classes,),
        bias=random.integers(-9, 10, 10, np.int32),
    )
    network = Network(PIXELS, (1, 8, 8), 2, (spiking, last), provenance={"dataset": "digits"})
    bundle.write(network, tmp_path / "tiny.safetensors")
    return ["estimate", "--bundle", "tiny.safetensors"]


def test_exact_report(trained, tmp_path):
    result = runner.invoke(app, [*trained, "--images", "20", "--lanes", "3"])
    assert result.exit_code == 0, result.output
    report = json.loads((tmp_path / "build/w4u4/estimate.json").read_text(encoding="utf-8"))
    assert report["exact"]
    assert "20 test images of digits" in report["kind"]
    assert (report["images"], report["lanes"], report["input_beats"]) == (20, 3, 64)
    assert report["cycles"] == pytest.approx(sum(layer["cycles"] for layer in report["layers"]))
    assert report["bound_cycles"] == pytest.approx(sum(layer["bound_cycles"] for layer in report["layers"]))
    assert 1 < report["ratio"] == pytest.approx(report["interval_cycles"] / report["bound_cycles"])
    assert 0 < report["utilisation"] < 1
    assert report["dense_cycles"] == sum(layer["dense_cycles"] for layer in report["layers"])
    assert report["memory_bits"]["weights"] == (9 + 4 * 48) * 3 * 4
    assert {"numpy", "python"} <= set(report["tools"])
    for ending in (".png", ".svg"):
        assert (tmp_path / "build/w4u4/estimate").with_suffix(ending).stat().st_size > 1000
    assert f"{report['cycles']:,.1f}" in result.stdout


def test_auto_chooses_for_each_layer(trained, tmp_path):
    cycles = {}
    for dataflow in ("skip", "time-parallel", "systolic", "auto"):
        result = runner.invoke(app, [*trained, "--images", "2", "--lanes", "24", "--dataflow", dataflow])
        assert result.exit_code == 0, result.output
        report = json.loads((tmp_path / "build/w4u4/estimate.json").read_text(encoding="utf-8"))
        cycles[dataflow] = report["cycles"]
        assert report["dataflow"] == dataflow
    rows = [(layer["dataflow"], layer["rows"]) for layer in report["layers"]]
    assert rows[0][0] == "systolic"
    assert rows[1] == ("skip", 1)
    assert f"{rows[0][1]} positions" in result.stdout
    assert cycles["auto"] <= cycles["systolic"] < cycles["time-parallel"] == cycles["skip"]
    result = runner.invoke(app, [*trained, "--density", "0.4,0.1", "--lanes", "24", "--dataflow", "auto"])
    assert result.exit_code == 0, result.output
    report = json.loads((tmp_path / "build/w4u4/estimate.json").read_text(encoding="utf-8"))
    assert report["layers"][0]["dataflow"] == "systolic"


def test_expectation_says_so(trained, tmp_path):
    result = runner.invoke(app, [*trained, "--density", "0.4,0.1", "--images", "3", "--output", "out"])
    assert result.exit_code == 0, result.output
    report = json.loads((tmp_path / "out/estimate.json").read_text(encoding="utf-8"))
    assert not report["exact"]
    assert report["images"] == 3
    assert report["kind"].startswith("expected, not measured")
    assert "expected, not measured" in result.stdout
    assert report["layers"][0]["density"] == pytest.approx(0.4, abs=0.05)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--density", "much"], "density 'much'; give a number"),
        (["--density", "0.1,0.2,0.3"], "3 densities; give one for each of 2"),
        (["--density", "2"], "density 2; choose 0 to 1"),
        (["--images", "361"], "361 images; the test set of digits has 360"),
        (["--network", "vgg9", "--density", "0.1"], "give one of them"),
        (["--lanes", "4", "--lanes-per-neuron-unit", "2000"], "divide|lanes"),
    ],
)
def test_refusals(trained, options, sentence):
    result = runner.invoke(app, [*trained, *options])
    assert result.exit_code == 2
    assert any(part in result.stderr for part in sentence.split("|")), result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "sentence"),
    [(["--network", "vgg9"], "give --density"), (["--network", "vgg7", "--density", "0.1"], "choose one of: vgg9")],
)
def test_refused_shapes(options, sentence):
    result = runner.invoke(app, ["estimate", *options])
    assert result.exit_code == 2
    assert sentence in result.stderr


@pytest.mark.parametrize(
    ("readout", "state", "windows", "steps"),
    [
        ("count", "image", False, 2),
        ("membrane", "stream", False, 2),
        ("sum", "stream", False, 2),
        ("sum", "image", True, 2),
        ("sum", "image", False, 257),
    ],
)
def test_networks_that_the_array_does_not_run(tmp_path, readout, state, windows, steps):
    chain = Chain("spikes", (2, 3, 3), steps, (Link(4, 0),), 3, DEFAULT, 1, 0.5, None, readout, state)
    network = windowed(chain.network(), 1) if windows else chain.network()
    bundle.write(network, tmp_path / "n.safetensors")
    np.save(tmp_path / "x.npy", chain.images(3))
    options = ["--bundle", str(tmp_path / "n.safetensors"), "--input", str(tmp_path / "x.npy"), "-o", str(tmp_path)]
    result = runner.invoke(app, ["estimate", *options, "--dataflow", "streaming"])
    assert result.exit_code == 0, result.output
    report = json.loads((tmp_path / "estimate.json").read_text(encoding="utf-8"))
    assert (report["dense_cycles"] is None) == (readout != "sum" or windows or steps > 256)
    assert report["images"] == 3
