"""The Python interface, beside its page docs/python.md, whose examples are tests too."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import mint
from model.errors import UserError
from sim.networks.small_networks import first_layer


def test_importing_it_imports_nothing_that_is_slow():
    code = (
        "import sys, mint; print(*sorted({'torch', 'amaranth', 'numpy', 'cocotb', 'pyosys', 'rich'} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.split() == []


def test_the_page_has_every_function():
    page = (Path(__file__).parents[2] / "docs" / "python.md").read_text(encoding="utf-8")
    assert all(f"| `mint.{name}(" in page and f"mint.{name}(" in page.partition("## From")[2] for name in mint.__all__)


def test_an_estimate_is_of_images_or_of_densities():
    network = first_layer("linear", "spikes", (1, 2, 2))
    images = np.zeros((network.time_steps, 1, 1, 2, 2), np.uint8)
    told: list[tuple[int, int]] = []
    exact = mint.estimate(network, images, progress=lambda *numbers: told.append(numbers))
    assert told[-1] == (1, 1)
    assert exact.layers[0].density == 0
    assert mint.estimate(network, densities=[1.0] * len(network.layers)).layers[0].density == 1
    for both in ({}, {"images": images, "densities": [1.0]}):
        with pytest.raises(UserError, match="give one of them"):
            mint.estimate(network, **both)
