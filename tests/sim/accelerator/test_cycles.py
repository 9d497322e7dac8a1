"""Estimated cycles are the simulated ones: small networks of every kind of loop, on Icarus."""

import numpy as np
import pytest

import model.accelerator.cycles
import model.accelerator.schedule
import model.accelerator.words
from model.accelerator.config import AcceleratorConfig
from model.accelerator.estimate import measured
from model.accelerator.plan import plan
from model.config import Precision
from model.network.graph import Pool
from sim.accelerator.cosim import prepare, run
from sim.networks.chains import Chain, Link

MAX, SUM = Pool("max", 2), Pool("sum", 2)


def chain(kind, shape, steps, classes, *links):
    """The kind of its inputs, or the bits of counts."""
    kind, bits = ("counts", kind) if isinstance(kind, int) else (kind, None)
    return Chain(kind, shape, steps, links, classes, Precision(4, 4), seed=5, density=0.5, input_bits=bits)


CASES = {
    # A chain, lanes, lanes per neuron unit, and the dataflow.
    "pixels, groups, max pooling": (
        chain("pixels", (2, 4, 5), 2, 3, Link(5, 3, 1, 1, MAX), Link(6, 2, 1, 1)), 4, 1, "skip",
    ),
    "pixels, shared units, sum pooling": (
        chain("pixels", (1, 5, 7), 3, 2, Link(6, 3, 2, 2, SUM), Link(5, 0)), 4, 2, "skip",
    ),
    "pixels, linear": (chain("pixels", (1, 5, 7), 3, 7, Link(9, 0)), 8, 8, "skip"),
    "spikes, stride beyond the kernel": (
        chain("spikes", (5, 4, 5), 3, 5, Link(4, 2, 1, 1, SUM), Link(5, 1, 2, 1)), 3, 1, "skip",
    ),
    "spikes, linear, groups of classes": (chain("spikes", (3, 4, 4), 2, 6, Link(5, 0)), 2, 2, "skip"),
    "tiles of pixels, max pooling, then time steps in rows": (
        chain("pixels", (2, 4, 5), 3, 3, Link(5, 3, 1, 1, MAX), Link(6, 2, 1, 1), Link(4, 0)), 12, 1,
        [("systolic", 4), ("time-parallel", 3), ("time-parallel", 3), ("skip", 1)],
    ),
    "time steps in rows, sum pooling, then tiles": (
        chain("spikes", (9, 4, 5), 3, 5, Link(4, 2, 1, 1, SUM), Link(5, 1, 2, 1)), 6, 1,
        [("time-parallel", 3), ("systolic", 3), ("skip", 1)],
    ),
    "tiles of spikes, max pooling": (
        chain("spikes", (9, 3, 5), 2, 5, Link(4, 2, 1, 1, MAX), Link(7, 3, 1, 1)), 8, 1,
        [("systolic", 2), ("systolic", 4), ("skip", 1)],
    ),
    "a window of spikes, groups, max pooling": (
        chain("spikes", (2, 4, 5), 3, 5, Link(5, 3, 1, 1, MAX), Link(6, 2, 1, 1)), 3, 1, "skip",
    ),
    "a window of spikes, shared units": (chain("spikes", (3, 6, 4), 4, 3, Link(4, 2, 2, 1), Link(5, 0)), 6, 2, "skip"),
    "tiles of a window of spikes": (
        chain("spikes", (2, 5, 7), 3, 5, Link(4, 3, 2, 1), Link(7, 3, 1, 1)), 16, 1,
        [("systolic", 3), ("time-parallel", 3), ("skip", 1)],
    ),
    "tiles of a window of spikes at once, max pooling, then tiles": (
        chain("spikes", (2, 6, 8), 2, 5, Link(5, 3, 1, 1, MAX), Link(4, 2, 1, 1), Link(5, 0)), 12, 1,
        [("systolic", 4), ("systolic", 3), ("skip", 1), ("skip", 1)],
    ),
    "tiles of a window of spikes at once, then time steps in rows": (
        chain("spikes", (2, 5, 7), 3, 5, Link(4, 3, 1, 1), Link(7, 3, 1, 1)), 16, 1,
        [("systolic", 4), ("time-parallel", 3), ("skip", 1)],
    ),
    "tiles of a window of spikes at once, sum pooling": (
        chain("spikes", (2, 5, 6), 4, 3, Link(6, 3, 1, 1, SUM), Link(4, 2, 1, 1)), 8, 1,
        [("systolic", 2), ("skip", 1), ("skip", 1)],
    ),
    "one place of a max pool at once": (
        chain("spikes", (2, 5, 5), 1, 5, Link(3, 3, 1, 1, MAX), Link(4, 2, 1, 1)), 6, 1,
        [("systolic", 2), ("skip", 1), ("skip", 1)],
    ),
    "frames of a window": (chain("spikes", (2, 5, 5), 3, 5, Link(4, 3, 1, 1, MAX), Link(4, 0)), 4, 1, "streaming"),
    "frames, both pools": (
        chain("spikes", (9, 5, 5), 3, 5, Link(4, 3, 1, 1, MAX), Link(7, 2, 1, 1, SUM), Link(4, 0)), 4, 1, "streaming",
    ),
    "frames, shared units, groups of classes": (chain("spikes", (3, 4, 4), 4, 9, Link(5, 0)), 4, 2, "streaming"),
    "frames, groups of classes": (chain("spikes", (3, 4, 4), 4, 9, Link(5, 0)), 2, 1, "streaming"),
    "a window of counts, max pooling": (
        chain(3, (2, 4, 5), 3, 5, Link(4, 3, 1, 1, MAX), Link(4, 0)), 2, 1, "skip",
    ),
    "tiles of a window of counts at once": (
        chain(2, (2, 4, 6), 2, 3, Link(4, 3, 1, 1), Link(3, 0)), 8, 1, [("systolic", 2), ("skip", 1), ("skip", 1)],
    ),
    "counts, tiles without a window": (
        chain(2, (9, 3, 4), 2, 3, Link(4, 3, 1, 1), Link(3, 0)), 8, 1, [("systolic", 2), ("skip", 1), ("skip", 1)],
    ),
    "counts, linear, shared units": (chain(3, (3, 4, 4), 2, 3, Link(5, 0)), 4, 2, "skip"),
    "frames of counts": (chain(5, (9, 4, 4), 2, 3, Link(4, 3, 2, 1), Link(3, 0)), 4, 2, "streaming"),
}  # fmt: skip
NIGHTLY = (
    "time steps in rows, sum pooling, then tiles",
    "tiles of a window of spikes at once, sum pooling",
    "frames, groups of classes",
)
"""Their loops are in the others, too."""


