"""The Python interface, beside its page docs/python.md, whose examples are tests too."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import mint
from model.config import Precision
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
    with pytest.raises(UserError, match="0 draws; at least 1"):
        mint.estimate(network, densities=[1.0] * len(network.layers), draws=0)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"simulator": "questa"}, "simulator 'questa'; choose one of: icarus, verilator"),
        ({"idle": 256}, "idle 256, of 256; choose 0 to 255"),
        ({"stall": -1}, "stall -1, of 256; choose 0 to 255"),
    ],
)
def test_a_simulation_that_cannot_run_is_refused_before_its_folder_is_made(options, sentence, tmp_path):
    network = first_layer("linear", "spikes", (1, 2, 2))
    images = np.zeros((network.time_steps, 1, 1, 2, 2), np.uint8)
    with pytest.raises(UserError, match=sentence):
        mint.cosim(network, images, tmp_path / "cosim", **options)
    assert not (tmp_path / "cosim").exists()


def test_images_that_are_no_array_or_of_another_shape_are_refused():
    network = first_layer("linear", "spikes", (1, 2, 2))
    for call in (mint.golden, mint.estimate):
        with pytest.raises(UserError, match="images are a list; give an array of NumPy"):
            call(network, [[0]])
        with pytest.raises(UserError, match="shape"):
            call(network, np.zeros((), np.uint8))


def test_training_refuses_a_device_and_a_place_that_are_none(tmp_path):
    recipe = mint.recipe("digits", Precision(4, 4), epochs=1)
    with pytest.raises(UserError, match="device 'gpu9' is not known; choose cpu or cuda"):
        mint.train(recipe, tmp_path, device="gpu9")
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    with pytest.raises(UserError, match="a file is in the way"):
        mint.train(recipe, tmp_path / "file")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
