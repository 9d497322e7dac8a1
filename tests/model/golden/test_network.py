"""The golden network against the equations written out one neuron at a time."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.config import Precision
from model.errors import UserError
from model.golden import network as golden
from model.golden.network import classify, pooled, run
from model.inputs import PIXELS
from model.network.graph import Layer, LayerKind, Pool, Readout, Source, State
from model.network.network import INPUT, Network
from sim.networks.chains import DEFAULT, Chain, Link
from sim.networks.family import reading_out, varied
from sim.networks.random_networks import random_images, random_network


def by_hand(network: Network, images: np.ndarray) -> dict[str, np.ndarray]:
    """Loops over everything; slow and obvious."""
    pixels = network.inputs.static
    count = len(images) if pixels else images.shape[1]
    found: dict[str, np.ndarray] = {}
    for n in range(count):
        trains = {INPUT: [images[n] if pixels else images[t, n] for t in range(network.time_steps)]}
        for layer in network.layers:
            shape = network.shapes[layer.name]
            membrane = np.zeros(shape, int)
            total = np.zeros(shape, int)
            handed = []
            for t in range(network.time_steps):
                spikes = np.zeros(shape, int)
                for position in np.ndindex(*shape):
                    c, i, j = position
                    h = int(layer.bias[c])
                    for source in layer.sources:
                        x = trains[source.origin][t].astype(int)
                        if layer.kind == "linear":
                            h += int(sum(int(w) * int(v) for w, v in zip(source.weight[c], x.ravel(), strict=True)))
                            continue
                        x = np.pad(x, ((0, 0), (source.padding,) * 2, (source.padding,) * 2))
                        k = source.weight.shape[2]
                        window = x[
                            :, i * source.stride : i * source.stride + k, j * source.stride : j * source.stride + k
                        ]
                        h += int((source.weight[c].astype(int) * window).sum())
                    if not layer.spiking:
                        total[position] += h
                        continue
                    if layer.skip is not None and layer.skip_bias is not None and trains[layer.skip][t][position]:
                        h += int(layer.skip_bias[c])
                    h += layer.neuron.load(int(membrane[position]))
                    spikes[position] = layer.threshold is not None and h >= layer.threshold[c]
                    total[position] += spikes[position] if layer.threshold is not None else h
                    left = h
                    if spikes[position]:
                        reset = {"zero": 0, "subtract": h - int(layer.threshold[c]), "none": h}
                        left = reset[layer.neuron.reset]
                    membrane[position] = layer.neuron.store(left)
                    for key, value in (
                        ("potential", h), ("spikes", spikes[position]), ("membrane", membrane[position])
                    ):  # fmt: skip
                        table = found.setdefault(
                            f"{layer.name}.{key}", np.zeros((network.time_steps, count, *shape), int)
                        )
                        table[t, n][position] = value
                if layer.spiking:
                    handed.append(pooled_by_hand(spikes, layer.pool))
            trains[layer.name] = handed
            if layer is network.layers[-1]:
                found.setdefault("logits", np.zeros((count, layer.channels), int))[n] = total[:, 0, 0]
    return found


def pooled_by_hand(spikes: np.ndarray, pool: Pool | None) -> np.ndarray:
    if pool is None:
        return spikes
    channels, height, width = spikes.shape
    out = np.zeros((channels, height // pool.size, width // pool.size), int)
    for c, i, j in np.ndindex(*out.shape):
        window = spikes[c, i * pool.size : (i + 1) * pool.size, j * pool.size : (j + 1) * pool.size]
        out[c, i, j] = window.any() if pool.kind == "max" else window.sum()
    return out


COUNT_BITS = {9: 1, 10: 3, 11: 8}
"""Of seeds whose networks take counts."""


@cache
def drawn(seed: int, family: bool) -> tuple[Network, np.ndarray, dict[str, np.ndarray]]:
    """A network, images and what they give by hand, for every size of blocks."""
    network = random_network(seed, COUNT_BITS.get(seed))
    if family:
        network = reading_out(varied(network, seed), list(Readout)[seed % 3], seed)
    images = random_images(network, 2, seed)
    return network, images, by_hand(network, images)


@pytest.mark.parametrize("block_bytes", [golden.CHUNK_BYTES, 1], ids=["at once", "step by step"])
@pytest.mark.parametrize("family", [False, True], ids=["mint", "family"])
@pytest.mark.parametrize("seed", range(12))
def test_golden_network_is_the_equations(
    seed: int, family: bool, block_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(golden, "CHUNK_BYTES", block_bytes)
    network, images, wanted = drawn(seed, family)
    found = run(network, images)
    assert set(found) == set(wanted)
    for key in wanted:
        assert (found[key] == wanted[key]).all(), key


@given(bits=st.integers(1, 8), kernel=st.integers(0, 3), seed=st.integers(0, 1000))
def test_counts_of_any_width_are_the_equations(bits: int, kernel: int, seed: int) -> None:
    links = (Link(2, kernel, padding=seed % 2, pool=Pool("sum", 2)), Link(2, 0))
    chain = Chain("counts", (2, 4, 3), 3, links, 2, DEFAULT, seed, density=0.5, input_bits=bits)
    network, images = chain.network(), chain.images(1)
    found, wanted = run(network, images), by_hand(network, images)
    assert all((found[key] == wanted[key]).all() for key in wanted)


def test_ties_go_to_the_lowest_class() -> None:
    assert classify(np.array([[1, 7, 7], [-1, -1, -1]])).tolist() == [1, 0]


def test_odd_ends_are_dropped_by_pooling() -> None:
    spikes = np.zeros((1, 3, 3, 1), np.uint8)
    spikes[0, 2, 2] = 1
    assert not pooled(spikes, Pool("max", 2)).any()


@pytest.mark.parametrize(
    ("images", "sentence"),
    [
        (np.zeros((2, 1, 5, 5), np.uint8), "images have shape"),
        (np.full((2, 1, 6, 6), 256), "image values run from 256 to 256"),
        (np.zeros((2, 1, 6, 6)), "images are float64; the network takes pixels, integers 0 to 255"),
        (np.zeros((0, 1, 6, 6), np.uint8), "no images"),
    ],
)
def test_images_that_do_not_fit_are_refused(images: np.ndarray, sentence: str) -> None:
    weight = np.ones((2, 36), np.int8)
    hidden = Layer(
        name="hidden",
        kind=LayerKind.LINEAR,
        neuron=Precision(2, 2).lif(),
        code=Precision(2, 2).code,
        sources=(Source(INPUT, weight),),
        bias=np.zeros(2, np.int32),
        threshold=np.ones(2, np.int32),
    )
    last = Layer(
        name="out",
        kind=LayerKind.LINEAR,
        neuron=None,
        code=Precision(2, 2).code,
        sources=(Source("hidden", np.ones((2, 2), np.int8)),),
        bias=np.zeros(2, np.int32),
    )
    with pytest.raises(UserError, match=sentence):
        run(Network(PIXELS, (1, 6, 6), 2, (hidden, last)), images)


@pytest.mark.parametrize("readout", list(Readout))
def test_a_recording_is_one_long_image(readout):
    """State lasts: membranes are those of an image of N·T time steps, logits those of T time steps each."""
    steps, count = 3, 4
    chain = Chain("spikes", (2, 4, 4), steps, (Link(5, 3, padding=1), Link(4, 0)), 3, DEFAULT, 1, 0.5, 7, readout)
    network, images = chain.network(), chain.images(count)
    recording = run(replace(network, state=State.STREAM), images)
    whole = images.swapaxes(0, 1).reshape(1, steps * count, *network.input_shape).swapaxes(0, 1)
    long = run(replace(network, time_steps=steps * count), whole)
    for key in set(long) - {"logits"}:
        assert np.array_equal(recording[key].swapaxes(0, 1).reshape(long[key][:, 0].shape), long[key][:, 0]), key
    assert np.array_equal(recording["logits"].sum(0), long["logits"][0])
    alone = run(network, images)["logits"]
    assert np.array_equal(recording["logits"][0], alone[0])
    assert (recording["logits"] != alone).any()
