"""Weights and membranes of 3 and 5 bits, from training to both machines: one network, the same integers everywhere."""

from pathlib import Path

import pytest
import torch

from model import datasets
from model.accelerator.plan import plan
from model.config import Precision
from model.network import bundle
from model.training.equality import compare
from model.training.export import export
from model.training.layers import Conv, Readout
from model.training.network import SpikingNetwork
from model.training.recipe import Recipe
from model.training.train import Listener, Run
from sim.accelerator import cosim as accelerator
from sim.array import cosim as array


def small(precision: Precision | None) -> SpikingNetwork:
    layers = {
        "conv": Conv(1, 6, 3, stride=2, padding=1, precision=precision),
        "fc": Readout(4 * 4 * 6, 10, precision=precision),
    }
    return SpikingNetwork(layers, input_shape=(1, 8, 8), time_steps=3)


@pytest.mark.parametrize("width", [3, pytest.param(5, marks=pytest.mark.nightly)])
def test_trained_golden_and_rtl_are_one_network(tmp_path: Path, width: int) -> None:
    torch.set_num_threads(1)
    data = datasets.load("digits")
    run = Run(Recipe("mine.py:small", "digits", Precision(width, width), 1, learning_rate=1e-2), small, data, tmp_path)
    run.train(Listener())
    module = run.load_best()
    path = tmp_path / "digits.safetensors"
    export(module, path)
    network = bundle.read(path)
    assert network.widths == f"w{width}u{width}"
    assert path.stat().st_size < 8 * 1024
    found = compare(module, network, data.test.images)
    assert found.differing == 0 < found.compared
    pictures, config = data.test.images[:1], plan(network, lanes=8, retire=True)
    for outcomes in (
        accelerator.run(accelerator.prepare(network, pictures, tmp_path / "accelerator", config)),
        array.run(array.prepare(network, pictures, tmp_path / "array", rows=4, columns=4)),
    ):
        assert outcomes.mismatches == 0 < outcomes.comparisons
        assert outcomes.logits == found.logits[:1].tolist()
