"""Analytic memory and energy against the paper's tables and numbers counted by hand."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from model import datasets
from model.config import Precision
from model.costs.evaluation import evaluate
from model.costs.footprint import PAPER, PAPER_NEURONS, PAPER_WEIGHTS, footprint, neurons, weights
from model.costs.sata import ADDITION, DRAM, SCRATCHPAD, SRAM, UPDATE, energies, input_densities
from model.datasets import Split
from model.errors import UserError
from model.inputs import PIXELS, inputs_of
from model.network.graph import Layer, LayerKind, Pool, Source
from model.network.network import INPUT, Network
from model.training.export import to_network
from model.training.networks import Size, named

SHARES = dict.fromkeys(("first", "second", "join", "last"), 0.5)


def vgg9(bits: int) -> Network:
    module = named("vgg9", Size(Precision(bits, bits)))
    module.calibrate(torch.randint(0, 256, (1, 3, 32, 32)))
    return to_network(module.eval())


def small() -> Network:
    """conv 3 × 3 (2) on pixels, sum pooling, a join of two convolutions and an identity, readout; W4U2, T = 3."""
    precision = Precision(4, 2)
    ones, threshold = np.zeros(2, np.int32), np.full(2, 3, np.int32)
    first = Layer(
        name="first",
        kind=LayerKind.CONV,
        neuron=precision.lif(),
        code=precision.code,
        sources=(Source(INPUT, np.ones((2, 1, 3, 3), np.int8), 1, 1),),
        bias=ones,
        threshold=threshold,
        pool=Pool("sum", 2),
    )
    second = Layer(
        name="second",
        kind=LayerKind.CONV,
        neuron=precision.lif(),
        code=precision.code,
        sources=(Source("first", np.ones((2, 2, 1, 1), np.int8)),),
        bias=ones,
        threshold=threshold,
    )
    sources = (Source("second", np.ones((2, 2, 3, 3), np.int8), 1, 1), Source("first", np.ones((2, 2, 1, 1), np.int8)))
    join = Layer(
        name="join",
        kind=LayerKind.CONV,
        neuron=precision.lif(),
        code=precision.code,
        sources=sources,
        bias=ones,
        threshold=threshold,
        skip="second",
        skip_bias=threshold,
    )
    last = Layer(
        name="last",
        kind=LayerKind.LINEAR,
        neuron=None,
        code=precision.code,
        sources=(Source("join", np.ones((5, 32), np.int8)),),
        bias=np.zeros(5, np.int32),
    )
    return Network(PIXELS, (1, 8, 8), 3, (first, second, join, last))


def test_the_footprint_is_the_paper_s() -> None:
    network = vgg9(8)
    assert (weights(network), neurons(network)) == (PAPER_WEIGHTS, PAPER_NEURONS)
    for row in PAPER:
        if row.method == "MINT":
            found = footprint(
                network, weight_width=row.weight_width, membrane_width=row.membrane_width, batch=50, time_steps=8
            )
            assert found.mebibytes == pytest.approx(row.megabytes, abs=0.01)
    once = [footprint(network, weight_width=bits, membrane_width=bits, batch=50).mebibytes for bits in (8, 4, 2)]
    assert once == pytest.approx([13.38, 6.69, 3.34], abs=0.005)


def test_weights_and_membranes_are_counted_apart() -> None:
    network = small()
    assert weights(network) == 18 + 4 + 36 + 4 + 160
    assert neurons(network) == 2 * (64 + 16 + 16)
    found = footprint(network, weight_width=4, membrane_width=2, batch=10, time_steps=3)
    assert (found.weight_bits, found.membrane_bits) == (222 * 4, 192 * 2 * 30)
    assert found.membrane_share == pytest.approx(11520 / 12408)
    assert found.mebibytes == pytest.approx(12408 / 8 / 2**20)


@pytest.mark.parametrize(("bits", "compute", "memory"), [(2, 0.392, 22.7), (4, 0.784, 43.0), (8, 1.568, 83.7)])
def test_the_energy_of_vgg9_s_convolutions_is_the_simulator_s(bits: int, compute: float, memory: float) -> None:
    network = vgg9(bits)
    found = energies(network, {layer.name: 0.1 for layer in network.layers}, pixels_as_spikes=True)[:-1]
    assert sum(layer.compute for layer in found) / 1e6 == pytest.approx(compute, abs=0.0005)
    assert sum(layer.memory for layer in found) / 1e6 == pytest.approx(memory, abs=0.05)


def test_the_energy_of_pixels_counts_joins_and_readouts_by_hand() -> None:
    found = {layer.name: layer for layer in energies(small(), SHARES)}

    def check(name: str, *, fan_in: int, neurons: int, rounds: int, updates: int, weights: int, inputs: int) -> None:
        layer = found[name]
        held = weights * 4 + 3 * neurons * 2 + inputs
        assert layer.additions == pytest.approx(0.5 * fan_in * neurons * rounds * ADDITION * 4 / 16)
        assert layer.updates == pytest.approx(updates * UPDATE * 2 / 16)
        assert layer.dram == pytest.approx(held * DRAM / 16)
        assert layer.sram == pytest.approx(2 * held * SRAM / 16)
        assert layer.scratchpad == pytest.approx(2 * (weights * 4 + inputs) * SCRATCHPAD / 16)

    check("first", fan_in=9, neurons=128, rounds=8, updates=3 * 128, weights=18, inputs=64 * 8)
    # A count of up to four is four spikes.
    check("second", fan_in=2 * 4, neurons=32, rounds=3, updates=3 * 32, weights=4, inputs=3 * 32 * 4)
    check("join", fan_in=18 + 2 * 4, neurons=32, rounds=3, updates=3 * 32, weights=40, inputs=3 * (32 + 32 * 4))
    check("last", fan_in=32, neurons=5, rounds=3, updates=0, weights=160, inputs=3 * 32)


def test_counts_have_their_planes_at_every_time_step() -> None:
    """Three is two additions, one is one; what is beside the map is none."""
    counted = replace(small(), inputs=inputs_of("counts", 2))
    pixels, found = energies(small(), SHARES)[0], energies(counted, SHARES)[0]
    assert found.additions == pytest.approx(pixels.additions * 2 * 3 / 8)
    images = np.ones((1, 3, 1, 8, 8), np.uint8)
    one, three = (evaluate(counted, Split(images * count, np.zeros(1, np.int64))).layers[0] for count in (1, 3))
    assert one.dense_operations == three.dense_operations == 9 * 128 * 2 * 3
    assert three.operations == 2 * one.operations == 2 * 2 * 3 * 22**2


def test_measured_densities_are_shares_of_dense_additions() -> None:
    network = small()
    test = datasets.load("digits").test
    found = input_densities(evaluate(network, Split(test.images[:20], test.labels[:20] % 5)))
    assert set(found) == {"first", "second", "join", "last"}
    assert all(0 < value <= 1 for value in found.values()), found
    silent = evaluate(network, Split(np.zeros((2, 1, 8, 8), np.uint8), np.zeros(2, np.int64)))
    assert input_densities(silent) == dict.fromkeys(found, 0)
    assert (silent.ties, silent.correct) == (2, 2), "of a tie the lowest class counts"


def test_a_density_is_a_share() -> None:
    with pytest.raises(UserError, match=r"layer first: a density of 1\.5; choose 0 to 1"):
        energies(small(), dict.fromkeys(("first", "second", "join", "last"), 1.5))
