"""Residual joins: trained model in evaluation mode = golden model, and gradients through both branches."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
import torch
from torch import nn

from model.codes import Narrow
from model.config import Precision
from model.errors import UserError
from model.golden.network import run
from model.network import bundle
from model.neurons import Lif
from model.training.export import to_network
from model.training.layers import Branch, Conv, Join, Linear, MaxPool, Readout, SumPool
from model.training.network import SpikingNetwork
from model.training.neurons import kernel
from model.training.neurons.config import NeuronConfig
from model.training.neurons.firing import NormalisedFiring, add_skip, fold_layer
from model.training.neurons.lif import fire

SOURCES = {
    "down_join": ("down_conv", "stem_pool"),
    "same_join": ("same_conv", "down_join"),
    "both_join": ("both_conv", "down_join", "same_join"),
}


def residual(precision: Precision | None, input_kind: str = "pixels") -> SpikingNetwork:
    """A join of two convolutions, one with an identity, one with both; global average pooling."""
    down, same = Branch(6, 3, padding=1), Branch(4, 1, stride=2)
    return SpikingNetwork(
        {
            "stem": Conv(2, 4, 3, padding=1, precision=precision),
            "stem_pool": MaxPool(2),
            "down_conv": Conv(4, 6, 3, stride=2, padding=1, precision=precision),
            "down_join": Join([down, same], 6, precision=precision),
            "same_conv": Conv(6, 6, 3, padding=1, precision=precision),
            "same_join": Join([down], 6, skip=True, precision=precision),
            "both_conv": Conv(6, 6, 3, padding=1, precision=precision),
            "both_join": Join([down, Branch(6, 1)], 6, skip=True, precision=precision),
            "average": SumPool(3),
            "hidden": Linear(6, 12, precision=precision),
            "fc": Readout(12, 5, precision=precision),
        },
        input_shape=(2, 12, 12),
        input_kind=input_kind,
        time_steps=3,
        sources=SOURCES,
    )


def plain(precision: Precision) -> SpikingNetwork:
    """Without batch norm."""
    return SpikingNetwork(
        {
            "conv1": Conv(2, 8, 3, padding=1, precision=precision, batch_norm=False),
            "conv2": Conv(8, 8, 3, stride=2, precision=precision, batch_norm=False),
            "hidden": Linear(200, 10, precision=precision, batch_norm=False),
            "fc": Readout(10, 5, precision=precision),
        },
        input_shape=(2, 12, 12),
    )


def images(input_kind: str, count: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(count)
    if input_kind == "spikes":
        return torch.randint(0, 2, (3, count, 2, 12, 12), dtype=torch.uint8, generator=generator)
    return torch.randint(0, 256, (count, 2, 12, 12), dtype=torch.uint8, generator=generator)


@pytest.mark.parametrize("input_kind", ["pixels", "spikes"])
@pytest.mark.parametrize("precision", [Precision(2, 2), Precision(4, 4), Precision(8, 8), Precision(2, 8)])
def test_a_residual_network_evaluates_to_the_golden_integers(precision: Precision, input_kind: str, tmp_path) -> None:
    torch.manual_seed(0)
    module = residual(precision, input_kind)
    optimiser = torch.optim.AdamW(module.parameters(), 1e-2)
    batch, labels = images(input_kind, 40), torch.arange(40) % 5
    module(batch)
    with torch.no_grad():
        for layer in module.spiking().values():
            layer.gamma[::3] *= -1  # negative gains flip weights
    for _ in range(8):
        loss = nn.functional.cross_entropy(module(batch), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    for _ in range(30):
        module(batch)  # until the running statistics are the batch's
    module.eval()
    bundle.write(to_network(module), tmp_path / "residual.safetensors")
    network = bundle.read(tmp_path / "residual.safetensors")
    assert [source.origin for source in network.layer("both_join").sources] == ["both_conv", "down_join"]
    assert network.layer("both_join").skip == "same_join"
    assert network.layer("down_join").sources[1].origin == "stem"
    assert network.largest_value("both_join") == 9

    test = images(input_kind, 20)
    found, observed = run(network, test.numpy()), module.observe(test)
    assert set(found) == set(observed)
    for key, values in observed.items():
        assert np.array_equal(values.numpy(), found[key]), key
    for name in module.spiking():
        assert 0 < found[f"{name}.spikes"].mean() < 1, name
    assert all((network.layer(name).skip_bias != 0).any() for name in ("same_join", "both_join"))


def test_every_branch_learns() -> None:
    torch.manual_seed(0)
    module = residual(Precision(4, 4))
    module(images("pixels", 16)).square().sum().backward()
    for name, parameter in module.named_parameters():
        assert parameter.grad is not None, name
        assert float(parameter.grad.abs().sum()) > 0, name
    for name in ("down_join", "both_join"):
        layer = getattr(module, name)
        assert all(float(part.abs().sum()) > 0 for part in layer.split(layer.weight.grad))


def test_a_branch_that_starts_at_zero_leaves_it() -> None:
    torch.manual_seed(0)
    module = residual(Precision(4, 4))
    batch, labels = images("pixels", 40), torch.arange(40) % 5
    with torch.no_grad():
        module.same_join.gamma.zero_()  # type: ignore[operator, union-attr]
    optimiser = torch.optim.AdamW(module.parameters(), 1e-2)
    losses, densities = [], []
    for _ in range(8):
        loss = nn.functional.cross_entropy(module(batch), labels)
        optimiser.zero_grad()
        loss.backward()
        gradient = module.same_join.gamma.grad  # type: ignore[union-attr]
        assert 0 < float(gradient.abs().min()) <= float(gradient.abs().max()) < 100
        optimiser.step()
        losses.append(loss.item())
        densities.append(float(module.spiking()["same_join"].density))
    assert densities[0] > 0.01  # the identity alone fires
    assert losses[-1] < losses[0]
    assert float(module.same_join.gamma.detach().abs().min()) > 0.01  # type: ignore[operator, union-attr]
    network = to_network(module.eval())
    found = run(network, batch.numpy())
    for key, values in module.observe(batch).items():
        assert np.array_equal(values.numpy(), found[key]), key


def test_the_skip_s_gradient_is_that_of_the_real_equations() -> None:
    """h = s·(A + J·x) + β + unit·load(U) without batch norm, r = 2 at 8 bits: one step, so no membrane."""
    generator = torch.Generator().manual_seed(3)
    sums = torch.randint(-40, 60, (1, 3, 5, 7), generator=generator).float().requires_grad_()
    skip = torch.randint(0, 2, (1, 3, 5, 7), generator=generator).float().requires_grad_()
    step = torch.tensor(0.03, requires_grad=True)
    beta = torch.linspace(-0.2, 0.3, 5).requires_grad_()
    config = NeuronConfig(Narrow(4), Lif(8, 2), 1, 1, 1.0, skip_unit=1.0, normalised=False)
    zeros = torch.zeros(5, dtype=torch.float64)
    folded = fold_layer(torch.full((5, 30), 7.0), step, torch.ones(5), beta, zeros, zeros, config)
    assert folded.skip.tolist() == [33] * 5
    grad = torch.randn(sums.shape, generator=generator)
    NormalisedFiring.apply(sums, step, torch.ones(5), beta, folded, zeros, zeros, config, skip)[0].backward(grad)

    potential, _ = fire(add_skip(sums.detach(), folded, skip.detach()), folded, config)
    x = (potential - folded.threshold.float()[:, None]) * 0.03 * torch.pi
    real = grad / (1 + x**2)
    assert torch.allclose(sums.grad, real * 0.03)
    assert torch.allclose(skip.grad, real * 33 * 0.03)
    assert torch.allclose(beta.grad, real.sum((0, 1, 3)), atol=1e-5)
    assert torch.allclose(step.grad, (real * sums.detach()).sum(), rtol=1e-4)


@pytest.mark.parametrize("batch_norm", [True, False])
def test_plain_pytorch_trains_as_the_compiled_loops_do(batch_norm: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is compiled: spikes equal, gradients equal up to the order of sums."""
    gradients, losses = [], []
    for compiled in (True, False):
        monkeypatch.setattr(kernel, "compiled", lambda x, answer=compiled: answer)
        torch.manual_seed(0)
        module = residual(Precision(4, 4)) if batch_norm else plain(Precision(4, 4))
        loss = nn.functional.cross_entropy(module(images("pixels", 16)), torch.arange(16) % 5)
        loss.backward()
        losses.append(loss.item())
        gradients.append({name: parameter.grad for name, parameter in module.named_parameters()})
    assert losses[0] == losses[1]
    for name, wanted in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], wanted, rtol=1e-3, atol=1e-6, msg=name)


