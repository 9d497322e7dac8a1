"""Counts of set bits, tokens and operations are exact, however many there are."""

import numpy as np
import pytest

from model.accelerator.estimate import expected, measured
from model.accelerator.plan import plan
from model.config import Precision
from model.costs.evaluation import evaluate
from model.datasets import Split
from model.inputs import INPUTS, PIXELS, SPIKES
from model.network.graph import Layer, LayerKind, Source
from model.network.network import Network

W8 = Precision(8, 4)


@pytest.mark.parametrize(("kind", "shape", "kernel"), [("pixels", (520, 8, 8), 8), ("spikes", (33_000, 1, 1), 1)])
def test_words_of_more_than_32767_bits_are_counted(kind: str, shape: tuple[int, int, int], kernel: int) -> None:
    """A window of pixels, or a word of spikes, in which every bit is set."""
    weight = np.zeros((1, shape[0], kernel, kernel), np.int8)
    weight[0, 0, 0, 0] = 1
    one = np.ones(1, np.int32)
    first = Layer(
        name="a",
        kind=LayerKind.CONV,
        neuron=W8.lif(),
        code=W8.code,
        sources=(Source("input", weight),),
        bias=one,
        threshold=one,
    )
    last = Layer(
        name="b",
        kind=LayerKind.LINEAR,
        neuron=None,
        code=W8.code,
        sources=(Source("a", np.ones((1, 1), np.int8)),),
        bias=one,
    )
    network = Network(INPUTS[kind], shape, 2, (first, last))
    images = np.full((1, *shape), 255, np.uint8) if kind == "pixels" else np.ones((2, 1, *shape), np.uint8)
    bits = int(np.prod(shape)) * (8 if kind == "pixels" else 2)
    config = plan(network)
    for found in (measured(network, config, images), expected(config, [1.0, 1.0])):
        assert (found.layers[0].tokens == bits).all()
        assert (found.layers[0].set_bits == bits).all()
        assert (found.cycles > bits).all()
        assert found.layers[0].density == 1
    if kind == "pixels":
        assert evaluate(network, Split(images, np.zeros(1, np.int64))).layers[0].operations == bits


def test_operations_beyond_2_to_the_24_are_counted_exactly() -> None:
    """An odd number of set bits in one window, which float32 has not."""
    shape = (32_770, 8, 8)
    one = np.ones(1, np.int32)
    first = Layer(
        name="a",
        kind=LayerKind.CONV,
        neuron=W8.lif(),
        code=W8.code,
        sources=(Source("input", np.ones((1, *shape), np.int8)),),
        bias=one,
        threshold=one,
    )
    last = Layer(
        name="b",
        kind=LayerKind.LINEAR,
        neuron=None,
        code=W8.code,
        sources=(Source("a", np.ones((1, 1), np.int8)),),
        bias=one,
    )
    images = np.full((1, *shape), 255, np.uint8)
    images[0, 0, 0, 0] = 1
    found = evaluate(Network(PIXELS, shape, 1, (first, last)), Split(images, np.zeros(1, np.int64)))
    assert found.layers[0].operations == 8 * images.size - 7 > 2**24


def test_a_layer_that_reads_only_padding_has_no_density() -> None:
    weight = np.ones((1, 1, 1, 1), np.int8)
    one = np.ones(1, np.int32)
    first = Layer(
        name="a",
        kind=LayerKind.CONV,
        neuron=W8.lif(),
        code=W8.code,
        sources=(Source("input", weight, 16, 8),),
        bias=one,
        threshold=one,
    )
    last = Layer(
        name="b",
        kind=LayerKind.LINEAR,
        neuron=None,
        code=W8.code,
        sources=(Source("a", np.ones((1, 4), np.int8)),),
        bias=one,
    )
    network = Network(SPIKES, (1, 1, 1), 2, (first, last))
    found = measured(network, plan(network), np.ones((2, 1, 1, 1, 1), np.uint8))
    assert (found.layers[0].density, found.layers[0].set_bits.tolist()) == (0, [0])
