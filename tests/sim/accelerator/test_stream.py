"""The accelerator's AXI4-Streams, and that nothing depends on what registers and memories hold at power-up."""

from dataclasses import replace
from random import Random

import pytest

from hdl.accelerator.accelerator import Accelerator
from hdl.accelerator.contents import memory_texts
from hdl.verilog.text import verilog_text
from model.accelerator.plan import plan
from model.golden.network import forward
from model.network.graph import Pool, State
from sim.accelerator.cosim import FILES
from sim.accelerator.packets import noisy_packets, results
from sim.harness.power_up import powered_up
from sim.harness.runner import simulate
from sim.networks.random_chains import sparse_images
from sim.networks.small_networks import first_layer
from tests.sim.accelerator.bench_accelerator_stream import write_case

BENCH = "tests.sim.accelerator.bench_accelerator_stream"
RECORDINGS = "tests.sim.accelerator.bench_recordings"
BENCHES = 7


def prepare(folder, network, **options):
    """Verilog of the accelerator, its memories' files, and the environment that tells the bench its images."""
    config = plan(network, **options)
    images = sparse_images(network, 4, seed=3)
    logits = forward(network, images)
    assert len({tuple(row) for row in logits.tolist()}) > 2
    for parameter, words in memory_texts(network, config).items():
        (folder / FILES[parameter]).write_text(words, encoding="utf-8")
    text = verilog_text(Accelerator(config, network), "accelerator", FILES, initial=False)
    return text, write_case(folder / "case.json", noisy_packets(config, images, Random(2)), results(logits))


def run(folder, text, environment, bench=BENCH, **options):
    source = folder / "accelerator.v"
    source.write_text(text, encoding="utf-8")
    data = [folder / file for file in FILES.values()]
    where = {"build_dir": folder / "build", "data": data, "environment": environment}
    return simulate([source], "accelerator", bench, timeout_s=120, **where, **options)


@pytest.mark.parametrize(
    ("kind", "input_kind", "shape", "lanes", "share", "dataflow", "simulator"),
    [
        pytest.param("conv", "pixels", (2, 3, 3), 4, 1, "skip", "icarus", marks=pytest.mark.nightly),
        ("conv", "pixels", (3, 3, 3), 4, 1, "skip", "icarus"),
        pytest.param("conv", "pixels", (3, 3, 3), 4, 1, "skip", "verilator", marks=pytest.mark.nightly),
        pytest.param("conv", "spikes", (2, 3, 3), 4, 2, "skip", "icarus", marks=pytest.mark.nightly),
        ("conv", "spikes", (2, 3, 3), 2, 1, "streaming", "icarus"),
        pytest.param("linear", "pixels", (2, 4, 5), 2, 1, "skip", "icarus", marks=pytest.mark.nightly),
        pytest.param("linear", "spikes", (2, 4, 5), 4, 4, "skip", "verilator", marks=pytest.mark.nightly),
        ("linear", "counts", (2, 4, 5), 4, 4, "skip", "verilator"),
        pytest.param("conv", "counts", (2, 3, 3), 2, 1, "skip", "icarus", marks=pytest.mark.nightly),
    ],
)
def test_streams(kind, input_kind, shape, lanes, share, dataflow, simulator, tmp_path):
    network = first_layer(kind, input_kind, shape, input_bits=3 if input_kind == "counts" else None)
    text, environment = prepare(tmp_path, network, lanes=lanes, lanes_per_neuron_unit=share, dataflow=dataflow)
    assert run(tmp_path, text, environment, simulator=simulator).passed == BENCHES


@pytest.mark.parametrize("share", [1, pytest.param(2, marks=pytest.mark.nightly)])
def test_streams_where_state_lasts(share, tmp_path):
    """Each image is a recording of its own, except where the bench says otherwise."""
    network = replace(first_layer("conv", "spikes", (2, 3, 3)), state=State.STREAM)
    text, environment = prepare(tmp_path, network, lanes=2, lanes_per_neuron_unit=share, dataflow="streaming")
    assert run(tmp_path, text, environment, only="malformed|stall=0.6").passed == 3
    assert run(tmp_path, text, environment, bench=RECORDINGS).passed == 3


def test_streaming_does_not_depend_on_power_up(tmp_path):
    """Membranes and sums of the first image are read before they are written, and ignored; all are unknown."""
    network = first_layer("conv", "spikes", (2, 4, 4), pool=Pool("max", 2))
    text, environment = prepare(tmp_path, network, lanes=2, dataflow="streaming", retire=True)
    assert "initial" not in text.replace("initial $readmemh", "")
    assert run(tmp_path, text, environment, only="malformed|reset|stall=0.6").passed == 4


@pytest.mark.parametrize(
    ("kind", "share", "filled"),
    [
        ("conv", 1, False),
        pytest.param("linear", 2, False, marks=pytest.mark.nightly),
        ("conv", 2, True),
    ],
)
def test_nothing_depends_on_power_up(kind, share, filled, tmp_path):
    """Unknown values, which a condition may hide, and random ones."""
    network = first_layer(kind, "pixels", (2, 3, 3), pool=Pool("max", 2) if kind == "conv" else None)
    text, environment = prepare(tmp_path, network, lanes=2, lanes_per_neuron_unit=share, retire=True)
    assert "initial" not in text.replace("initial $readmemh", "")
    if filled:
        text, registers, words = powered_up(text, Random(1))
        assert registers > 100
        assert words > 20
    assert run(tmp_path, text, environment, only="malformed|reset|stall=0.6").passed == 4
