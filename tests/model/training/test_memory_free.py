"""Memory-free neurons in training: the window and its gradients, and integers that are the golden model's."""

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy, pad

from model.config import Precision
from model.errors import UserError
from model.golden.network import run as golden
from model.network import bundle
from model.neurons import MemoryFree
from model.training import checkpoint
from model.training.equality import compare
from model.training.export import export, to_network
from model.training.layers import Branch, Conv, CountReadout, Join, Linear, MaxPool, MembraneReadout, Readout, SumPool
from model.training.network import SpikingNetwork
from model.training.neurons import kernel
from model.training.neurons.window import Window, Windowed
from model.training.progressive import start_from


def precision(width=2, **options):
    return Precision(width, 0, neuron_family="memory-free", **options)


def shifted(sums, taps, dilation):
    """The window as plain PyTorch has it: a sum of tensors that are moved along time."""
    steps = len(sums)
    padded = pad(sums.flatten(1).T, (dilation * (len(taps) - 1), 0)).T
    start = dilation * (len(taps) - 1)
    moved = [padded[start - dilation * j :][:steps] for j in range(len(taps))]
    return sum(tap * each for tap, each in zip(taps, moved, strict=True)).view(sums.shape)


@pytest.mark.parametrize(("steps", "given", "dilation"), [(6, 6, 1), (6, 6, 2), (3, 3, 2), (5, 1, 1), (1, 1, 1)])
def test_the_window_and_its_gradients_are_those_of_shifted_tensors(steps, given, dilation):
    random = torch.Generator().manual_seed(0)
    sums = torch.randint(-9, 9, (given, 2, 3, 4), generator=random).double().requires_grad_()
    taps = torch.tensor([4.0, -2.0, 0.0, 1.0], dtype=torch.double, requires_grad=True)
    weight = torch.randn(steps, 2, 3, 4, generator=random, dtype=torch.double)
    found = Windowed.apply(sums, taps, steps, dilation)
    wanted = shifted(sums.expand(steps, 2, 3, 4), taps, dilation)
    assert torch.equal(found, wanted)
    for ours, theirs in zip(
        torch.autograd.grad((found * weight).sum(), (sums, taps)),
        torch.autograd.grad((wanted * weight).sum(), (sums, taps)),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs)


def test_taps_are_the_nearest_powers_of_two_and_small_ones_die():
    window = Window(5, 3, "learned")
    assert window.neuron() == MemoryFree.fading(5, 3)
    with torch.no_grad():
        window.ratio.copy_(torch.tensor([1.3, -0.7, 0.02, 0.001, 0.0]) / window.start)
    assert window.neuron() == MemoryFree(((1, 6), (-1, 5), (1, 0), (0, 0), (0, 0)), 3)
    with torch.no_grad():
        window.ratio.mul_(8)  # only their proportions count
    assert window.neuron() == MemoryFree(((1, 6), (-1, 5), (1, 0), (0, 0), (0, 0)), 3)
    with torch.no_grad():
        window.ratio[1] = float("nan")
    with pytest.raises(UserError, match="diverged"):
        window.neuron()
    with torch.no_grad():
        window.ratio.zero_()
    with pytest.raises(UserError, match="diverged"):
        window.neuron()


def test_gradients_go_straight_through_to_the_taps():
    """In units of the greatest tap, 2^e_max integers, which is what a weight of 2^p_max stands for."""
    window = Window(2, 1, "learned").train()
    with torch.no_grad():
        window.ratio.copy_(torch.tensor([2.1, -0.4]) / window.start)
    sums = torch.tensor([3.0, 5.0]).view(2, 1, 1, 1)
    potential = window(sums, 2, window.neuron())
    assert potential.flatten().tolist() == [3 * 4, 5 * 4 - 3]
    potential.sum().backward()
    assert window.ratio.grad.tolist() == [(3 + 5) * 4 / 2, 3 * 4 / 2 * 0.5]  # of what each tap starts as


NETWORKS = {
    "pixels": lambda p: {
        "conv": Conv(1, 4, 3, precision=p),
        "pool": MaxPool(2),
        "more": Conv(4, 5, 2, precision=p),
        "out": Readout(5, 3, precision=p),
    },
    "spikes": lambda p: {
        "conv": Conv(1, 4, 3, precision=p, batch_norm=False),
        "pool": SumPool(2),
        "hidden": Linear(16, 6, precision=p),
        "out": CountReadout(6, 3, precision=p),
    },
}


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("pixels", {}),
        ("pixels", {"taps": "fixed", "window": 2}),
        ("spikes", {"dilation": 0, "width": 4}),
        ("spikes", {"window": 1}),
    ],
)
def test_trained_integers_are_the_golden_models(kind, options, tmp_path):
    torch.manual_seed(0)
    module = SpikingNetwork(NETWORKS[kind](precision(**options)), input_shape=(1, 6, 6), time_steps=5, input_kind=kind)
    shape, largest = ((40, 1, 6, 6), 256) if kind == "pixels" else ((5, 40, 1, 6, 6), 2)
    images = torch.randint(0, largest, shape)
    labels = images.sum(tuple(range(1, 4)) if kind == "pixels" else (0, 2, 3, 4)) % 3
    before = module.conv.window.weight.clone()
    optimiser = torch.optim.AdamW(module.parameters(), 0.1)
    for _ in range(8):
        optimiser.zero_grad()
        cross_entropy(module(images), labels).backward()
        optimiser.step()
    learned = options.get("taps") != "fixed" and options.get("window") != 1
    assert bool((module.conv.window.weight != before).any()) == (options.get("taps") != "fixed")
    export(module.eval(), tmp_path / "network.safetensors")
    network = bundle.read(tmp_path / "network.safetensors")
    found = compare(module, network, images.numpy().astype(np.uint8))
    assert (found.differing, found.compared > 5000) == (0, True)
    spikes = golden(network, images.numpy().astype(np.uint8))["conv.spikes"]
    assert 0 < spikes.mean() < 1
    if learned:
        assert len({layer.neuron.taps for layer in network.layers if layer.neuron}) > 1


