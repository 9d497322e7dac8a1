"""Training on scikit-learn's digits: it learns, reproduces, resumes, and evaluates to the golden integers."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from model import datasets
from model.config import ConfigError, Precision
from model.golden.network import forward, run
from model.training.augmentation import augment, mix
from model.training.export import to_network
from model.training.history import Epoch
from model.training.layers import Conv, Linear, MaxPool, Readout, SumPool
from model.training.networks import SpikingNetwork, digits
from model.training.recipe import Recipe, usual
from model.training.train import Listener, Run, health

RECIPE = Recipe("digits", "digits", Precision(4, 4), epochs=8, learning_rate=1e-2)


@pytest.fixture(scope="module")
def data() -> datasets.Dataset:
    return datasets.load("digits")


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


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


def test_a_killed_run_goes_on_to_the_same_result(tmp_path: Path, data: datasets.Dataset) -> None:
    class KilledError(Exception):
        pass

    def kill(entry: Epoch) -> None:
        if entry.epoch == 1:
            raise KilledError

    recipe = replace(RECIPE, epochs=4)
    whole = Run(recipe, digits, data, tmp_path / "whole")
    whole.train(Listener())
    with pytest.raises(KilledError):
        Run(recipe, digits, data, tmp_path / "killed").train(Listener(epoch=kill))
    rest = Run(recipe, digits, data, tmp_path / "killed")
    assert len(rest.history) == 2
    rest.train(Listener())
    assert [e["loss"] for e in rest.history] == [e["loss"] for e in whole.history]
    for (name, mine), wanted in zip(
        rest.module.state_dict().items(), whole.module.state_dict().values(), strict=True
    ):  # fmt: skip
        assert torch.equal(mine, wanted), name
    with pytest.raises(ConfigError, match="other settings"):
        Run(replace(recipe, seed=1), digits, data, tmp_path / "killed")


def mixed(precision: Precision | None) -> SpikingNetwork:
    """Every layer kind, sum pooling included."""
    return SpikingNetwork(
        {
            "conv1": Conv(1, 6, 3, stride=2, padding=1, precision=precision),
            "conv2": Conv(6, 8, 3, padding=1, precision=precision),
            "pool2": SumPool(2),
            "hidden": Linear(8 * 4, 20, precision=precision),
            "fc": Readout(20, 10, precision=precision),
        },
        input_shape=(1, 8, 8),
        time_steps=3,
    )


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


@pytest.mark.parametrize(
    ("layers", "sentence"),
    [
        ({"drop": nn.Dropout()}, "layer drop: Dropout has no integer form"),
        ({"pool": MaxPool(2), "again": MaxPool(2)}, "layer again: pooling follows a spiking layer, once"),
    ],
)
def test_what_has_no_integers_is_refused_by_name(layers: dict[str, nn.Module], sentence: str) -> None:
    precision = Precision(4, 4)
    module = SpikingNetwork(
        {"conv": Conv(1, 2, 3, precision=precision), **layers, "fc": Readout(2, 2, precision=precision)},
        input_shape=(1, 8, 8),
    )
    module.conv.leak.fill_(1)  # type: ignore[union-attr, operator]
    with pytest.raises(ConfigError, match=sentence):
        to_network(module)


def test_float_and_untrained_networks_are_refused() -> None:
    with pytest.raises(ConfigError, match="layer conv1: it was trained in float32"):
        to_network(digits(None))
    with pytest.raises(ConfigError, match="layer conv1: a layer has no leak r yet"):
        to_network(digits(Precision(4, 4)))
    with pytest.raises(ConfigError, match="Linear cannot be exported"):
        to_network(nn.Linear(2, 2))


def test_sick_layers_are_named(data: datasets.Dataset) -> None:
    module = digits(Precision(4, 4))
    images = torch.from_numpy(data.train.images[:64].copy())
    with torch.no_grad():
        module.spiking()["conv1"].beta.fill_(-50)
    module(images)
    assert any("layer conv1 is dead" in sentence for sentence in health(module))
    with torch.no_grad():
        module.spiking()["conv1"].beta.fill_(50)
    module(images)
    assert any("layer conv1 is saturated" in sentence for sentence in health(module))


def test_a_diverged_run_stops_and_names_the_layer(tmp_path: Path, data: datasets.Dataset) -> None:
    training = Run(RECIPE, digits, data, tmp_path)
    with torch.no_grad():
        training.module.fc.weight[0, 0] = float("nan")  # type: ignore[union-attr, index, operator]
    with pytest.raises(ConfigError, match=r"layer fc has exploded|diverged"):
        training.train(Listener())


def test_a_bundle_teaches(tmp_path: Path, data: datasets.Dataset) -> None:
    from model import bundle

    recipe = replace(RECIPE, epochs=2)
    first = Run(recipe, digits, data, tmp_path / "teacher")
    first.train(Listener())
    path = tmp_path / "teacher.safetensors"
    bundle.write(to_network(first.load_best()), path)
    taught = Run(replace(recipe, teacher=str(path)), digits, data, tmp_path / "pupil")
    taught.train(Listener())
    assert taught.history[0]["loss"] != first.history[0]["loss"]


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


def test_augmentation_mirrors_and_moves() -> None:
    image = torch.zeros(1, 1, 5, 5, dtype=torch.uint8)
    image[0, 0, 2, 1] = 7
    generator = torch.Generator().manual_seed(0)
    seen = {tuple(augment(image, 1, generator)[0, 0].nonzero()[0].tolist()) for _ in range(300)}
    # Column 1 or, mirrored, 3; each moved by -1, 0 or 1, as is row 2.
    assert seen == {(row, column) for row in (1, 2, 3) for column in (0, 1, 2, 3, 4)}
    assert int(augment(image, 1, generator).sum()) == 7


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


def test_the_codes_of_export_are_those_of_the_forward_pass() -> None:
    layer = Conv(3, 8, 3, precision=Precision(8, 8))
    for value in np.linspace(-9, -2, 500):
        with torch.no_grad():
            layer.quantizer.log_step.fill_(float(value))
        assert torch.equal(layer.step(), layer.quantizer.log_step.exp())
        assert torch.equal(
            layer.quantizer.to_int(layer.weight).float(), layer.quantizer.codes(layer.weight, layer.step())
        )


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: digits(Precision(4, 4)), "cannot be made from a precision"),
        (lambda precision: nn.Linear(2, 2), "it is a Linear; return a SpikingNetwork"),
        (lambda precision: mixed(precision)[:2], "return a SpikingNetwork|takes|cannot be made"),
        (
            lambda precision: SpikingNetwork(
                {"conv": Conv(1, 2, 3, precision=precision), "fc": Readout(3, 10, precision=precision)},
                input_shape=(1, 8, 8),
            ),
            "does not run after layer conv",
        ),
        (
            lambda precision: SpikingNetwork(
                {"conv": Conv(1, 2, 3, precision=precision), "fc": Readout(72, 5, precision=precision)},
                input_shape=(1, 8, 8),
            ),
            "has 10 classes",
        ),
        (
            lambda precision: SpikingNetwork(
                {
                    "conv": Conv(1, 2, 3, precision=precision),
                    "drop": nn.Dropout(),
                    "fc": Readout(72, 10, precision=precision),
                },
                input_shape=(1, 8, 8),
            ),
            "layer drop: Dropout has no integer form",
        ),
    ],
)
def test_a_network_that_cannot_work_is_refused_before_training(
    tmp_path: Path, data: datasets.Dataset, make: Callable[..., SpikingNetwork], sentence: str
) -> None:
    with pytest.raises(ConfigError, match=sentence):
        Run(RECIPE, make, data, tmp_path)


def test_mixtures_are_of_two_images_and_stay_integers() -> None:
    images = torch.stack([torch.full((1, 16, 16), 40 * n, dtype=torch.uint8) for n in range(4)])
    generator = torch.Generator().manual_seed(0)
    cuts = 0
    for mixup, cutmix in ((0.4, 0.0), (0.0, 1.0), (1.0, 1.0)):
        for _ in range(30):
            mixed, target = mix(images, torch.arange(4), 4, mixup, cutmix, generator)
            assert mixed.dtype == torch.uint8
            torch.testing.assert_close(target.sum(1), torch.ones(4))
            # The mean of the pixels is the labels' mean: both are shared alike, up to rounding.
            wanted = target @ (40.0 * torch.arange(4))
            assert float((mixed.float().mean((1, 2, 3)) - wanted).abs().max()) <= 0.5 + 1e-3
            cuts += int(len(mixed[1:].flatten(1).unique(dim=1).T) > 1)
            assert mixup or not cutmix or set(mixed.unique().tolist()) <= {0, 40, 80, 120}
    assert 30 < cuts < 90


def test_the_learning_rate_rises_and_falls() -> None:
    recipe = replace(RECIPE, epochs=10, warmup=2, learning_rate=1.0)
    rates = [recipe.rate(step, 5) for step in range(50)]
    assert rates[:10] == pytest.approx([(step + 1) / 10 for step in range(10)])
    assert rates[10] == 1
    assert rates[30] == pytest.approx(0.5)
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] < 0.01


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"epochs": 0}, "0 epochs; train at least 1"),
        ({"warmup": 8}, "a warm-up of 8 epochs of 8; choose fewer"),
        ({"label_smoothing": 1.0}, "a label smoothing of 1; choose 0 to less than 1"),
        ({"mixup": -1.0}, "mixup -1 and cutmix 0 are parameters of Beta"),
        ({"teacher": "t", "cutmix": 1.0}, "a teacher's logits are of whole images"),
    ],
)
def test_a_recipe_that_cannot_work_is_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        replace(RECIPE, **changes)


def test_every_part_of_a_recipe_is_resumed_and_logged(tmp_path: Path, data: datasets.Dataset) -> None:
    recipe = replace(RECIPE, epochs=3, warmup=1, label_smoothing=0.1, mixup=0.2, cutmix=1.0, augment=1)
    whole = Run(recipe, digits, data, tmp_path / "whole")
    whole.train(Listener())
    killed = Run(recipe, digits, data, tmp_path / "killed")

    def kill(entry: Epoch) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        killed.train(Listener(epoch=kill))
    rest = Run(recipe, digits, data, tmp_path / "killed")
    rest.train(Listener())
    assert [e["loss"] for e in rest.history] == [e["loss"] for e in whole.history]
    lines = (tmp_path / "killed" / "log.csv").read_text().splitlines()
    assert lines[0] == "epoch,loss,accuracy,seconds,density_conv1"
    assert [float(line.split(",")[1]) for line in lines[1:]] == [e["loss"] for e in whole.history]


def test_a_run_of_an_earlier_release_goes_on(tmp_path: Path, data: datasets.Dataset) -> None:
    from model.training import checkpoint

    run = Run(RECIPE, digits, data, tmp_path)
    notes = run._notes()
    for later in ("width", "time_steps", "warmup", "label_smoothing", "mixup", "cutmix"):
        del notes["recipe"][later]
    checkpoint.write(run.last, run.module, None, notes)
    assert Run(RECIPE, digits, data, tmp_path).history == []


def test_a_command_names_what_is_not_usual() -> None:
    recipe = replace(usual("vgg9"), precision=Precision(2, 2), width=0.25, dataset="tiny-imagenet", time_steps=8)
    assert recipe.name == "vgg9-tiny-imagenet-x0.25-T8-w2u2-seed0"
    assert recipe.command == (
        "mint train --network vgg9 --dataset tiny-imagenet -W 2 -U 2 --epochs 200 --batch-size 128 "
        "--learning-rate 0.002 --seed 0 --width 0.25 --time-steps 8"
    )
    assert usual("mine.py:Net").name == "mine-Net-w4u4-seed0"
