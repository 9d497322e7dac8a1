"""The papers' networks: their sizes, and trained model = golden model on pieces of photographs."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.datasets import load_sample_images

from model.config import Precision
from model.errors import UserError
from model.network.network import Network
from model.network.shapes import SHAPES
from model.training.equality import compare
from model.training.export import to_network
from model.training.networks import PHOTOGRAPHED, Size, SpikingNetwork, named

PAPER = {  # of MINT: weights, neurons on 32 × 32 pixels
    "vgg9": (1_736_896, 245_760),
    "vgg9-plain": (1_736_896, 245_760),
    "vgg16": (14_715_584, 276_480),
    "resnet19": (12_619_968, 393_472),
}


@pytest.fixture(scope="module")
def photographs() -> NDArray[np.uint8]:
    """Pieces of 32 × 32 pixels of scikit-learn's two photographs."""
    pieces = [
        image[row : row + 32, column : column + 32].transpose(2, 0, 1)
        for image in load_sample_images().images
        for row in range(0, 384, 96)
        for column in range(0, 576, 96)
    ]
    return np.random.default_rng(0).permutation(np.stack(pieces))


def made(name: str, size: Size, images: NDArray[np.uint8]) -> tuple[SpikingNetwork, Network]:
    torch.manual_seed(0)
    module = named(name, size)
    module.calibrate(torch.from_numpy(images.copy()))
    return module.eval(), to_network(module)


@pytest.mark.parametrize("name", PAPER)
def test_sizes_are_the_paper_s(name: str, photographs: NDArray[np.uint8]) -> None:
    _, network = made(name, Size(Precision(2, 2), time_steps=1), photographs[:1])
    weights = sum(source.weight.size for layer in network.layers for source in layer.sources)
    neurons = sum(int(np.prod(network.shapes[layer.name])) for layer in network.layers if layer.spiking)
    assert (weights, neurons) == PAPER[name]


@pytest.mark.parametrize("bits", [2, 8])
@pytest.mark.parametrize("name", PAPER)
def test_every_layer_is_exact_on_photographs(name: str, bits: int, photographs: NDArray[np.uint8]) -> None:
    module, network = made(name, Size(Precision(bits, bits), width=1 / 8), photographs[:32])
    found = compare(module, network, photographs[32:])
    neurons = sum(int(np.prod(network.shapes[layer])) for layer in module.spiking())
    assert found.compared == 16 * (3 * network.time_steps * neurons + 10)
    assert found.differing == 0
    density = {layer: float(found.density) for layer, found in module.spiking().items()}
    assert all(0.01 < value < 0.6 for value in density.values()), density


@pytest.mark.parametrize("name", ["vgg9", "resnet19"])
def test_first_and_last_layer_may_have_eight_bits(name: str, photographs: NDArray[np.uint8]) -> None:
    size = Size(Precision(2, 4), width=1 / 8, ends_bits=8)
    module, network = made(name, size, photographs[:8])
    assert [layer.widths for layer in network.layers] == [
        "w8u8", *["w2u4"] * (len(network.layers) - 2), "w8",
    ]  # fmt: skip
    assert compare(module, network, photographs[32:36]).differing == 0
    with pytest.raises(UserError, match="network mlp has one size, one precision"):
        named("mlp", Size(Precision(4, 4), ends_bits=8))


def test_joins_of_resnet_are_the_law_s(photographs: NDArray[np.uint8]) -> None:
    _, network = made("resnet19", Size(Precision(4, 4), width=1 / 8), photographs[:4])
    joins = [layer for layer in network.layers if "join" in layer.name]
    assert len(joins) == 8
    assert [layer.skip for layer in joins] == [
        None, "stage1_join1", "stage1_join2", None, "stage2_join1", "stage2_join2", None, "stage3_join1",
    ]  # fmt: skip
    assert [[source.weight.shape[2] for source in layer.sources] for layer in joins if layer.skip is None] == [
        [3, 1]
    ] * 3


@pytest.mark.parametrize("name", PHOTOGRAPHED)
def test_tiny_imagenet_fits(name: str) -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 3, 64, 64), np.uint8)
    size = Size(Precision(4, 4), width=1 / 16, input_shape=(3, 64, 64), classes=200, time_steps=2)
    module, network = made(name, size, images)
    assert network.layers[-1].channels == 200
    assert compare(module, network, images).differing == 0


def test_what_a_network_cannot_be_gets_a_sentence() -> None:
    size = Size(Precision(4, 4))
    with pytest.raises(UserError, match="network 'vgg' is not known; choose fashion, pooled"):
        named("vgg", size)
    with pytest.raises(UserError, match="network digits has one size"):
        named("digits", replace(size, width=0.5))
    with pytest.raises(UserError, match="a width of 0 times the paper's channels"):
        replace(size, width=0)
    with pytest.raises(UserError, match="images of 28×28 pixels cannot be halved 5 times"):
        named("vgg16", replace(size, input_shape=(1, 28, 28)))
    with pytest.raises(UserError, match="images of 28×28 pixels cannot be halved 3 times"):
        named("resnet19", replace(size, input_shape=(1, 28, 28)))
    with pytest.raises(UserError, match="images of 28×32 pixels; this network takes square ones"):
        replace(size, input_shape=(1, 28, 32))


@pytest.mark.parametrize("name", ["vgg9", "vgg16", "resnet19"])
def test_an_untrained_shape_is_the_network_that_is_trained(name: str) -> None:
    """Layer by layer: kernels, geometry, pooling, joins and neurons."""
    torch.manual_seed(0)
    module = named(name, Size(Precision(2, 4)))
    for layer in module.spiking().values():
        layer.leak = 1
    trained, made = to_network(module.eval()), SHAPES[name](Precision(2, 4))
    assert made.shapes == trained.shapes
    for mine, theirs in zip(made.layers, trained.layers, strict=True):
        assert (mine.kind, mine.neuron, mine.pool, mine.skip) == (theirs.kind, theirs.neuron, theirs.pool, theirs.skip)
        for own, other in zip(mine.sources, theirs.sources, strict=True):
            assert own.weight.shape == other.weight.shape
            assert (own.origin, own.stride, own.padding) == (other.origin, other.stride, other.padding)
