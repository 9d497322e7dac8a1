"""The event writer and its banks against Python, in Amaranth's simulator."""

from dataclasses import replace

import pytest

from hdl.accelerator.event_bank import EventBank
from hdl.accelerator.event_writer import EventWriter
from hdl.accelerator.input_memory import InputMemory
from model.accelerator.plan import plan
from model.network.graph import State
from sim.accelerator.bench_event_bank import check_event_bank
from sim.accelerator.bench_event_writer import check_event_writer, kinds_of
from sim.accelerator.bench_input_memory import check_input_memory
from sim.networks.family import windowed
from sim.networks.random_networks import random_images
from sim.networks.small_networks import first_layer
from tests.sim.accelerator.components import WAITS, run


def config_of(kind, shape, dataflow="skip", bits=1, **options):
    """Of spikes, or of counts of so many bits."""
    network = first_layer(kind, "counts" if bits > 1 else "spikes", shape, input_bits=bits if bits > 1 else None)
    return network, plan(
        replace(network, **options), lanes=4, lanes_per_neuron_unit=1, dataflow=dataflow, input_stream="events"
    )


# A word of a linear layer has 32 inputs; few maps are of a power of two.
@pytest.mark.parametrize(
    ("kind", "shape", "dataflow", "bits"),
    [
        ("conv", (3, 2, 5), "skip", 1),
        ("conv", (8, 3, 2), "skip", 1),
        ("conv", (2, 5, 3), "streaming", 1),
        ("conv", (1, 1, 1), "streaming", 1),
        ("linear", (1, 5, 7), "skip", 1),
        ("linear", (2, 4, 4), "streaming", 1),
        ("conv", (2, 1, 3), "skip", 2),
        ("conv", (9, 1, 2), "streaming", 2),
        ("linear", (1, 3, 3), "streaming", 2),
    ],
)
def test_event_writer(kind, shape, dataflow, bits):
    network, config = config_of(kind, shape, dataflow, bits)
    met = set()
    for seed, idle in enumerate(WAITS):
        for slow in (0.2, 0.99):
            images = random_images(network, 9 // config.frames, seed)
            met |= run(EventWriter(config), check_event_writer, config, images, seed, idle, slow)
    assert met >= {*kinds_of(config), "whole", "a full place", "both banks are full", "waits for a clean bank"}
    assert "set and discarded at once" in met
    assert ("a step too few" in met) == (dataflow == "skip")


def test_event_writer_where_state_lasts():
    """A packet that is thrown away may have begun a recording."""
    network, config = config_of("conv", (2, 3, 3), "streaming", state=State.STREAM)
    met = run(EventWriter(config), check_event_writer, config, random_images(network, 4, seed=1), 1, 0.2, 0.9)
    assert met >= {"a recording begins", "one with a packet thrown away"}


def of_windows():
    """Room for packets of earlier frames."""
    network = windowed(first_layer("conv", "spikes", (2, 3, 3)), 5)
    config = plan(network, lanes=4, lanes_per_neuron_unit=1, dataflow="streaming", input_stream="events")
    assert config.bank_bits > 1
    return config


MET = {"a pause", "the word before", "another word", "a full place", "a place back to back", "discarded "}


@pytest.mark.parametrize(
    ("kind", "shape", "bits"),
    [
        ("conv", (3, 2, 5), 1),
        ("conv", (1, 1, 1), 1),
        ("linear", (1, 5, 7), 1),
        ("conv", (2, 3, 3), 2),
        ("conv", (9, 2, 2), 3),
        ("linear", (1, 5, 7), 2),
    ],
)
def test_event_bank(kind, shape, bits):
    _, config = config_of(kind, shape, bits=bits)
    met = run(EventBank(config), check_event_bank, config, 1)
    assert met >= MET | {"discarded at once"}


def test_event_bank_of_windows():
    met = run(EventBank(of_windows()), check_event_bank, of_windows(), 1, 16)
    assert met >= MET | {"an earlier packet"}


@pytest.mark.parametrize(
    ("kind", "shape", "bits", "idle"),
    [
        *(("conv", (5, 4, 3), 1, idle) for idle in WAITS),
        ("conv", (2, 2, 3), 3, 0.0),
        ("conv", (9, 1, 2), 2, 0.5),
        ("linear", (2, 4, 5), 2, 0.0),
    ],
)
def test_input_memory_of_events(kind, shape, bits, idle):
    network, config = config_of(kind, shape, bits=bits)
    met = run(InputMemory(config), check_input_memory, config, random_images(network, 12, seed=1), 1, idle)
    assert "read while the next one comes" in met
