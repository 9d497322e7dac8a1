"""Quantisers of weights, and the checkpoints of earlier releases."""

from pathlib import Path

import numpy as np
import pytest
import torch

from mint import api
from model.codes import Binary, Narrow, Powers5, Powers7, WeightCode
from model.config import Precision
from model.errors import UserError
from model.files.tensor_file import save
from model.network import bundle
from model.neurons import Lif
from model.training import checkpoint
from model.training.export import to_network
from model.training.layers import Linear, Readout
from model.training.network import SpikingNetwork
from model.training.quantisers import QUANTISERS
from model.training.quantisers.learned_step import LearnedStep
from model.training.quantisers.sigmoids import SigmoidSum, midpoints

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


@pytest.mark.parametrize("name", QUANTISERS)
@pytest.mark.parametrize("code", [Binary(), Powers7()], ids=str)
def test_values_far_from_their_level_are_exactly_it(name: str, code: WeightCode) -> None:
    """In floating point x + (n - x) is not always n."""
    quantiser = QUANTISERS[name](code)
    weight = torch.randn(1000, 1000, generator=torch.Generator().manual_seed(0))
    quantiser.initialise(weight)
    values = quantiser.values(weight, quantiser.step(weight.numel()).detach())
    assert set(values.unique().tolist()) == set(code.levels)
    assert set(quantiser.to_int(weight).unique().tolist()) == set(code.levels)


def test_a_code_with_gaps_gets_the_nearest_level() -> None:
    quantiser = LearnedStep(Powers(4))
    weight = torch.tensor([-9.0, -3.4, -2.9, -1.2, -0.4, 0.0, 0.6, 1.4, 1.6, 2.9, 3.1, 8.0], requires_grad=True)
    values = quantiser.values(weight, torch.ones(()))
    assert values.tolist() == [-4, -4, -2, -1, 0, 0, 1, 1, 2, 2, 4, 4]
    values.sum().backward()
    assert weight.grad is not None
    assert weight.grad.tolist() == [0] + 10 * [1] + [0]


@pytest.mark.parametrize("code", [Binary(), Narrow(2), Powers5(), Powers7()], ids=str)
def test_sigmoids_soften_and_harden_into_the_levels(code: WeightCode) -> None:
    """Σ s_i·σ(T·(β·w - b_i)) - o as the paper writes it, then the steps of the same sum."""
    quantiser = SigmoidSum(code)
    weight = torch.randn(3000, generator=torch.Generator().manual_seed(1))
    quantiser.initialise(weight)
    beta = 1.25 * code.limit / float(weight.abs().max())
    assert float(quantiser.precise_step()) == pytest.approx(1 / beta, rel=1e-6)
    levels, biases = np.array(code.levels), quantiser.biases.double().numpy()
    assert (np.diff(biases) > 0).all()
    scaled = beta * weight.double().numpy()
    between = (scaled[:, None] > biases).sum(1)
    assert set(between) == set(range(len(levels)))
    centres = np.array([scaled[between == i].mean() for i in range(len(levels))])
    if len(levels) > 2:  # clusters: each weight is with the nearest centre
        np.testing.assert_allclose(biases, (centres[1:] + centres[:-1]) / 2, rtol=1e-5)

    quantiser.start_epoch(2, 30)
    assert quantiser.soft
    soft = quantiser.values(weight, torch.ones(())).detach().double().numpy()
    exponents = np.clip(3 * 2000 / 27 * (scaled[:, None] - biases), -700, 700)
    wanted = (np.diff(levels) / (1 + np.exp(-exponents))).sum(1) - np.diff(levels).sum() / 2
    np.testing.assert_allclose(soft, wanted, atol=1e-3)
    for epoch, hard in ((26, False), (27, True), (29, True)):
        quantiser.start_epoch(epoch, 30)
        assert quantiser.soft != hard
    assert quantiser.soft_epochs(30) == 27
    values = quantiser.values(weight, torch.ones(()))
    assert torch.equal(values, quantiser.to_int(weight).float())
    assert values.detach().numpy().tolist() == levels[between].tolist()


def test_gradients_of_sigmoids() -> None:
    """Soft: β·Σ s_i·4·σ_i·(1 - σ_i) of temperature 1; hard: β between the outermost levels, and none beyond."""
    quantiser = SigmoidSum(Binary())
    weight = torch.tensor([-1.0, -0.05, 0.02, 0.3], requires_grad=True)
    quantiser.initialise(weight)
    quantiser.start_epoch(0, 20)
    quantiser.values(weight, torch.ones(())).sum().backward()
    beta = 1.25
    sigma = torch.sigmoid(beta * weight.detach())
    wanted = 2 * beta * 4 * sigma * (1 - sigma)
    assert weight.grad is not None
    torch.testing.assert_close(weight.grad, wanted)
    weight.grad = None
    quantiser.start_epoch(19, 20)
    quantiser.values(weight, torch.ones(())).sum().backward()
    assert weight.grad is not None
    torch.testing.assert_close(weight.grad, torch.tensor([0.0, beta, beta, beta]))


def test_midpoints_of_clusters() -> None:
    values = torch.tensor([-9.0, -8.0, -1.0, 0.0, 1.0, 20.0, 22.0])
    assert midpoints(values, 3).tolist() == [-4.25, 10.5]
    few = midpoints(values[:2], 7)
    assert bool(few.isfinite().all())
    assert (few[0], few[-1]) == (-9, -8)


def test_a_run_of_sigmoids_keeps_a_hard_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a float32 run on, with levels of a code; only what was trained with hard steps is kept, and r is of them."""
    forgotten: list[list[bool]] = []
    forget = SpikingNetwork.forget_leaks

    def watched(module: SpikingNetwork) -> None:
        forget(module)
        forgotten.append([layer.chosen for layer in module.spiking().values()])

    monkeypatch.setattr(SpikingNetwork, "forget_leaks", watched)
    given = {"dataset": "digits", "epochs": 4, "seed": 0}
    start = str(api.train(api.recipe("digits", None, **given), tmp_path).folder)
    for code, width, neurons in (("binary", 1, {}), ("pow2-7", 3, {"neuron_family": "memory-free"})):
        precision = Precision(width, 0 if neurons else 4, weight_code=code, quantiser="sigmoids", **neurons)
        trained = api.train(api.recipe("digits", precision, initial=start, **given), tmp_path)
        assert trained.result["best_epoch"] in (2, 3)
        assert forgotten.pop() == [False]
        assert not forgotten
        assert (trained.result["accuracy"]["differing"], trained.result["accuracy"]["test"] > 50) == (0, True)
        network = bundle.read(trained.bundle)
        found = {int(level) for layer in network.layers for level in np.unique(layer.sources[0].weight)}
        assert found == set(precision.code.levels)
        assert f"--levels {code}" in network.provenance["command"]
        assert "--quantiser sigmoids" in network.provenance["command"]