def fused(p, kind):
    torch.manual_seed(0)
    layers = NETWORKS["spikes"](p) if kind == "spikes" else NETWORKS["pixels"](p) | {"more": Linear(16, 5, precision=p)}
    return SpikingNetwork(layers, input_shape=(1, 6, 6), time_steps=7, input_kind=kind)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("pixels", {}),
        ("pixels", {"window": 6, "width": 4}),
        ("spikes", {"dilation": 2, "width": 4}),
        ("spikes", {"window": 8, "taps": "fixed"}),
    ],
)
def test_compiled_loops_train_as_plain_pytorch_does(kind, options, monkeypatch):
    """Pooled or not, of one place or many, of static sums or not, with batch norm or not, of few taps or many."""
    plain, ours = (fused(precision(**options), kind) for _ in range(2))
    shape = (24, 1, 6, 6) if kind == "pixels" else (7, 24, 1, 6, 6)
    images = torch.randint(0, 256 if kind == "pixels" else 2, shape, generator=torch.Generator().manual_seed(1))
    found = []
    for module, loops in ((ours, True), (plain, False)):
        monkeypatch.setattr(kernel, "AVAILABLE", loops)
        for _ in range(2):  # the first one chooses scales
            module.zero_grad()
            logits = module(images)
            cross_entropy(logits, torch.arange(24) % 3).backward()
        density = [float(layer.density) for layer in module.spiking().values()]
        found.append((logits.detach(), [each.grad for each in module.parameters()], density))
    (logits, gradients, density), (wanted, of_plain, density_of_plain) = found
    torch.testing.assert_close(logits, wanted, rtol=1e-5, atol=1e-5)
    assert density == pytest.approx(density_of_plain)
    assert all(0 < each < 1 for each in density)
    for each, other in zip(gradients, of_plain, strict=True):
        assert other.abs().max() > 0
        torch.testing.assert_close(each / other.abs().max(), other / other.abs().max(), rtol=1e-4, atol=1e-4)


def test_dilations_of_a_sawtooth():
    layers = {f"layer{i}": Linear(4, 4, precision=precision(dilation=0)) for i in range(5)}
    module = SpikingNetwork({**layers, "out": Readout(4, 2, precision=precision())}, input_shape=(4, 1, 1))
    assert [layer.window.dilation for layer in module.spiking().values()] == [1, 2, 3, 1, 2]


def test_joins_with_an_identity(tmp_path):
    torch.manual_seed(1)
    p = precision()
    layers = {
        "first": Conv(1, 4, 3, padding=1, precision=p),
        "join": Join([Branch(4, 3, padding=1)], 4, skip=True, precision=p),
        "out": Readout(64, 2, precision=p),
    }
    module = SpikingNetwork(layers, input_shape=(1, 4, 4), sources={"join": ["first", "first"]})
    images = torch.randint(0, 256, (20, 1, 4, 4))
    cross_entropy(module(images), images.flatten(1).sum(1) % 2).backward()
    network = to_network(module.eval())
    assert compare(module, network, images.numpy().astype(np.uint8)).differing == 0
    assert network.layer("join").skip_bias.any()


def test_a_readout_of_membranes_is_refused():
    with pytest.raises(UserError, match="readout membrane of memory-free neurons, which have none"):
        MembraneReadout(4, 2, precision=precision())
    with pytest.raises(UserError, match="a membrane of 4 bits of memory-free neurons"):
        Precision(2, 4, neuron_family="memory-free")


@pytest.mark.parametrize(("window", "taken"), [(3, True), (2, False)])
def test_a_start_from_a_run_has_its_taps_where_windows_are_as_long(window, taken, tmp_path):
    def network(taps):
        torch.manual_seed(0)
        return SpikingNetwork(
            NETWORKS["pixels"](precision(window=taps)), input_shape=(1, 6, 6), time_steps=5, input_kind="pixels"
        )

    first = network(3)
    with torch.no_grad():
        first.conv.window.ratio.copy_(torch.tensor([1.0, -3.0, 0.2]))
    checkpoint.write(tmp_path / "best.safetensors", first, None, {})
    module = network(window)
    start_from(tmp_path, module)
    wanted = first.conv.window.ratio.tolist() if taken else [1.0] * window
    assert module.conv.window.ratio.tolist() == wanted
    assert (module.conv.weight == first.conv.weight).all()
