"""The accelerator's components against Python, in Amaranth's simulator."""

from dataclasses import replace

import pytest

from hdl.accelerator.cluster import Cluster
from hdl.accelerator.fire_sequencer import FireSequencer
from hdl.accelerator.input_writer import InputWriter
from hdl.accelerator.membrane_memory import MembraneMemory
from hdl.accelerator.pixel_window import PixelWindow
from hdl.accelerator.result_stream import ResultStream
from hdl.accelerator.skip_unit import SkipUnit, item_layout
from hdl.accelerator.word_feeder import WordFeeder
from model.accelerator.plan import plan
from model.network.graph import Pool, State
from model.neurons import Lif, MemoryFree
from model.neurons.lif import LARGEST_R
from sim.accelerator.bench_cluster import check_cluster
from sim.accelerator.bench_fire_sequencer import check_fire_sequencer
from sim.accelerator.bench_input_writer import check_input_writer
from sim.accelerator.bench_loop_nest import check_loop_nest, random_nest
from sim.accelerator.bench_membrane_memory import check_membrane_memory
from sim.accelerator.bench_pixel_window import check_pixel_window
from sim.accelerator.bench_result_stream import check_result_stream
from sim.accelerator.bench_skip_unit import check_skip_unit
from sim.accelerator.bench_word_feeder import check_word_feeder
from sim.accelerator.cases import MODES, accelerator, cluster, joining
from sim.networks.family import windowed
from sim.networks.random_chains import random_chain
from sim.networks.random_joins import random_joins
from sim.networks.random_networks import random_images
from sim.networks.small_networks import first_layer
from tests.sim.accelerator.components import WAITS, run

EVERY_LEAK = tuple(Lif(8 if leak % 2 else 4, leak) for leak in range(LARGEST_R + 1))


def test_loop_nest():
    nests = [random_nest(seed) for seed in range(20)]
    met = set().union(*(run(nest, check_loop_nest, nest, seed) for seed, nest in enumerate(nests)))
    assert met == {"left before its end", "waited", "went on", "to the end"}
    assert {len(nest.levels) for nest in nests} == {1, 2, 3, 4, 5}
    assert {len(nest.programs) for nest in nests} == {1, 2, 3}


@pytest.mark.parametrize(("width", "rows"), [(1, 1), (2, 3), (7, 1), (8, 1), (9, 4), (33, 1), (130, 1)])
def test_skip_unit(width, rows):
    layout = item_layout(width, 10, rows)
    met = set()
    for idle in WAITS:
        for stall in WAITS:
            met |= run(SkipUnit(layout), check_skip_unit, layout, width, idle, stall)
    assert met == {"empty", "full", "idle", "stalled", "held back", "empty doubles twice", "double and fire"}


@pytest.mark.parametrize("stalls", [1, pytest.param(len(WAITS), marks=pytest.mark.nightly)])
def test_word_feeder(stalls):
    """Each accelerator without stalls or with them, in turn; in `make nightly` both."""
    met = set()
    cases = [(301, None), (79, None), (156, None), (125, 1), (221, 1), (259, 1), (239, 0), (86, 1)]
    configs = [accelerator(chain, rows) for chain, rows in cases] + [joining(8), joining(132), joining(25)]
    for seed, config in enumerate(configs):
        for turn in range(seed, seed + stalls):
            met |= run(WordFeeder(config), check_word_feeder, config, seed, WAITS[turn % len(WAITS)])
    assert met >= {"input", "pixels", "last", "silent", "doubles", "doubles alone", "stalled"}
    assert met >= {"padding", "beyond the kernel", "stride", "sum pool", "odd sum pool"}
    assert met >= {"several words", "partial word", "groups"}
    assert met >= {"joins", "joins in the last", "one memory twice"}
    assert met >= {"time steps in rows", "tiles", "partial tile", "beyond the last position", "pooled tiles"}
    assert "several positions in a word" in met


