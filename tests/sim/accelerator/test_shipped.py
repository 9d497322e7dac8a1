"""Whole images through the accelerators of shipped networks, every neuron against the golden model."""

from pathlib import Path

import numpy as np
import pytest

from model.accelerator.estimate import measured
from model.accelerator.plan import plan
from model.datasets.samples import some_images
from model.network import bundle
from model.network.shipped import FOLDER
from sim.accelerator.cosim import prepare, run
from sim.harness.cosimulation import Waits


def network_and_images(name: str, count: int):
    network = bundle.read(Path(FOLDER) / f"{name}.safetensors")
    return network, some_images(network, count)[0]


def compared(network, images):
    """Numbers that a co-simulation compares: those of the first image once, which is simulated twice."""
    neurons = sum(np.prod(network.shapes[layer.name]) for layer in network.layers if layer.spiking)
    classes = network.layers[-1].channels
    return len(images) * (3 * network.time_steps * neurons + classes + 1)


@pytest.mark.parametrize("name", ["mlp-fashion-w4u4", pytest.param("fashion-w2u2", marks=pytest.mark.nightly)])
def test_a_whole_image(tmp_path, name):
    """On Icarus, with fewer lanes, and in the cycles that are estimated; the convolutional one in `make nightly`."""
    network, images = network_and_images(name, 1)
    prepared = prepare(network, images, tmp_path, plan(network, lanes=32, retire=True))
    outcomes = run(prepared)
    assert outcomes.first is None
    assert outcomes.comparisons == compared(network, images)
    assert outcomes.intervals == measured(network, prepared.config, images).intervals.tolist()


@pytest.mark.nightly
def test_twenty_images_with_random_waits(tmp_path):
    """`make soak` has a thousand, on all lanes."""
    network, images = network_and_images("mlp-fashion-w4u4", 20)
    prepared = prepare(network, images, tmp_path, plan(network, lanes=32, retire=True))
    outcomes = run(prepared, waits=Waits(idle=64, stall=64), simulator="verilator")
    assert outcomes.first is None
    assert outcomes.mismatches == 0
    assert outcomes.comparisons == compared(network, images)
