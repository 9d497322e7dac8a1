"""``mint cosim``: report, exit status, refusals; on a network for scikit-learn's digits."""

import json

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import sim.array.cosim
from mint.app import app
from model.accelerator.choose import accelerator_config
from model.config import Precision
from model.files.folders import work_folder
from model.inputs import PIXELS
from model.network import bundle
from model.network.graph import Layer, LayerKind, Pool, Source
from model.network.network import Network
from model.training.export import to_network
from model.training.networks import Size, named
from sim.networks.small_networks import first_layer
from tests.sim.harness.faults import as_it_lies_there

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
    return ["cosim", "--bundle", "tiny.safetensors", "--top", "array", "--rows", "4", "--columns", "3"]


def test_report(trained, tmp_path):
    result = runner.invoke(app, [*trained, "--images", "2"])
    assert result.exit_code == 0, result.output
    report = json.loads((tmp_path / "build/w4u4/cosim.json").read_text(encoding="utf-8"))
    assert report["images"] == 2
    assert report["mismatches"] == 0
    assert report["comparisons"] == 2 * (3 * 2 * 3 * 64 + 10)
    assert report["cycles"] == sum(report["layers"].values()) > 0
    assert report["simulator"] == "icarus"
    assert {"iverilog", "verilator", "cocotb", "python"} <= set(report["tools"])
    assert "mismatches" in result.stdout


def test_a_residual_network_like_any_other(tmp_path, monkeypatch):
    """ResNet-19 of a few channels, as PyTorch has it: exported, and through the same commands as the small networks."""
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    module = named("resnet19", Size(Precision(2, 4), width=1 / 32, input_shape=(1, 8, 8), time_steps=2))
    module.calibrate(torch.randint(0, 256, (16, 1, 8, 8)))
    network = to_network(module.eval(), provenance={"dataset": "digits"})
    bundle.write(network, tmp_path / "residual.safetensors")
    options = ["--bundle", "residual.safetensors", "--lanes", "8", "--dataflow", "auto", "-o", "."]
    assert runner.invoke(app, ["verilog", *options]).exit_code == 0
    memories = [
        memory["name"] for memory in json.loads((tmp_path / "mint.json").read_text(encoding="utf-8"))["memories"]
    ]
    assert memories == ["weights", "parameters", "input", "spikes 1", "spikes 2", "spikes 3"]
    result = runner.invoke(app, ["cosim", *options])
    assert result.exit_code == 0, result.output
    report = json.loads((tmp_path / "cosim.json").read_text(encoding="utf-8"))
    assert report["mismatches"] == 0
    neurons = sum(int(np.prod(network.shapes[layer.name])) for layer in network.layers[:-1])
    assert report["comparisons"] == 2 * 3 * neurons + 10 + 1


def test_a_dataflow_is_chosen_for_the_images_of_the_file(trained, tmp_path):
    """Black ones are skipped whatever the rows; those of the data set take fewer cycles with more of them."""
    np.save(tmp_path / "black.npy", np.zeros((1, 1, 8, 8), np.uint8))
    accelerator = [*trained[:3], "--lanes", "24", "--dataflow", "auto"]
    result = runner.invoke(app, [*accelerator, "--input", "black.npy", "-o", "."])
    assert result.exit_code == 0, result.output
    report = json.loads((tmp_path / "cosim.json").read_text(encoding="utf-8"))
    assert report["layers"] == {"conv": "4 positions", "fc": "skip"}
    assert report["mismatches"] == 0
    config = accelerator_config(bundle.read(tmp_path / "tiny.safetensors"), 24, dataset="digits")
    assert [layer.rows for layer in config.layers] == [8, 1]


@pytest.fixture
def events(tmp_path, monkeypatch):
    """A bundle that takes spikes, and three images for it, in the working folder."""
    monkeypatch.chdir(tmp_path)
    network = first_layer("conv", "spikes", (2, 3, 3))
    bundle.write(network, tmp_path / "events.safetensors")
    random = np.random.default_rng(2)
    np.save(tmp_path / "events.npy", (random.random((network.time_steps, 3, 2, 3, 3)) < 0.4).astype(np.uint8))
    return ["--bundle", "events.safetensors", "--input", "events.npy", "--lanes", "2", "--dataflow", "streaming"]


def test_events_one_time_step_after_another(events, tmp_path):
    result = runner.invoke(app, ["cosim", *events, "--images", "2", "-o", "."])
    assert result.exit_code == 0, result.output
    report = json.loads((tmp_path / "cosim.json").read_text(encoding="utf-8"))
    assert report["dataflow"] == "streaming"
    assert report["dataset"] == "events.npy"
    assert report["accuracy"] is None
    assert report["mismatches"] == 0
    assert report["comparisons"] == 2 * (3 * 3 * 4 * 9 + 3 + 1)
    result = runner.invoke(app, ["estimate", *events, "-o", "."])
    assert result.exit_code == 0, result.output
    estimate = json.loads((tmp_path / "estimate.json").read_text(encoding="utf-8"))
    assert estimate["images"] == 3
    assert estimate["memory_bits"]["membranes"] == 2 * 9 * 2 * 4  # groups, positions, lanes, bits
    assert [layer["traffic_bits"]["membranes"] for layer in estimate["layers"]] == [
        2 * 3 * 18 * 2 * 4,  # read and written, time steps, words, lanes, bits
        2 * 3 * 2 * 2 * 10,  # of the last layer, sums of ten bits
    ]