def test_word_feeder_of_windows():
    """Turns of memory-free neurons in streaming order: of a chain, and of joins."""
    met = set()
    for seed, case in ((5, random_chain(5)), (72, random_joins(72)), (39, random_joins(39))):
        config = plan(windowed(case.network, seed), lanes=case.lanes, lanes_per_neuron_unit=1, dataflow="streaming")
        met |= run(WordFeeder(config), check_word_feeder, config, seed, WAITS[seed % 2])
    assert met >= {"earlier frames", "subtracted", "turns of joins", "a turn of nothing", "doubles", "doubles alone"}


SPIKES_IN_WINDOWS = ((146, None), (67, 1), (85, None))
COUNTS_IN_WINDOWS = ((3, "skip"), (2, [("systolic", 2), ("skip", 1)]))
"""Bits, and a dataflow."""


def test_pixel_window():
    met = set()
    for chain, rows in (
        (30, None),
        (200, None),
        (221, None),
        (234, None),
        (14, 2),
        (149, 2),
        (213, 0),
        *SPIKES_IN_WINDOWS,
    ):
        config = accelerator(chain, rows)
        for stall in WAITS:
            met |= run(PixelWindow(config), check_pixel_window, config, chain, stall)
    for bits, dataflow in COUNTS_IN_WINDOWS:
        config = plan(first_layer("conv", "counts", (2, 4, 5), input_bits=bits), lanes=4, dataflow=dataflow)
        met |= run(PixelWindow(config), check_pixel_window, config, bits, WAITS[bits % 2])
    assert met >= {"tiles", "partial tile", "counts"}
    assert met >= {"padding", "beyond the kernel", "stride beyond the kernel", "overlap", "one position"}
    assert met >= {"groups", "channels", "dark", "left out", "stalled", "spikes", "one time step"}


def test_fire_sequencer():
    met = set()
    for chain, rows in ((155, None), (273, None), (353, None), (209, 1), (121, 0), (213, 0), (86, 1)):
        config = accelerator(chain, rows)
        met |= run(FireSequencer(config), check_fire_sequencer, config, chain)
    for seed in (129, 83):
        met |= run(FireSequencer(joining(seed)), check_fire_sequencer, joining(seed), seed)
    assert met >= {"identity", "groups of an identity", "shared identity"}
    assert met >= {"held", "max pool", "odd max pool", "groups", "shared", "shared and held", "pooled groups", "last"}
    assert met >= {"as close as may be", "apart"}
    assert met >= {"time steps in rows", "tiles", "pixels in tiles", "pooled tiles", "partial tile"}
    assert met >= {"tiles at once", "pooled tiles at once"}


@pytest.mark.parametrize(
    ("share", "option"), [(1, None), (2, None), (4, None), (1, "relayed"), (1, "shortcut 1"), (3, "shortcut 1")]
)
def test_cluster(share, option):
    met = check_modes(share, option, MODES, 9)
    assert any(each.startswith("saturates") for each in met)


def test_cluster_of_every_r():
    met = check_modes(1, None, EVERY_LEAK, 8 + LARGEST_R)
    assert met >= {f"saturates {mode}" for mode in EVERY_LEAK}


WINDOWS = (MemoryFree.fading(4), MemoryFree(((-1, 0), (0, 0), (1, 2))), MemoryFree(((1, 1), (-1, 0)), 2))


@pytest.mark.parametrize("share", [1, 3])
def test_cluster_of_memory_free_neurons(share):
    check_modes(share, None, WINDOWS, 9)


@pytest.mark.parametrize("modes", [MODES, WINDOWS], ids=["lif", "memory-free"])
def test_cluster_of_binary_weights_without_signs(modes):
    config = cluster(3, None, modes, 9)
    config = replace(config, layers=tuple(replace(layer, code="binary") for layer in config.layers))
    assert config.signless
    met = run(Cluster(config), check_cluster, config, 3)
    assert met >= {"spikes", "pixels", "tie", *(f"keeps {mode}" for mode in modes)}


