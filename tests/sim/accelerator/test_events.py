"""Accelerators that read events: every neuron, logit and cycle, and what is left of a packet that is thrown away."""

from random import Random
from unittest import mock

import pytest

from hdl.accelerator import input_memory
from hdl.accelerator.event_bank import EventBank
from model.accelerator.estimate import measured
from model.accelerator.overlap import response
from model.accelerator.plan import plan
from model.config import Precision
from model.golden.network import forward
from model.network.graph import Pool
from sim.accelerator.bench_event_writer import kinds_of, malformed
from sim.accelerator.cosim import prepare, run
from sim.accelerator.packets import noisy_packets, packets, results
from sim.harness.cosimulation import NO_WAITS, Waits
from sim.harness.power_up import powered_up
from sim.harness.simulators import BenchError
from sim.networks.chains import Chain, Link
from sim.networks.family import windowed
from sim.networks.random_chains import sparse_images
from sim.networks.small_networks import first_layer
from tests.hdl.formal.mutants import mutant
from tests.sim.accelerator.bench_accelerator_events import write_case
from tests.sim.accelerator.bench_counted_events import more
from tests.sim.accelerator.bench_counted_events import write_case as write_counted
from tests.sim.accelerator.test_stream import BENCHES
from tests.sim.accelerator.test_stream import prepare as stream_case
from tests.sim.accelerator.test_stream import run as run_stream

BENCH = "tests.sim.accelerator.bench_accelerator_events"
COUNTED = "tests.sim.accelerator.bench_counted_events"


def chain(shape, steps, *links, density=0.2, bits=1, **options):
    """On spikes, or on counts of so many bits."""
    inputs = {"input_kind": "counts" if bits > 1 else "spikes", "input_bits": bits}
    return Chain(
        **inputs,
        input_shape=shape,
        time_steps=steps,
        links=links,
        classes=5,
        precision=Precision(4, 4),
        seed=5,
        density=density,
        **options,
    )


CONV = Link(6, 3, padding=1, pool=Pool("max", 2))
CASES = {
    "skip": (chain((2, 5, 6), 3, CONV, Link(4, 2)), {"lanes": 6}),
    "shared units": (chain((3, 5, 6), 3, CONV, Link(4, 2)), {"lanes": 4, "lanes_per_neuron_unit": 2}),
    "rows": (
        chain((9, 4, 5), 3, CONV, Link(4, 2)),
        {"lanes": 12, "dataflow": [("time-parallel", 3), ("systolic", 3), ("skip", 1)]},
    ),
    "tiles": (chain((2, 3, 5), 2, CONV), {"lanes": 12, "dataflow": [("systolic", 2), ("skip", 1)]}),
    "streaming": (chain((2, 5, 6), 3, CONV, Link(4, 2)), {"lanes": 6, "dataflow": "streaming"}),
    "state that lasts": (chain((2, 5, 6), 3, CONV, state="stream"), {"lanes": 6, "dataflow": "streaming"}),
    "linear": (chain((2, 5, 7), 4, Link(6, 0)), {"lanes": 6, "lanes_per_neuron_unit": 2}),
    "linear, streaming": (chain((3, 1, 1), 4, Link(6, 0)), {"lanes": 6, "dataflow": "streaming"}),
    "counts": (chain((2, 4, 5), 2, CONV, bits=2), {"lanes": 6}),
    "counts, rows": (chain((2, 3, 5), 2, CONV, bits=3), {"lanes": 12, "dataflow": [("systolic", 2), ("skip", 1)]}),
    "counts, streaming": (chain((9, 3, 4), 3, CONV, bits=2), {"lanes": 6, "dataflow": "streaming"}),
    "counts, linear": (chain((2, 5, 7), 2, Link(6, 0), bits=3), {"lanes": 6, "lanes_per_neuron_unit": 2}),
    # The first layer reads one word in 25, so that images wait for banks to be cleared.
    "few words": (chain((2, 16, 15), 2, Link(3, 1, stride=5), density=0.02), {"lanes": 3}),
}
BY_NIGHT = "shared units", "tiles", "linear, streaming", "rows", "state that lasts"
BY_NIGHT += "counts, rows", "counts, streaming", "counts, linear"


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.nightly] * (n in BY_NIGHT)) for n in CASES])
def test_as_the_golden_model_in_the_cycles_that_are_estimated(name, tmp_path):
    drawn, options = CASES[name]
    network, images = drawn.network(), drawn.images(4)
    images[:, 1] = 0  # a packet of nothing but ends
    config = plan(network, input_stream="events", retire=True, **options)
    found = measured(network, config, images)
    prepared = prepare(network, images, tmp_path, config)
    outcomes = run(prepared)
    assert (outcomes.first, outcomes.mismatches) == (None, 0)
    assert (outcomes.latency, outcomes.intervals) == (found.latency[0], found.intervals.tolist())
    if not config.streaming:
        assert outcomes.response == response(found)[0, 0]
    waits = run(prepared, waits=Waits(100, 100))
    assert (waits.first, waits.mismatches) == (None, 0)


