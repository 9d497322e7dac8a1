"""A network that was trained evaluates to the golden integers; what has none is refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from model import datasets
from model.config import Precision
from model.errors import UserError
from model.golden.network import forward, run
from model.training.export import to_network
from model.training.layers import Conv, Linear, MaxPool, Readout
from model.training.networks import SpikingNetwork, digits
from model.training.train import Listener, Run
from tests.model.training.runs import RECIPE, mixed

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("width", [2, 4, 8])
def test_every_width_learns_from_scratch_and_evaluates_to_the_golden_integers(
    tmp_path: Path, data: datasets.Dataset, width: int
) -> None:
    warnings: list[str] = []
    training = Run(replace(RECIPE, precision=Precision(width, width)), digits, data, tmp_path)
    training.train(Listener(warning=warnings.append))
    module = training.load_best()
    assert warnings == []
    assert max(entry["accuracy"] for entry in training.history) > 85

    network = to_network(module)
    found = run(network, data.test.images)
    observed = module.observe(torch.from_numpy(data.test.images))
    assert set(found) == set(observed)
    for key, values in observed.items():
        assert np.array_equal(values.numpy(), found[key]), key
    assert 0 < found["conv1.spikes"].mean() < 1


@pytest.mark.parametrize("precision", [Precision(2, 8), Precision(8, 2), Precision(4, 4)])
def test_other_layers_and_negative_gains_are_exact_too(data: datasets.Dataset, precision: Precision) -> None:
    torch.manual_seed(0)
    module = mixed(precision)
    images = torch.from_numpy(data.train.images[:200].copy())
    module(images)
    with torch.no_grad():
        for layer in module.spiking().values():
            layer.gamma[::3] *= -1
    for _ in range(30):
        module(images)
    module.eval()
    network = to_network(module)
    assert network.largest_value("conv2") == 4
    found = run(network, data.test.images[:50])
    for key, values in module.observe(torch.from_numpy(data.test.images[:50])).items():
        assert np.array_equal(values.numpy(), found[key]), key
    assert all(0 < found[f"{name}.spikes"].mean() < 1 for name in module.spiking())


def test_spike_input_is_exact_too() -> None:
    torch.manual_seed(0)
    precision = Precision(4, 4)
    module = SpikingNetwork(
        {"conv": Conv(2, 4, 3, precision=precision), "pool": MaxPool(2), "fc": Readout(16, 3, precision=precision)},
        input_shape=(2, 6, 6),
        input_kind="spikes",
        time_steps=5,
    )
    x = (torch.rand(5, 40, 2, 6, 6) < 0.4).to(torch.uint8)
    for _ in range(30):
        module(x)
    module.eval()
    found = run(to_network(module), x.numpy())
    for key, values in module.observe(x).items():
        assert np.array_equal(values.numpy(), found[key]), key


def test_sums_beyond_float32_are_exact_in_float64() -> None:
    torch.manual_seed(0)
    precision = Precision(8, 8)
    module = SpikingNetwork(
        {"hidden": Linear(784, 6, precision=precision), "fc": Readout(6, 3, precision=precision)},
        input_shape=(1, 28, 28),
    )
    assert module.spiking()["hidden"].dtype == torch.float64
    x = torch.randint(0, 256, (40, 1, 28, 28), dtype=torch.uint8)
    for _ in range(20):
        module(x).sum().backward()
    module.eval()
    found = run(to_network(module), x.numpy())
    for key, values in module.observe(x).items():
        assert np.array_equal(values.numpy(), found[key]), key


def test_logits_are_the_sum_over_time_and_bias(data: datasets.Dataset) -> None:
    torch.manual_seed(1)
    module = digits(Precision(4, 4))
    module(torch.from_numpy(data.train.images[:64].copy()))
    with torch.no_grad():
        module.fc.bias.copy_(torch.linspace(-1, 1, 10))  # type: ignore[union-attr, operator]
    module.eval()
    network = to_network(module)
    assert np.abs(network.layers[-1].bias).max() > 0
    logits = module(torch.from_numpy(data.test.images[:5]))
    assert np.array_equal(logits.detach().numpy(), forward(network, data.test.images[:5]))


def test_the_codes_of_export_are_those_of_the_forward_pass() -> None:
    layer = Conv(3, 8, 3, precision=Precision(8, 8))
    for value in np.linspace(-9, -2, 500):
        with torch.no_grad():
            layer.quantiser.log_step.fill_(float(value))
        assert torch.equal(layer.step(), layer.quantiser.log_step.exp())
        assert torch.equal(
            layer.quantiser.to_int(layer.weight).float(), layer.quantiser.values(layer.weight, layer.step())
        )


@pytest.mark.parametrize(
    ("layers", "sentence"),
    [
        ({"relu": nn.ReLU()}, "layer relu: ReLU has no integer form"),
        ({"pool": MaxPool(2), "again": MaxPool(2)}, "layer again: pooling follows a spiking layer, once"),
    ],
)
def test_what_has_no_integers_is_refused_by_name(layers: dict[str, nn.Module], sentence: str) -> None:
    precision = Precision(4, 4)
    module = SpikingNetwork(
        {"conv": Conv(1, 2, 3, precision=precision), **layers, "fc": Readout(2, 2, precision=precision)},
        input_shape=(1, 8, 8),
    )
    module.conv.leak = 1
    with pytest.raises(UserError, match=sentence):
        to_network(module)


def test_float_and_untrained_networks_are_refused() -> None:
    with pytest.raises(UserError, match="layer conv1: it was trained in float32"):
        to_network(digits(None))
    with pytest.raises(UserError, match="the network is untrained: no batch has chosen r"):
        to_network(digits(Precision(4, 4)))
    with pytest.raises(UserError, match="Linear cannot be exported"):
        to_network(nn.Linear(2, 2))
