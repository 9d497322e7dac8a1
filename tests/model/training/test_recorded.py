"""Networks of recordings: trained on written files, the frames' recipe from the run to the bundle's default images."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mint import api
from model import datasets
from model.config import Precision
from model.datasets import Framing
from model.datasets.inputs import images_for
from model.datasets.samples import some_images
from model.errors import UserError
from model.inputs import inputs_of
from model.network import bundle
from model.training.equality import compare
from model.training.export import to_network
from model.training.finish import reopened
from model.training.named import integers
from model.training.networks import RECORDED, Size, named
from tests.model.datasets.events import files

pytestmark = pytest.mark.usefixtures("one_thread")

FRAMING = Framing(time_steps=3, step_us=1500, frame_size=17)
COUNTED = Framing(time_steps=3, frame_size=9, count_bits=3)
PRECISIONS = (
    Precision(4, 4),
    Precision(2, 0, neuron_family="memory-free"),
    Precision(1, 4, weight_code="binary", quantiser="sigmoids"),
)


@pytest.fixture(autouse=True)
def _data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("MINT_DATA", str(tmp_path / "data"))
    files.n_mnist(tmp_path / "data" / "n-mnist")


@pytest.mark.parametrize(
    ("precision", "framing"),
    [*((each, FRAMING) for each in PRECISIONS), *((each, COUNTED) for each in PRECISIONS[:2])],
    ids=str,
)
def test_a_run_s_frames_are_those_of_its_bundle(tmp_path: Path, precision: Precision, framing: Framing) -> None:
    files.bin_file(tmp_path / "data" / "n-mnist" / "Test" / "0" / "60001.bin", [(time, 0, 0, 1) for time in range(30)])
    recipe = api.recipe("nmnist", precision, width=0.25, epochs=2, batch_size=10, **framing.described)
    assert recipe.framing == framing
    run = api.train(recipe, tmp_path / "runs")
    assert run.result["accuracy"]["differing"] == 0
    assert api.train(recipe, tmp_path / "runs").before

    wanted = datasets.load("n-mnist", framing=framing).test.images.swapaxes(0, 1)
    assert wanted.max() == framing.largest
    network = bundle.read(run.bundle)
    assert network.inputs.largest == framing.largest
    assert network.provenance["framing"] == framing.described
    assert "for validation" in network.provenance["split"]
    assert np.array_equal(images_for(network, None, None, None).values, wanted)
    assert np.array_equal(some_images(network, 3)[0], wanted[:, :3])

    trained = reopened(run.folder)
    assert np.array_equal(trained.data.test.images.swapaxes(0, 1), wanted)
    with pytest.raises(UserError, match="other settings"):
        api.train(replace(recipe, epochs=3), tmp_path / "runs")


def test_a_network_without_a_set_of_its_own_says_how_recordings_are_cut() -> None:
    """T and pixels are the network's; without a recorded window, parts of whole recordings."""
    size = Size(Precision(4, 4), width=0.25, input_shape=(2, 17, 17), time_steps=5)
    module = named("nmnist", size)
    module.calibrate(torch.ones(5, 2, 2, 17, 17, dtype=torch.uint8))
    network = to_network(module.eval())
    assert Framing.of(network, (34, 34)) == Framing(5, 0, 17)
    assert Framing.of(replace(network, inputs=inputs_of("counts", 2)), (34, 34)) == Framing(5, 0, 17, 2)
    assert datasets.taken_by(network, "n-mnist").test.images.shape == (20, 5, 2, 17, 17)


@pytest.mark.parametrize("count_bits", [1, 2, 8])
@pytest.mark.parametrize("name", RECORDED)
def test_every_layer_is_exact_on_spikes_and_counts(name: str, count_bits: int) -> None:
    random = np.random.default_rng(0)
    for precision in PRECISIONS[:2]:
        side = {"nmnist": 34, "gesture": 32}[name]
        size = Size(precision, 0.5, (2, side, side), classes=11, time_steps=6, count_bits=count_bits)
        module = named(name, size)
        spikes = random.random((6, 8, 2, side, side)) < 0.1
        frames = (spikes * random.integers(1, 1 << count_bits, spikes.shape)).astype(np.uint8)
        module.calibrate(torch.from_numpy(frames))
        found = compare(module.eval(), to_network(module), frames)
        assert found.differing == 0
        assert found.logits.std(0).max() > 0
        assert all(0.01 < float(layer.density) < 0.6 for layer in module.spiking().values())


def test_what_does_not_fit_gets_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="images of 3 channels; this network takes events of two polarities"):
        api.train(api.recipe("nmnist", Precision(4, 4), "cifar10", width=0.25), tmp_path / "runs", data=_pixels())
    with pytest.raises(UserError, match="digits has no recordings to cut into frames; leave out --step-us"):
        api.train(api.recipe("digits", Precision(4, 4), step_us=5), tmp_path / "runs")
    with pytest.raises(UserError, match="n-mnist has spikes, and mixtures are of pixels"):
        api.train(api.recipe("nmnist", Precision(4, 4), mixup=0.2), tmp_path / "runs")


def test_a_run_on_other_recordings_is_not_taken_for_this_one(tmp_path: Path) -> None:
    recipe = api.recipe("nmnist", Precision(4, 4), width=0.25, epochs=1, batch_size=10, **FRAMING.described)
    run = api.train(recipe, tmp_path / "runs")
    files.n_mnist(tmp_path / "data" / "n-mnist", train=7)
    with pytest.raises(UserError, match="holds a run with other settings, network, teacher or data"):
        api.train(recipe, tmp_path / "runs")
    with pytest.raises(UserError, match="n-mnist is another data set or has other recordings"):
        reopened(run.folder)


def test_a_recipe_s_frames_are_of_recordings_only() -> None:
    """What the user did not give is not complained of."""
    for name in ("digits", "cifar10"):
        with pytest.raises(UserError, match="this network takes events of two polarities"):
            integers("gesture", Precision(4, 4), width=1, time_steps=None, dataset=name)
    assert api.recipe("gesture", Precision(4, 4), "moving-digits").framing is None
    assert api.recipe("gesture", Precision(4, 4), "moving-digits").name == "gesture-moving-digits-w4u4-seed0"
    assert api.recipe("gesture", Precision(4, 4), "n-mnist").framing == Framing(16, 0, 32)


def _pixels() -> datasets.Dataset:
    split = datasets.Split(np.zeros((200, 3, 32, 32), np.uint8), np.arange(200) % 10)
    return datasets.Dataset("cifar10", split, split, split)
