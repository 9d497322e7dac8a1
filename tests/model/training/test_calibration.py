"""What a network takes from batches without training: statistics, and r."""

import copy

import pytest
import torch
from torch.nn import functional

from model import datasets
from model.config import Precision
from model.training.leak_search import search_leaks
from model.training.networks import digits
from model.training.spiking import BATCH_NORM_MOMENTUM
from tests.model.training.runs import mixed

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("precision", [Precision(2, 2), None])
def test_statistics_are_the_mean_of_the_batches(data: datasets.Dataset, precision: Precision | None) -> None:
    """Of the weights as they are: the running statistics are of those before."""
    module = digits(precision)
    images = torch.from_numpy(data.train.images[:96].copy())
    module.train()(images[:32])
    with torch.no_grad():
        for layer in module.spiking().values():
            layer.weight.mul_(3 * torch.rand_like(layer.weight))
    alone = []
    for batch in images.split(32):
        one = copy.deepcopy(module)
        one.calibrate(batch)
        alone.append([(layer.running_mean, layer.running_variance) for layer in one.spiking().values()])
    module.eval().calibrate(*images.split(32))
    assert not module.training
    for index, layer in enumerate(module.spiking().values()):
        mean, variance = (torch.stack([batch[index][which] for batch in alone]).mean(0) for which in (0, 1))
        torch.testing.assert_close(layer.running_mean, mean)
        torch.testing.assert_close(layer.running_variance, variance)
        assert layer.momentum == BATCH_NORM_MOMENTUM
    before = [layer.running_mean.clone() for layer in module.spiking().values()]
    module.calibrate()
    assert all(torch.equal(a, layer.running_mean) for a, layer in zip(before, module.spiking().values(), strict=True))


def test_r_is_searched_where_the_loss_is_less(data: datasets.Dataset) -> None:
    torch.manual_seed(0)
    module = mixed(Precision(4, 4))
    images, labels = torch.from_numpy(data.train.images.copy()), torch.from_numpy(data.train.labels.copy())
    module.calibrate(images[:200])
    layers = module.spiking()
    layers["conv2"].leak = layers["conv2"].largest_leak
    before = {name: value.clone() for name, value in module.state_dict().items()}

    def loss() -> float:
        found = copy.deepcopy(module).train()(images[:1000])
        return functional.cross_entropy(found, labels[:1000]).item()

    worse = loss()
    search_leaks(module.eval(), images, labels, batch_size=500)
    assert loss() < worse
    assert not module.training
    changed = {name for name, value in module.state_dict().items() if not torch.equal(value, before[name])}
    assert changed
    assert changed <= {f"{name}.leak" for name in layers}
    assert all(abs(layer.leak - int(before[f"{name}.leak"])) <= 1 for name, layer in layers.items())
