"""The blocks of the accelerator's top module against Python, in Amaranth's simulator."""

from dataclasses import replace

import pytest

from hdl.accelerator.feed import Feed
from hdl.accelerator.input_memory import InputMemory
from hdl.accelerator.lanes import Lanes
from hdl.accelerator.layer_sequencer import LayerSequencer
from hdl.accelerator.spike_memories import SpikeMemories
from hdl.accelerator.token_pipeline import TokenPipeline
from model.accelerator.plan import plan
from model.network.graph import State
from model.neurons import MemoryFree
from sim.accelerator.bench_feed import check_feed
from sim.accelerator.bench_input_memory import check_input_memory
from sim.accelerator.bench_lanes import check_lanes
from sim.accelerator.bench_layer_sequencer import check_layer_sequencer
from sim.accelerator.bench_spike_memories import check_spike_memories
from sim.accelerator.bench_token_pipeline import check_token_pipeline
from sim.accelerator.cases import accelerator, joining, streaming
from sim.networks.random_networks import random_images
from sim.networks.small_networks import first_layer
from tests.sim.accelerator.components import WAITS, run


def test_layer_sequencer():
    for seed, config in enumerate([accelerator(155), accelerator(0), streaming(138)]):
        met = run(LayerSequencer(config), check_layer_sequencer, config, seed)
        assert met >= {"all packets", "waits", "both banks are full"}
        assert ("another frame" in met) == config.streaming


def test_layer_sequencer_where_state_lasts():
    met = run(LayerSequencer(config := streaming(138, State.STREAM)), check_layer_sequencer, config, 0)
    assert met >= {"all packets", "another frame", "a recording begins within an image"}


@pytest.mark.parametrize(
    ("kind", "input_kind", "shape"),
    [
        ("conv", "pixels", (3, 4, 3)),
        ("conv", "spikes", (5, 4, 3)),
        ("linear", "pixels", (1, 6, 6)),
        ("conv", "counts", (2, 4, 3)),
        ("linear", "counts", (1, 6, 6)),
    ],
)
def test_input_memory(kind, input_kind, shape):
    network = first_layer(kind, input_kind, shape, input_bits=2 if input_kind == "counts" else None)
    config = plan(network, lanes=4, lanes_per_neuron_unit=1)
    images = random_images(network, 6, seed=1)
    met = set().union(*(run(InputMemory(config), check_input_memory, config, images, 1, idle) for idle in WAITS))
    assert met == {"read while the next one comes", "both banks are full"}


@pytest.mark.parametrize("window", [2, 4])
def test_input_memory_of_windows(window):
    """A ring of packets: of four banks one comes while those of windows of two or three frames are read."""
    network = first_layer("conv", "spikes", (5, 4, 3))
    first, *others = network.layers
    network = replace(network, time_steps=4, layers=(replace(first, neuron=MemoryFree.fading(window)), *others))
    config = plan(network, lanes=4, lanes_per_neuron_unit=1, dataflow="streaming")
    assert config.bank_bits == {2: 2, 4: 3}[window]
    images = random_images(network, 4, seed=1)
    met = set().union(*(run(InputMemory(config), check_input_memory, config, images, 1, idle) for idle in WAITS))
    assert met == {
        "read while the next one comes",
        "both banks are full",
        "a packet of before",
        "as far as may be while the next one comes",
    }


def counting(kind, shape):
    """A first layer that reads counts without a window: a word is read for each of their planes."""
    return first_layer(kind, "counts", shape, input_bits=3)


def test_feed():
    met = set()
    cases = [(11, None, 0.5), (155, None, 0.0), (11, 2, 0.5), (209, 2, 0.0)]
    configs = [(accelerator(chain, rows), stall) for chain, rows, stall in cases] + [(joining(232), 0.5)]
    configs += [(plan(each, lanes=2), 0.5) for each in (counting("linear", (35, 1, 1)), counting("conv", (9, 4, 3)))]
    for seed, (config, stall) in enumerate(configs):
        met |= run(Feed(config), check_feed, config, seed, stall)
    assert met == {"window", "input", "spikes", "a queue that is full", "several memories", "rows"}


def coded(config, *names, code_width):
    """``config`` with a weight code of its own in every layer."""
    layers = tuple(replace(plan, code=names[index % len(names)]) for index, plan in enumerate(config.layers))
    return replace(config, layers=layers, code_width=code_width, weight_width=4)


def test_token_pipeline():
    met = set()
    configs = [accelerator(155), accelerator(209), accelerator(209, 2), accelerator(11, 2)]
    configs += [coded(accelerator(209, 2), "binary", "pow2-7", "narrow", code_width=3)]
    configs += [coded(accelerator(155), "binary", code_width=1), coded(accelerator(1), "binary", code_width=1)]
    for seed, config in enumerate(configs):
        met |= run(TokenPipeline(config), check_token_pipeline, config, seed, WAITS[seed % 2])
    assert met == {"units are at work", "as early as may be", "logits wait", "empty", "double", "rows"}


def test_lanes():
    met = set()
    configs = [accelerator(155), accelerator(209, 2), joining(83), joining(129), streaming(128), streaming(169)]
    configs += [coded(each, "binary", code_width=1) for each in (accelerator(6), joining(3), streaming(8))]
    for seed, config in enumerate(configs):
        met |= run(Lanes(config), check_lanes, config, seed)
    assert {"input", "no input"} <= met
    assert met >= {"spike", "no spike", "carries", "shortcut 0", "shortcut 1"}
    assert met >= {"relays", "streaming", "carries sums"}


def test_spike_memories():
    met = set()
    configs = [accelerator(155), accelerator(209, 1), accelerator(213, 0), joining(8), joining(214), joining(83)]
    configs += [accelerator(86, 1), accelerator(78, 1)]
    for seed, config in enumerate(configs):
        met |= run(SpikeMemories(config), check_spike_memories, config, seed)
    assert met >= {"read", "merge", "again", "left out", "time steps in rows", "tiles", "several positions"}
    assert met >= {"identity alone", "identity of a source", "several sources"}
