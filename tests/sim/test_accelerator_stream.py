"""The accelerator's AXI4-Streams, and that nothing depends on what registers and memories hold at power-up."""

from random import Random

import pytest

from hdl.accelerator import Accelerator
from hdl.verilog import verilog_text
from model.golden.network import forward
from model.network import Pool
from model.plan import plan
from sim.packets import noisy_packets, results
from sim.power_up import powered_up, unknown
from sim.random_chains import sparse_images
from sim.runner import simulate
from sim.small_networks import first_layer
from tests.sim.bench_accelerator_stream import write_case

BENCH = "tests.sim.bench_accelerator_stream"
BENCHES = 7
RANDOM = Random(1)


def prepare(folder, network, **options):
    """Verilog of the accelerator, and the environment that tells the bench its images."""
    config = plan(network, **options)
    images = sparse_images(network, 4, seed=3)
    logits = forward(network, images)
    assert len({tuple(row) for row in logits.tolist()}) > 2
    text = verilog_text(Accelerator(config, network), "accelerator")
    return text, write_case(folder / "case.json", noisy_packets(config, images, Random(2)), results(logits))


def run(folder, text, environment, **options):
    source = folder / "accelerator.v"
    source.write_text(text, encoding="utf-8")
    return simulate(
        [source], "accelerator", BENCH, build_dir=folder / "build", environment=environment, timeout_s=120, **options
    )


@pytest.mark.parametrize(
    ("kind", "input_kind", "shape", "lanes", "share", "dataflow", "simulator"),
    [
        ("conv", "pixels", (2, 3, 3), 4, 1, "skip", "icarus"),
        ("conv", "pixels", (3, 3, 3), 4, 1, "skip", "verilator"),
        ("conv", "spikes", (2, 3, 3), 4, 2, "skip", "icarus"),
        ("conv", "spikes", (2, 3, 3), 2, 1, "streaming", "icarus"),
        ("linear", "pixels", (2, 4, 5), 2, 1, "skip", "icarus"),
        ("linear", "spikes", (2, 4, 5), 4, 4, "skip", "icarus"),
    ],
)
def test_streams(kind, input_kind, shape, lanes, share, dataflow, simulator, tmp_path):
    network = first_layer(kind, input_kind, shape)
    text, environment = prepare(tmp_path, network, lanes=lanes, lanes_per_neuron_unit=share, dataflow=dataflow)
    assert run(tmp_path, text, environment, simulator=simulator).passed == BENCHES


def test_streaming_does_not_depend_on_power_up(tmp_path):
    """Membranes and sums of the first image are read before they are written, and ignored."""
    network = first_layer("conv", "spikes", (2, 3, 3), pool=Pool("max", 2))
    text, environment = prepare(tmp_path, network, lanes=2, dataflow="streaming", retire=True)
    filled, changed = powered_up(text, unknown, roms=("weight_memory", "parameter_memory"))
    assert changed.pop("registers") > 100
    assert set(changed) == {"input_memory", "spikes_even", "storage", "kept", "so_far"}
    assert run(tmp_path, filled, environment, only="malformed|reset|stall=0.6").passed == 4


def random_word(width):
    return f"{width}'d{RANDOM.getrandbits(width)}"


@pytest.mark.parametrize(
    ("kind", "share", "fill"), [("conv", 1, unknown), ("linear", 2, unknown), ("conv", 2, random_word)]
)
def test_nothing_depends_on_power_up(kind, share, fill, tmp_path):
    network = first_layer(kind, "pixels", (2, 3, 3), pool=Pool("max", 2) if kind == "conv" else None)
    text, environment = prepare(tmp_path, network, lanes=2, lanes_per_neuron_unit=share, retire=True)
    filled, changed = powered_up(text, fill, roms=("weight_memory", "parameter_memory"))
    assert changed.pop("registers") > 100
    assert set(changed) == {"input_memory", "spikes_even", "storage"} | ({"membranes"} if share > 1 else set())
    assert run(tmp_path, filled, environment, only="malformed|reset|stall=0.6").passed == 4
