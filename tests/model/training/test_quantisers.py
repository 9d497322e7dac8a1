"""Quantisers of weights, and the checkpoints of earlier releases."""

from pathlib import Path

import pytest
import torch

from model.codes import Narrow
from model.config import Precision
from model.errors import UserError
from model.files.tensor_file import save
from model.neurons import Lif
from model.training import checkpoint
from model.training.export import to_network
from model.training.layers import Linear, Readout
from model.training.network import SpikingNetwork
from model.training.quantisers import QUANTISERS
from model.training.quantisers.learned_step import LearnedStep

STORED = {
    "fc1.weight": [[0.4, -0.3, 0.2, 0.9], [-0.5, 0.1, 0.0, -0.2], [0.7, 0.6, -0.8, 0.35]],
    "fc1.gamma": [1.1, -0.4, 0.8],
    "fc1.beta": [0.1, 0.0, -0.2],
    "fc1.running_mean": [0.3, -0.1, 0.2],
    "fc1.running_variance": [0.5, 0.2, 0.9],
    "fc1.leak": 2,
    "fc1.quantizer.log_step": -2.0,
    "fc2.weight": [[0.5, -0.25, 0.125], [-0.5, 0.3, 0.9]],
    "fc2.bias": [0.05, -0.15],
    "fc2.quantizer.log_step": -1.5,
}
"""State of a network as release 0.1.0 wrote it."""


def small(precision: Precision) -> SpikingNetwork:
    layers = {"fc1": Linear(4, 3, precision=precision), "fc2": Readout(3, 2, precision=precision)}
    return SpikingNetwork(layers, input_shape=(1, 2, 2))


def test_a_checkpoint_of_an_earlier_release_gives_its_integers(tmp_path: Path) -> None:
    path = tmp_path / "best.safetensors"
    path.write_bytes(save({f"module.{key}": torch.tensor(v).numpy() for key, v in STORED.items()}, {"notes": "{}"}))
    module = small(Precision(4, 4))
    checkpoint.restore(checkpoint.read(path)[0], module)
    hidden, last = to_network(module.eval()).layers
    assert hidden.sources[0].weight.tolist() == [[3, -2, 1, 7], [4, -1, 0, 1], [5, 4, -6, 3]]
    assert hidden.bias.tolist() == [-446, -189, -827]
    assert hidden.threshold is not None
    assert (hidden.threshold.tolist(), hidden.neuron) == ([1216, 1101, 2244], Lif(4, 2))
    assert (last.sources[0].weight.tolist(), last.bias.tolist()) == ([[2, -1, 1], [-2, 1, 4]], [0, -1])

    state = module.state_dict()
    small(Precision(2, 2)).load_state_dict(state)
    assert {key.replace("quantiser", "quantizer") for key in state} == set(STORED)
    with pytest.raises(UserError, match="another network"):
        checkpoint.restore({f"module.{key}": x for key, x in state.items() if "log_step" not in key}, module)


@pytest.mark.parametrize("name", QUANTISERS)
@pytest.mark.parametrize("width", range(2, 9))
def test_values_are_the_exported_levels_and_a_rescaled_step_changes_none(name: str, width: int) -> None:
    quantiser = QUANTISERS[name](Narrow(width))
    weight = torch.randn(40, 30, generator=torch.Generator().manual_seed(width))
    quantiser.initialise(weight)
    step = quantiser.step(weight.numel()).detach()
    levels = quantiser.to_int(weight)
    assert levels.dtype == torch.int8
    assert torch.equal(quantiser.values(weight, step), levels.float())
    assert 0 < int(levels.abs().max()) <= (1 << (width - 1)) - 1
    assert float(quantiser.precise_step()) == pytest.approx(float(step), rel=1e-6)

    quantiser.rescale(torch.tensor(4.0, dtype=torch.float64))
    assert float(quantiser.step(weight.numel()).detach()) == pytest.approx(4 * float(step), rel=1e-6)
    assert torch.equal(quantiser.to_int(4 * weight), levels)
    quantiser.initialise(weight)
    assert torch.equal(quantiser.to_int(weight), levels)


class Powers(Narrow):
    """Levels with gaps."""

    levels = (-4, -2, -1, 0, 1, 2, 4)
    limit = 4


def test_a_code_with_gaps_gets_the_nearest_level() -> None:
    quantiser = LearnedStep(Powers(4))
    weight = torch.tensor([-9.0, -3.4, -2.9, -1.2, -0.4, 0.0, 0.6, 1.4, 1.6, 2.9, 3.1, 8.0], requires_grad=True)
    values = quantiser.values(weight, torch.ones(()))
    assert values.tolist() == [-4, -4, -2, -1, 0, 0, 1, 1, 2, 2, 4, 4]
    values.sum().backward()
    assert weight.grad is not None
    assert weight.grad.tolist() == [0] + 10 * [1] + [0]
