"""A whole image through the Verilog of a shipped network, on the array that ships."""

import numpy as np
import pytest

from hdl.array.tiling import tilings
from model import datasets
from model.config import Precision
from model.errors import UserError
from model.network import bundle
from model.network.shipped import shipped
from sim.array.cosim import prepare, run

CYCLES = 100_000
"""What an image may take on 128 processing elements, in the better of two shapes."""


def drawn_image():
    """A disc on a shaded ground: any image shows that the numbers are the same, but this one makes spikes."""
    row, column = np.mgrid[:28, :28] - 13.5
    ground = np.linspace(0, 90, 28).astype(np.uint8)[None, :].repeat(28, 0)
    return np.where(row**2 + column**2 < 90, 230 - ground, ground // 4).astype(np.uint8)


@pytest.fixture
def images():
    """The first test image of Fashion-MNIST, or a drawn one where the set is not at hand; nothing is downloaded."""
    try:
        return "Fashion-MNIST", datasets.load("fashion-mnist", download=False).test.images[:1]
    except UserError:
        return "a drawn image, because Fashion-MNIST is not at hand", drawn_image()[None, None]


@pytest.mark.nightly
def test_shipped_network(images, tmp_path, record_property):
    """Of 2 bits; `make cosim TOP=array` runs the others."""
    path = shipped(Precision(2, 2))
    assert path is not None
    what, image = images
    record_property("image", what)
    print(f"image: {what}")
    network = bundle.read(path)
    cosimulation = prepare(network, image, tmp_path)
    other = network.array_config(rows=8, columns=16)
    assert min(cosimulation.cycles, sum(tiling.cycles for tiling in tilings(network, other).values())) <= CYCLES
    outcomes = run(cosimulation)
    assert outcomes.first is None
    assert outcomes.mismatches == 0
    neurons = sum(int(np.prod(network.shapes[layer.name])) for layer in network.layers if layer.spiking)
    assert outcomes.comparisons == 3 * network.time_steps * neurons + network.layers[-1].channels
    assert outcomes.total_cycles == cosimulation.cycles