def check_modes(share, option, modes, accumulator_width):
    """A cluster of ``modes``, each of which is met."""
    config = cluster(share, option, modes, accumulator_width)
    met = run(Cluster(config), check_cluster, config, share)
    assert met >= {f"keeps {mode}" for mode in modes}
    assert met >= {"spikes", "pixels", "last", "tie", "wraps"}
    assert ("adds meanwhile" in met) == (share == 1)
    assert ("relayed" in met, "shortcut 1" in met) == (option == "relayed", option == "shortcut 1")
    return met


# A word of a linear layer has 32 inputs, a beat of its pixels four.
@pytest.mark.parametrize(
    ("kind", "input_kind", "shape"),
    [
        ("conv", "pixels", (3, 4, 3)),
        ("conv", "spikes", (5, 4, 3)),
        ("conv", "spikes", (9, 4, 3)),
        ("conv", "spikes", (9, 1, 1)),
        ("linear", "pixels", (1, 6, 6)),
        ("linear", "pixels", (64, 1, 1)),
        ("linear", "pixels", (3, 1, 1)),
        ("linear", "pixels", (33, 1, 1)),
        ("linear", "spikes", (5, 3, 3)),
        ("linear", "spikes", (7, 1, 1)),
        ("conv", "counts", (2, 4, 3)),
        ("conv", "counts", (9, 4, 3)),
        ("linear", "counts", (70, 1, 1)),
    ],
)
def test_input_writer(kind, input_kind, shape):
    network = first_layer(kind, input_kind, shape, input_bits=3 if input_kind == "counts" else None)
    config = plan(network, lanes=4, lanes_per_neuron_unit=1)
    met = set()
    for idle in WAITS:
        for slow in (0.2, 1 - 0.1 / config.input_words):
            images = random_images(network, 8, seed=1)
            met |= run(InputWriter(config), check_input_writer, config, images, 1, idle, slow)
    assert met >= {"whole", "one more", "many more", "both banks are full"}
    assert met >= {"short", "one short"} or config.input_beats == 1


def test_input_writer_where_state_lasts():
    """A packet that is thrown away may have begun a recording."""
    network = replace(first_layer("conv", "spikes", (2, 3, 3)), state=State.STREAM)
    config = plan(network, lanes=4, lanes_per_neuron_unit=1, dataflow="streaming")
    images = random_images(network, 8, seed=1)
    met = run(InputWriter(config), check_input_writer, config, images, 1, 0.2, 0.99)
    assert met >= {"a recording begins", "one with a packet thrown away", "both banks are full"}


def test_a_beat_that_is_offered_right_after_power_up_is_stored():
    network = first_layer("conv", "spikes", (2, 3, 3))
    config = plan(network, lanes=4, lanes_per_neuron_unit=1)
    run(InputWriter(config), check_input_writer, config, random_images(network, 1, seed=1), 1, 0, 0)


@pytest.mark.parametrize(("lanes", "share", "pool"), [(4, 1, None), (2, 1, Pool("max", 2)), (4, 4, None)])
def test_membrane_memory(lanes, share, pool):
    network = first_layer("conv", "spikes", (2, 3, 3), pool=pool, classes=5)
    config = plan(network, lanes=lanes, lanes_per_neuron_unit=share, dataflow="streaming")
    met = run(MembraneMemory(config), check_membrane_memory, config, lanes)
    assert met >= {"stored", "carried", "written alone"}
    assert ("written in the cycle of a read" in met) == (share > 1)


@pytest.mark.parametrize(("classes", "lanes", "share"), [(1, 1, 1), (10, 4, 1), (8, 4, 2), (5, 8, 4), (65, 9, 3)])
def test_result_stream(classes, lanes, share):
    network = first_layer("linear", "spikes", (4, 1, 1), classes=classes)
    config = plan(network, lanes=lanes, lanes_per_neuron_unit=share)
    met = set()
    for stall in WAITS:
        met |= run(ResultStream(config), check_result_stream, config, classes, stall)
    assert met >= {"negative", "first", "stalled"}
    assert ("groups" in met) == (classes > lanes)
    assert classes == 1 or met >= {"tie", "later"}