def chain(layers: Mapping[str, nn.Module], sources: Mapping[str, Sequence[str]]) -> SpikingNetwork:
    first = Conv(1, 2, 3, padding=1, precision=Precision(4, 4))
    return SpikingNetwork({"first": first, **layers}, input_shape=(1, 4, 4), sources=sources)


@pytest.mark.parametrize(
    ("layers", "sources", "sentence"),
    [
        ({"fc": Readout(32, 2, precision=None)}, {"fc": ("second",)}, "layer fc: source 'second' is neither"),
        ({"fc": Readout(32, 2, precision=None)}, {"gone": ("first",)}, "sources are given for layer 'gone'"),
        (
            {
                "pool": SumPool(2),
                "second": Conv(2, 2, 3, precision=None),
                "join": Join([Branch(2, 1), Branch(2, 1)], 2, precision=None),
            },
            {"second": ("first",), "join": ("second", "pool")},
            "layer join: its sources second, pool hand on pixels or counts of different range",
        ),
    ],
)
def test_what_cannot_be_joined_is_refused(
    layers: dict[str, nn.Module], sources: dict[str, Sequence[str]], sentence: str
) -> None:
    with pytest.raises(UserError, match=sentence):
        chain(layers, sources)


def test_a_layer_that_is_pooled_is_read_through_its_pool() -> None:
    precision = Precision(4, 4)
    layers = {
        "pool": MaxPool(2),
        "second": Conv(2, 2, 3, stride=2, padding=1, precision=precision),
        "fc": Readout(8, 2, precision=precision),
    }
    module = chain(layers, {"second": ("first",)})
    module(torch.zeros(1, 1, 4, 4))
    with pytest.raises(UserError, match="layer second: it reads first, which hands on what pool pools; read pool"):
        to_network(module)


def test_the_float_reference_has_joins_too() -> None:
    torch.manual_seed(0)
    module = residual(None)
    module(images("pixels", 8)).square().sum().backward()
    assert all(parameter.grad is not None for parameter in module.parameters())


@pytest.mark.parametrize("width", [2, 4, 8])
def test_without_batch_norm_there_is_a_bias(width: int) -> None:
    torch.manual_seed(0)
    precision = Precision(width, width)
    module = plain(precision)
    assert "conv1.gamma" not in dict(module.named_parameters())
    optimiser = torch.optim.AdamW(module.parameters(), 1e-2)
    batch = images("pixels", 40)
    losses = []
    for _ in range(15):
        loss = nn.functional.cross_entropy(module(batch), torch.arange(40) % 5)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    network = to_network(module.eval())
    found = run(network, batch.numpy())
    for key, values in module.observe(batch).items():
        assert np.array_equal(values.numpy(), found[key]), key
    for name in module.spiking():
        assert 0 < found[f"{name}.spikes"].mean() < 1, name
    assert (network.layer("conv2").threshold == network.layer("conv2").threshold[0]).all()