def test_a_bank_that_is_cleared_is_waited_for():
    drawn, options = CASES["few words"]
    network, images = drawn.network(), drawn.images(4)
    events, frames = (
        measured(network, plan(network, input_stream=name, **options), images) for name in ("events", "frames")
    )
    assert events.load < frames.load == 2 * 16 * 15
    assert events.intervals.mean() > 2 * 16 * 15 / 2 > events.cycles.max()  # two banks are cleared in turn


@pytest.mark.nightly
def test_in_verilator(tmp_path):
    drawn, options = CASES["skip"]
    network, images = drawn.network(), drawn.images(3)
    prepared = prepare(network, images, tmp_path, plan(network, input_stream="events", retire=True, **options))
    for waits in (Waits(0, 100), Waits(100, 0), Waits(100, 100)):
        outcomes = run(prepared, waits=waits, simulator="verilator")
        assert (outcomes.first, outcomes.mismatches) == (None, 0)


@pytest.mark.nightly  # test_memory_free.py has others
def test_windows_of_earlier_frames(tmp_path):
    """Memory-free neurons in streaming order: the input memory has a bank for each frame that is read again."""
    network = windowed(first_layer("conv", "spikes", (2, 3, 3)), 5)
    images = sparse_images(network, 3, seed=1)
    config = plan(network, lanes=4, dataflow="streaming", input_stream="events", retire=True)
    assert config.bank_bits > 1
    prepared = prepare(network, images, tmp_path, config)
    for waits in (NO_WAITS, Waits(100, 100)):
        outcomes = run(prepared, waits=waits)
        assert (outcomes.first, outcomes.mismatches) == (None, 0)
        assert waits != NO_WAITS or outcomes.intervals == measured(network, config, images).intervals.tolist()


@pytest.mark.parametrize(
    ("kind", "shape", "dataflow", "simulator"),
    [
        pytest.param("conv", (2, 3, 3), "skip", "verilator", marks=pytest.mark.nightly),
        ("linear", (2, 4, 5), "streaming", "icarus"),
    ],
)
def test_streams(kind, shape, dataflow, simulator, tmp_path):
    """As cocotbext-axi sends packets, and takes results; in Icarus, registers and memories start at random."""
    network = first_layer(kind, "spikes", shape)
    text, environment = stream_case(tmp_path, network, lanes=4, dataflow=dataflow, input_stream="events")
    if simulator == "icarus":
        text, registers, words = powered_up(text, Random(1))
        assert registers > 100
        assert words > 20
    assert run_stream(tmp_path, text, environment, simulator=simulator).passed == BENCHES


def counted(folder, kind, shape, dataflow="skip"):
    """What the bench of counted events says about an accelerator; places have more events than they count."""
    network, options = first_layer(kind, "counts", shape, input_bits=2), {"lanes": 4, "input_stream": "events"}
    text, _ = stream_case(folder, network, dataflow=dataflow, **options)
    config, images, random = plan(network, dataflow=dataflow, **options), sparse_images(network, 4, seed=3), Random(1)
    beats = [more(packet, network.inputs.largest, random) for packet in packets(config, images)]
    results_ = results(forward(network, images))
    environment = write_counted(folder / "case.json", beats, results_, network.inputs.largest)
    return run_stream(folder, text, environment, bench=COUNTED)


@pytest.mark.parametrize(
    ("kind", "shape", "dataflow"),
    [
        ("conv", (2, 3, 2), "skip"),
        pytest.param("conv", (9, 2, 2), "streaming", marks=pytest.mark.nightly),
        pytest.param("linear", (1, 5, 7), "skip", marks=pytest.mark.nightly),
    ],
)
def test_events_are_counted(kind, shape, dataflow, tmp_path):
    assert counted(tmp_path, kind, shape, dataflow).passed == 4


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("old", "new"),
    [(" & ~count.all()", ""), ("Mux(again, written, own.data)", "Mux(again & ~place[0], written, own.data)")],
)
def test_events_that_are_lost_or_too_many_are_noticed(old, new, tmp_path):
    with (
        mock.patch.object(input_memory, "EventBank", mutant(EventBank, old, new)),
        pytest.raises(BenchError, match="image 1 gives"),
    ):
        counted(tmp_path, "conv", (2, 3, 2))


@pytest.mark.parametrize("dataflow", ["skip", pytest.param("streaming", marks=pytest.mark.nightly)])
def test_nothing_is_left_of_malformed_packets(dataflow, tmp_path):
    """Of every kind, sent by cocotbext-axi, between whole ones; and a class comes when it has to, after the last event
    of a time step that waits for the one before."""
    network = first_layer("conv", "spikes", (3, 3, 3))
    options = {"lanes": 4, "dataflow": dataflow, "input_stream": "events"}
    text, _ = stream_case(tmp_path, network, **options)
    config = plan(network, **options)
    images, random = sparse_images(network, 4, seed=3), Random(1)
    packets = noisy_packets(config, images, random)
    others = packets[config.frames :] + packets[: config.frames]  # whose events are another image's
    broken = [
        [[beat.data for beat in malformed(config, each, kind, random)] for each in others] for kind in kinds_of(config)
    ]
    late = response(measured(network, config, images))[:, -1].tolist()
    environment = write_case(tmp_path / "case.json", packets, broken, results(forward(network, images)), late)
    assert run_stream(tmp_path, text, environment, bench=BENCH).passed == 5
