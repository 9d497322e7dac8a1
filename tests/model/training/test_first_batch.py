"""r, and the weights' scale without batch norm, come from the first batch that is learned from; no other fixes them."""

import copy
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from model.config import Precision
from model.errors import UserError
from model.golden.network import run
from model.training.export import to_network
from model.training.layers import Conv, Linear, MaxPool, Readout
from model.training.network import SpikingNetwork


def network(batch_norm: bool = True, precision: Precision | None = None) -> SpikingNetwork:
    torch.manual_seed(0)
    precision = precision or Precision(4, 4)
    layers = {
        "conv": Conv(1, 6, 3, padding=1, precision=precision, batch_norm=batch_norm),
        "pool": MaxPool(2),
        "hidden": Linear(6 * 16, 12, precision=precision, batch_norm=batch_norm),
        "fc": Readout(12, 3, precision=precision),
    }
    return SpikingNetwork(layers, input_shape=(1, 8, 8))


def images(seed: int = 0, count: int = 24) -> Tensor:
    """Smooth and dark ones: noise has other variances."""
    coarse = torch.randint(0, 40, (count, 1, 2, 2), generator=torch.Generator().manual_seed(seed)).float()
    return nn.functional.interpolate(coarse, (8, 8), mode="bilinear").round()


NOISE = torch.randint(0, 256, (2, 1, 8, 8), generator=torch.Generator().manual_seed(1))


def learn(module: SpikingNetwork, seed: int = 0) -> SpikingNetwork:
    module.train()
    nn.functional.cross_entropy(module(images(seed)), torch.arange(24) % 3).backward()
    return module


def leaks(module: SpikingNetwork) -> list[int]:
    return [layer.leak for layer in module.spiking().values()]


@pytest.mark.parametrize("batch_norm", [True, False])
@pytest.mark.parametrize("context", [nullcontext, torch.no_grad, torch.inference_mode])
def test_a_dummy_forward_fixes_nothing(context: Callable[[], AbstractContextManager[None]], batch_norm: bool) -> None:
    wanted = learn(network(batch_norm)).state_dict()
    for dummy in (torch.zeros(1, 1, 8, 8), torch.full((2, 1, 8, 8), 255), NOISE):
        module = network(batch_norm)
        with context():
            module(dummy)
        found = learn(module).state_dict()
        assert {name for name in found if name.endswith("leak")} == {"conv.leak", "hidden.leak"}
        for name, value in found.items():
            if not dummy.any():
                assert torch.equal(value, wanted[name]), name
            elif "running" not in name:
                torch.testing.assert_close(value, wanted[name], msg=name)


def test_noise_alone_would_choose_another_r() -> None:
    """So that the test above sees something."""
    module = network()
    module(NOISE)
    assert leaks(module) != leaks(learn(network()))


@pytest.mark.parametrize("batch_norm", [True, False])
def test_evaluation_works_before_the_first_step_and_fixes_nothing(batch_norm: bool) -> None:
    module = network(batch_norm).eval()
    before = copy.deepcopy(module.state_dict())
    logits = module(images())
    assert torch.equal(module(images()), logits)
    assert torch.isfinite(logits).all()
    assert leaks(module) == [8, 1]  # of variance 1, with the step of pixels and of spikes
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert set(module.observe(images())) >= {"conv.potential", "hidden.membrane", "logits"}
    with pytest.raises(UserError, match="the network is untrained: no batch has chosen r; train it, or call calibrate"):
        to_network(module)
    wanted = learn(network(batch_norm)).state_dict()
    assert all(torch.equal(value, wanted[name]) for name, value in learn(module).state_dict().items())


def test_the_first_batch_that_is_learned_from_chooses_until_asked_again() -> None:
    module = learn(network())
    first = leaks(module)
    learn(module, 1)
    with torch.no_grad():
        module.conv.weight.mul_(64)  # type: ignore[operator, union-attr]  # larger sums, and a larger r
        module(images())
        module.calibrate(images())
    assert leaks(module) == first
    module.calibrate(images(), images(1), again=True)
    assert module.conv.leak > first[0]  # type: ignore[operator, union-attr]
    chosen = leaks(module)
    learn(module, 2)
    assert leaks(module) == chosen
    other = network()
    other.load_state_dict(module.state_dict())
    learn(other, 3)
    assert leaks(other) == chosen


def test_a_layer_that_was_silent_chooses_when_it_is_not() -> None:
    module = network()
    with torch.no_grad():
        module.conv.beta.fill_(-50)  # type: ignore[operator, union-attr]
    learn(module)
    assert module.conv.chosen  # type: ignore[union-attr]
    assert not module.hidden.chosen  # type: ignore[union-attr]
    assert torch.equal(module.hidden.running_variance, torch.ones(12))  # type: ignore[arg-type, union-attr]
    found = run(to_network(module.eval()), images().byte().numpy())
    for key, values in module.observe(images()).items():
        assert np.array_equal(values.numpy(), found[key]), key
    with torch.no_grad():
        module.conv.beta.fill_(0)  # type: ignore[operator, union-attr]
    assert learn(module).hidden.chosen  # type: ignore[union-attr]


def test_weights_of_zero_have_the_step_that_they_had() -> None:
    module = network()
    before = module.fc.quantiser.log_step.clone()  # type: ignore[operator, union-attr]
    nn.init.zeros_(module.fc.weight)  # type: ignore[arg-type, union-attr]
    module.fc.requantise()  # type: ignore[operator, union-attr]
    assert torch.equal(module.fc.quantiser.log_step, before)  # type: ignore[union-attr, arg-type]