def images_for(network):
    """None of the bits set, few, half, all."""
    random = np.random.default_rng(6)
    if not network.inputs.static:
        chances = np.array([0, 0.1, 0.5, 1]).reshape(1, -1, 1, 1, 1)
        spikes = (random.random((network.time_steps, 4, *network.input_shape)) < chances).astype(np.uint8)
        return spikes * random.integers(1, network.inputs.largest, spikes.shape, np.uint8, endpoint=True)
    images = random.integers(0, 256, (4, *network.input_shape), np.uint8)
    images[0], images[3] = 0, 255
    images[1] &= 0x11
    return images


def estimated(network, config, images):
    """Latency of the first image and intervals of all, as the simulation has them."""
    found = measured(network, config, images)
    return int(found.latency[0]), found.intervals.tolist()


@pytest.fixture(scope="module")
def cases():
    """Network, configuration, images, and what is estimated, of every case."""
    found = {}
    for name, (drawn, lanes, share, dataflow) in CASES.items():
        network = drawn.network()
        planned = (
            network,
            plan(network, lanes=lanes, lanes_per_neuron_unit=share, dataflow=dataflow),
            images_for(network),
        )
        found[name] = *planned, estimated(*planned)
    return found


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.nightly] * (name in NIGHTLY), id=name) for name in CASES]
)
def test_exact(cases, name, tmp_path):
    network, config, images, (latency, intervals) = cases[name]
    outcomes = run(prepare(network, images, tmp_path, config, cycles_an_image=10_000))
    assert outcomes.mismatches == 0
    assert (outcomes.latency, outcomes.intervals) == (latency, intervals)
    assert len(set(intervals)) > 1


@pytest.mark.parametrize("name", ["tiles of a window of spikes", "a window of counts, max pooling"])
def test_events(name, tmp_path):
    """Bits of all time steps are in a word, wherever they come from; a count has as many events."""
    drawn, lanes, share, dataflow = CASES[name]
    network = drawn.network()
    config = plan(network, lanes=lanes, lanes_per_neuron_unit=share, dataflow=dataflow, input_stream="events")
    images = images_for(network)
    outcomes = run(prepare(network, images, tmp_path, config, cycles_an_image=10_000))
    assert outcomes.mismatches == 0
    assert (outcomes.latency, outcomes.intervals) == estimated(network, config, images)


def test_the_cases_meet_every_loop(cases):
    layers = [layer for name in CASES if name not in NIGHTLY for layer in cases[name][1].layers]
    for what in ("padding", "window", "static"):
        assert {bool(getattr(layer, what)) for layer in layers} == {True, False}, what
    for what in ("stride", "groups", "pool", "source_pool", "words", "rows", "tile", "together", "source_together"):
        assert len({getattr(layer, what) for layer in layers}) > 1, what
    assert any(layer.stride > max(layer.kernel) for layer in layers)


DIFFERENCES = {
    "a shorter queue": (model.accelerator.cycles, "FEED_DEPTH", 1),
    "a later word": (model.accelerator.cycles, "FIRST_WORD", 4),
    "a later pixel": (model.accelerator.cycles, "FIRST_PIXEL", 3),
    "a shorter pipeline": (model.accelerator.cycles, "FIRE_DELAY", 3),
    "a layer starts earlier": (model.accelerator.cycles, "WRITE_BACK", 1),
    "the fire interval": (AcceleratorConfig, "fire_interval", lambda self, layer: self.time_steps),
    "the loading of the input": (model.accelerator.schedule, "load_cycles", lambda config: config.input_beats + 1),
    "a window that is there": (model.accelerator.cycles, "_fetches", lambda plan, position: 1),
    "rows that begin": (
        model.accelerator.cycles,
        "_fetches",
        lambda plan, tile: plan.kernel[0] * plan.tile * plan.stride,
    ),
}


@pytest.mark.parametrize("difference", DIFFERENCES)
def test_a_planted_difference_is_noticed(cases, monkeypatch, difference):
    """In cases whose estimate is the simulation's."""
    monkeypatch.setattr(*DIFFERENCES[difference])
    assert any(estimated(*cases[name][:3]) != cases[name][3] for name in CASES if name not in NIGHTLY)


def test_left_out_words_matter(cases, monkeypatch):
    network, config, images, (_, intervals) = cases["pixels, linear"]
    exact = model.accelerator.words.words_of

    def all_kept(stored, plan):
        words = exact(stored, plan)
        return model.accelerator.words.Words(words.bits, np.maximum(words.tokens, 1))

    monkeypatch.setattr("model.accelerator.estimate.words_of", all_kept)
    assert estimated(network, config, images)[1] != intervals
