"""The shipped networks: every layer at its named widths, and the accuracy that they record is what they have."""

from pathlib import Path

import pytest

from model import datasets
from model.config import Precision
from model.costs.evaluation import evaluate
from model.network import bundle
from model.network.shipped import FOLDER, shipped

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
    assert network.accuracy["test_images"] == 10_000
    assert network.accuracy["differing"] == 0
    neurons = sum(c * h * w for name, (c, h, w) in network.shapes.items() if network.layer(name).spiking)
    assert network.accuracy["compared_with_golden"] == 10_000 * (3 * network.time_steps * neurons + 10)


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
