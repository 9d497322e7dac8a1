"""The shipped networks: every layer at its named widths, and the accuracy that they record is what they have."""

from pathlib import Path

import pytest

from model import datasets
from model.config import Precision
from model.costs.evaluation import evaluate
from model.network import bundle
from model.network.shipped import FOLDER, shipped
from tools.shipped import compare, recorded

WIDTHS = (2, 4, 8)


@pytest.fixture(params=WIDTHS)
def network(request: pytest.FixtureRequest) -> bundle.Network:
    path = shipped(Precision(request.param, request.param))
    assert path is not None
    assert path.stat().st_size < 1 << 20
    found = bundle.read(path)
    assert {layer.widths for layer in found.layers if layer.spiking} == {str(Precision(request.param, request.param))}
    assert found.widths == str(Precision(request.param, request.param))
    return found


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.safetensors")), ids=lambda path: path.stem)
def test_a_shipped_network_records_how_it_was_made(path: Path) -> None:
    network = bundle.read(path)
    weights = sum(source.weight.size * layer.code.bits for layer in network.layers for source in layer.sources)
    assert path.stat().st_size < weights / 8 + (16 << 10)  # packed
    assert network.provenance["command"].startswith("mint train ")
    images = network.accuracy["test_images"]
    few = {"moving-digits": 720, "digits": 360, "n-mnist": 100}
    assert images == few.get(network.provenance["dataset"], 10_000)
    assert network.accuracy["differing"] == 0
    classes = network.layers[-1].channels
    neurons = sum(c * h * w for name, (c, h, w) in network.shapes.items() if network.layer(name).spiking)
    assert network.accuracy["compared_with_golden"] == images * (3 * network.time_steps * neurons + classes)


def test_a_shipped_network_has_the_accuracy_that_it_records(network: bundle.Network) -> None:
    """On a tenth of the test images, which is as good to a point or two; `make nightly` has all, to the image.

    Set-up installs Fashion-MNIST for this where it can; a machine without it cannot pass.
    """
    test = datasets.load("fashion-mnist").test
    images = len(test) // 10
    found = evaluate(network, datasets.Split(test.images[:images], test.labels[:images]))
    assert found.accuracy == pytest.approx(network.accuracy["test"], abs=1.5)
    assert all(0.01 < layer.density < 0.5 for layer in found.layers[:-1])
    assert all(0 < layer.operations < layer.dense_operations for layer in found.layers)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.safetensors")), ids=lambda path: path.stem)
def test_a_shipped_network_has_its_digest_and_is_written_the_same_each_time(path: Path) -> None:
    assert b'"mint.sha256":' in path.read_bytes()
    written = bundle.to_bytes(bundle.read(path))
    assert bundle.to_bytes(bundle.from_bytes(written)) == written


@pytest.mark.parametrize(
    ("name", "family", "code"),
    [("moving-w2-memory-free", "memory-free", "narrow"), ("digits-binary-u4", "lif", "binary")],
)
def test_the_small_networks_of_the_other_papers(name: str, family: str, code: str) -> None:
    """On sets that are always there: exactly as many images as they record."""
    network = bundle.read(FOLDER / f"{name}.safetensors")
    assert {layer.neuron.family for layer in network.layers if layer.neuron} == {family}
    assert {layer.code.name for layer in network.layers} == {code}
    test = datasets.load(network.provenance["dataset"]).test
    assert compare(network, test) == f"{recorded(network)} of {len(test)} test images classified right, as recorded"
