"""The options of ``mint train`` that come from the settings of a recipe."""

from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from mint.api import Training
from mint.app import app
from model.datasets import Framing
from model.training.recipe import Recipe, usual
from model.training.settings import Settings

GIVEN = {
    "dataset": "n-mnist", "step_us": 500, "frame_size": 32, "count_bits": 2,
    "epochs": 30, "learning_rate": 0.5, "weight_decay": 0.25, "warmup": 2, "batch_size": 7,
    "width": 0.5, "time_steps": 3, "ends_bits": 8, "augment": 1, "label_smoothing": 0.2, "teacher": "t.safetensors",
    "step_loss": 0.75, "membrane_loss": 1.5, "initial": "runs/a", "leak_search": 3, "statistics_batches": 4,
    "refit": True, "readout": "count",
}  # fmt: skip
MIXED = {"mixup": 0.3, "cutmix": 0.4}
"""Not with a teacher."""


@pytest.mark.parametrize("given", [GIVEN, MIXED])
def test_every_setting_has_an_option_that_reaches_the_recipe(given, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    recipes: list[Recipe] = []

    def note(recipe: Recipe, *_: object) -> Training:
        recipes.append(recipe)
        return Training(Path(), {}, before=False)

    monkeypatch.setattr("mint.commands.train.train_one", note)
    framings = []

    def load(name: str, _: object, *, framing: Framing | None) -> SimpleNamespace:
        framings.append(framing)
        return SimpleNamespace(note="")

    monkeypatch.setattr("model.datasets.load", load)
    words = []
    for name, value in given.items():
        words += [f"--{name.replace('_', '-')}"] if value is True else [f"--{name.replace('_', '-')}", str(value)]
    result = CliRunner().invoke(app, ["train", "vgg9", "--bits", "2", *words])
    assert result.exit_code == 0, result.output
    (recipe,) = recipes
    assert {name: getattr(recipe, name) for name in given} == given
    assert all(getattr(usual("vgg9"), name) != value for name, value in given.items()), "each is another than the usual"
    assert framings == [Framing(3, 500, 32, 2) if "step_us" in given else None]
    assert {each.name for each in fields(Settings) if each.metadata} == {*GIVEN, *MIXED}


def test_what_an_option_says_is_what_the_setting_says(monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    shown = CliRunner().invoke(app, ["train", "--help"]).stdout
    for field in fields(Settings):
        if words := field.metadata:
            (line,) = (line for line in shown.splitlines() if f" --{field.name.replace('_', '-')} " in line)
            assert words["help"] in line
            assert not words["usual"] or f"[default: ({words['usual']})]" in line


def test_a_value_out_of_range_is_refused_as_an_option():
    result = CliRunner().invoke(app, ["train", "digits", "--epochs", "0"])
    assert result.exit_code == 2
    assert "--epochs" in result.stderr
