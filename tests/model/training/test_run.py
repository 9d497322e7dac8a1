"""A run on scikit-learn's digits: it resumes, refuses, stops, and keeps what it should."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from model import datasets
from model.config import Precision
from model.errors import UserError
from model.training import checkpoint
from model.training.history import Epoch
from model.training.layers import Conv, Readout
from model.training.networks import SpikingNetwork, digits
from model.training.recipe import Recipe
from model.training.train import Listener, Run, health
from tests.model.training.runs import RECIPE, mixed

pytestmark = pytest.mark.usefixtures("one_thread")


SIGMOIDS = replace(
    RECIPE, precision=Precision(3, 4, weight_code="pow2-7", quantiser="sigmoids"), epochs=4, leak_search=2
)
"""Soft steps, whose temperature the search of r needs to know after it was killed."""


@pytest.mark.parametrize("recipe", [replace(RECIPE, epochs=4), SIGMOIDS], ids=["learned-step", "sigmoids"])
def test_a_killed_run_goes_on_to_the_same_result(tmp_path: Path, data: datasets.Dataset, recipe: Recipe) -> None:
    class KilledError(Exception):
        pass

    def kill(entry: Epoch) -> None:
        if entry.epoch == 1:
            raise KilledError

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
    with pytest.raises(UserError, match="other settings"):
        Run(replace(recipe, seed=1), digits, data, tmp_path / "killed")


def test_a_folder_with_files_of_no_training_is_refused(tmp_path: Path, data: datasets.Dataset) -> None:
    for name in ("log.csv", "result.json", "bundle.safetensors", "best.safetensors"):
        path = tmp_path / name / name
        path.parent.mkdir()
        path.write_text("mine", encoding="utf-8")
        with pytest.raises(UserError, match=f"{name} is in the way, and no training|{name}: not a checkpoint"):
            Run(RECIPE, digits, data, path.parent)


def test_a_run_that_was_killed_in_its_first_epoch_starts_again(tmp_path: Path, data: datasets.Dataset) -> None:
    run = Run(RECIPE, digits, data, tmp_path)
    checkpoint.write(run.best, run.module, None, run._notes())
    Run(RECIPE, digits, data, tmp_path)
    with pytest.raises(UserError, match="other settings"):
        Run(replace(RECIPE, seed=1), digits, data, tmp_path)


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
    with pytest.raises(UserError, match="the loss is nan in epoch 1: layer fc has exploded; lower"):
        training.train(Listener())
    training = Run(RECIPE, digits, data, tmp_path / "other")
    with torch.no_grad():
        training.module.conv1.gamma[1] = float("inf")  # type: ignore[union-attr, index, operator]
    with pytest.raises(UserError, match=r"layer conv1 has diverged in epoch 1: .* lower the learning rate"):
        training.train(Listener())


@pytest.mark.parametrize("batch_norm", [True, False])
def test_precision_becomes_narrower_from_run_to_run(tmp_path: Path, data: datasets.Dataset, batch_norm: bool) -> None:
    def build(precision: Precision | None) -> SpikingNetwork:
        return SpikingNetwork(
            {
                "conv1": Conv(1, 8, 3, padding=1, precision=precision, batch_norm=batch_norm),
                "fc": Readout(8 * 64, 10, precision=precision),
            },
            input_shape=(1, 8, 8),
        )

    wide = Run(replace(RECIPE, precision=Precision(8, 8), epochs=1), build, data, tmp_path / "wide")
    wide.train(Listener())
    recipe = replace(RECIPE, precision=Precision(2, 2), epochs=2, initial=str(tmp_path / "wide"))
    assert recipe.name == "digits-w2u2-after-wide-seed0"
    narrow = Run(recipe, build, data, tmp_path / "narrow")
    before, after = (run.module.state_dict() for run in (wide, narrow))
    for name, value in after.items():
        if name.endswith(("log_step", "leak")):
            assert float(value) > float(before[name]), name  # ternary codes: a wide step, a membrane of few codes
        else:
            assert torch.equal(value, before[name]), name
    narrow.train(Listener())
    scratch = Run(replace(recipe, initial=None), build, data, tmp_path / "scratch")
    scratch.train(Listener())
    assert narrow.history[0]["loss"] < scratch.history[0]["loss"]
    assert len(Run(recipe, build, data, tmp_path / "narrow").history) == 2


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
                    "relu": nn.ReLU(),
                    "fc": Readout(72, 10, precision=precision),
                },
                input_shape=(1, 8, 8),
            ),
            "layer relu: ReLU has no integer form",
        ),
    ],
)
def test_a_network_that_cannot_work_is_refused_before_training(
    tmp_path: Path, data: datasets.Dataset, make: Callable[..., SpikingNetwork], sentence: str
) -> None:
    with pytest.raises(UserError, match=sentence):
        Run(RECIPE, make, data, tmp_path)


def test_every_part_of_a_recipe_is_resumed_and_logged(tmp_path: Path, data: datasets.Dataset) -> None:
    recipe = replace(RECIPE, epochs=3, warmup=1, label_smoothing=0.1, mixup=0.2, cutmix=1.0, augment=1)
    recipe = replace(recipe, step_loss=0.5, leak_search=1, statistics_batches=2)
    whole = Run(recipe, digits, data, tmp_path / "whole")
    whole.train(Listener())
    killed = Run(recipe, digits, data, tmp_path / "killed")

    def kill(entry: Epoch) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        killed.train(Listener(epoch=kill))
    rest = Run(recipe, digits, data, tmp_path / "killed")
    rest.train(Listener())
    for key in ("loss", "accuracy"):
        assert [e[key] for e in rest.history] == [e[key] for e in whole.history]
    lines = (tmp_path / "killed" / "log.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "epoch,loss,accuracy,seconds,density_conv1"
    assert [float(line.split(",")[1]) for line in lines[1:]] == [e["loss"] for e in whole.history]


def test_a_refit_takes_every_labelled_image_and_keeps_the_last_epoch(
    tmp_path: Path, data: datasets.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    falling = iter([90.0, 10.0])
    monkeypatch.setattr("model.training.train.accuracy", lambda *_: next(falling))
    recipe = replace(RECIPE, epochs=2, refit=True)
    training = Run(recipe, digits, data, tmp_path)
    assert len(training.split) == len(data.train) + len(data.validation)
    assert np.array_equal(training.split.labels[-len(data.validation) :], data.validation.labels)
    batches = []
    training.train(Listener(batch=lambda _, total, __: batches.append(total)))
    assert set(batches) == {len(training.split) // recipe.batch_size}
    assert training.kept["epoch"] == 1
    kept = training.load_best().state_dict()
    last = Run(recipe, digits, data, tmp_path).module.state_dict()
    assert all(torch.equal(kept[name], last[name]) for name in last)
    assert recipe.name == "digits-w4u4-refit-seed0"
    assert recipe.command.endswith(" --refit")


def test_a_run_of_an_earlier_release_goes_on(tmp_path: Path, data: datasets.Dataset) -> None:
    from model.training import checkpoint

    run = Run(RECIPE, digits, data, tmp_path)
    notes = run._notes()
    for later in (
        "width",
        "time_steps",
        "warmup",
        "mixup",
        "cutmix",
        "step_loss",
        "membrane_loss",
        "initial",
        "statistics_batches",
    ):
        del notes["recipe"][later]
    for later in ("weight_code", "neuron_family"):
        del notes["recipe"]["precision"][later]
    checkpoint.write(run.last, run.module, None, notes)
    assert Run(RECIPE, digits, data, tmp_path).history == []


def test_a_run_measures_statistics(tmp_path: Path, data: datasets.Dataset) -> None:
    """They change what is judged, not what is trained."""
    runs = [Run(replace(RECIPE, epochs=2, statistics_batches=n), digits, data, tmp_path / str(n)) for n in (0, 2)]
    for each in runs:
        each.train(Listener())
    running, measured = (each.module.state_dict() for each in runs)
    for name in running:
        assert torch.equal(running[name], measured[name]) == ("running" not in name), name