def test_a_stream_of_events(events, tmp_path):
    """As many beats as events and time steps, in the report as well."""
    images = np.load(tmp_path / "events.npy")
    result = runner.invoke(app, ["cosim", *events, "--input-stream", "events", "--images", "3", "-o", "."])
    assert result.exit_code == 0, result.output
    assert "from its last beat" in result.stdout
    report = json.loads((tmp_path / "cosim.json").read_text(encoding="utf-8"))
    assert report["mismatches"] == 0
    assert 0 < report["response"] < report["latency"]
    result = runner.invoke(app, ["estimate", *events, "--input-stream", "events", "-o", "."])
    assert result.exit_code == 0, result.output
    estimate = json.loads((tmp_path / "estimate.json").read_text(encoding="utf-8"))
    assert estimate["input_stream"] == "events"
    assert estimate["input_beats"] == pytest.approx(images.sum() / 3 + len(images))
    assert estimate["interval_cycles"] == report["cycles"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["cosim", "--images", "4"], "4 images; events.npy has 3"),
        (["cosim", "--dataset", "digits"], "--input is a file of images, and --dataset a data set; give one of them"),
        (["estimate", "--density", "0.1"], "--density is without images, and --input a file of them; give one of"),
        (["estimate", "--input", "events.safetensors"], "events.safetensors: not a NumPy array file"),
    ],
)
def test_a_wrong_file_is_one_sentence(events, arguments, sentence):
    command, *own = arguments
    result = runner.invoke(app, [command, *events, *own])
    assert result.exit_code == 2
    assert sentence in " ".join(result.stderr.split())


def test_spikes_come_from_a_file(events):
    result = runner.invoke(app, ["estimate", "--bundle", "events.safetensors", "--dataset", "digits"])
    assert result.exit_code == 2
    assert (
        "the network takes spikes, and digits has pixels; choose another set with --dataset, or give images with"
        in (" ".join(result.stderr.split()))
    )


def test_report_of_the_accelerator(trained, tmp_path):
    result = runner.invoke(app, ["cosim", "--bundle", "tiny.safetensors", "--images", "2", "--lanes", "3"])
    assert result.exit_code == 0, result.output
    report = json.loads((tmp_path / "build/w4u4/cosim.json").read_text(encoding="utf-8"))
    assert report["top"] == "accelerator"
    assert report["lanes"] == 3
    assert report["images"] == len(report["intervals"]) == 2
    assert report["mismatches"] == 0
    # The first image is simulated twice, and counts once.
    assert report["comparisons"] == 2 * (3 * 2 * 3 * 64 + 10 + 1)
    assert report["cycles"] == np.mean(report["intervals"]) > 64
    assert report["latency"] > 64


def test_report_names_verilator(trained, tmp_path, monkeypatch):
    ran = []
    outcomes = sim.array.cosim.Outcomes(1, 1, 0, None, {"conv": 5}, 1.0, [[0] * 10])
    monkeypatch.setattr(sim.array.cosim, "run", lambda *args, **options: ran.append(options["simulator"]) or outcomes)
    result = runner.invoke(app, [*trained, "--simulator", "verilator"])
    assert result.exit_code == 0, result.output
    assert json.loads((tmp_path / "build/w4u4/cosim.json").read_text(encoding="utf-8"))["simulator"] == "verilator"
    assert ran == ["verilator"]


def test_mismatch_is_named_and_exits_with_1(trained, tmp_path, monkeypatch):
    prepare = sim.array.cosim.prepare

    def faulty(*args, **options):
        prepared = prepare(*args, **options)
        path = prepared.folder / "fc.parameters.hex"
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        path.write_text("".join([lines[1], *lines[1:]]), encoding="utf-8")
        return as_it_lies_there(prepared)

    monkeypatch.setattr(sim.array.cosim, "prepare", faulty)
    result = runner.invoke(app, trained)
    assert result.exit_code == 1
    assert "first mismatch: image 0, layer fc, all steps, channel 0" in result.stdout
    assert json.loads((tmp_path / "build/w4u4/cosim.json").read_text(encoding="utf-8"))["mismatches"] == 1


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--images", "361"], "361 images; the test set of digits has 360"),
        (["--simulator", "modelsim"], "simulator 'modelsim'; choose one of: icarus, verilator"),
        (["--dataset", "cifar"], "data set 'cifar' is not known"),
        (["-U", "8"], "the network is w4u4, asked for is w4u8"),
        (["--input-stream", "events"], "state and input stream are the accelerator's; leave --top array out"),
    ],
)
def test_refusals(trained, options, sentence):
    result = runner.invoke(app, [*trained, *options])
    assert result.exit_code == 2
    assert sentence in result.stderr


def test_a_second_run_in_one_folder_is_refused_before_it_writes(trained, tmp_path):
    with work_folder(tmp_path / "build/w4u4/cosim") as folder:
        result = runner.invoke(app, trained)
        assert [path.name for path in folder.iterdir()] == ["CACHEDIR.TAG"]
    assert result.exit_code == 2
    sentence = "build/w4u4/cosim: another run is at work in it; wait for it, or choose another folder with --output"
    assert sentence in result.stderr


def test_a_users_folder_named_cosim_stays(trained, tmp_path):
    images = tmp_path / "cosim" / "images.npy"
    images.parent.mkdir()
    np.save(images, np.zeros((3, 1, 8, 8), np.uint8))
    result = runner.invoke(app, [*trained, "--input", "cosim/images.npy", "-o", "."])
    assert result.exit_code == 2
    assert "cosim: it holds files that this command did not write" in result.stderr
    assert np.load(images).shape == (3, 1, 8, 8)
    assert list(images.parent.iterdir()) == [images]


def test_missing_simulator_is_one_sentence(trained, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    result = runner.invoke(app, trained)
    assert result.exit_code == 2
    assert "the simulator iverilog is not installed" in result.stderr
