"""Recipes: what is usual, what is refused, and the command that repeats one."""

from dataclasses import replace
from typing import Any

import pytest

from model.config import Precision
from model.datasets import Framing
from model.errors import UserError
from model.training.recipe import usual
from tests.model.training.runs import RECIPE

pytestmark = pytest.mark.usefixtures("one_thread")


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
        ({"step_loss": 1.5}, "a share of 1.5 for the time steps' loss; choose 0 to 1"),
        ({"membrane_loss": 1.0}, "a weight of 1 for the teacher's membranes; choose 0 or more, and name a teacher"),
        ({"statistics_batches": -1}, "statistics of -1 batches; choose 0"),
        ({"learning_rate": float("nan")}, "learning_rate nan; choose 0 or more"),
        ({"weight_decay": -0.1}, "weight_decay -0.1; choose 0 or more"),
        ({"batch_size": 0}, "batch_size 0; choose 1 or more"),
        ({"time_steps": 0}, "time_steps 0; choose 1 or more"),
        ({"seed": -1}, "seed -1; choose 0 or more"),
        ({"leak_search": 8}, "r searched after 8 epochs of 8; choose fewer"),
        ({"precision": None, "leak_search": 1}, "a float32 network has no codes and no r"),
    ],
)
def test_a_recipe_that_cannot_work_is_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        replace(RECIPE, **changes)


def test_a_command_names_what_is_not_usual() -> None:
    recipe = replace(usual("vgg9", "tiny-imagenet"), precision=Precision(2, 2), width=0.25, time_steps=8)
    assert recipe.name == "vgg9-tiny-imagenet-x0.25-T8-w2u2-seed0"
    assert recipe.command == (
        "mint train --network vgg9 --dataset tiny-imagenet -W 2 -U 2 --epochs 200 --warmup 5 --batch-size 128 "
        "--learning-rate 0.002 --seed 0 --width 0.25 --time-steps 8"
    )
    assert usual("mine.py:Net").name == "mine-Net-w4u4-seed0"


def test_how_recordings_become_frames_is_in_name_and_command() -> None:
    recipe = replace(usual("nmnist", "cifar10-dvs"), time_steps=20, step_us=50_000, frame_size=64, epochs=2)
    assert recipe.name == "nmnist-cifar10-dvs-T20-50000us-64px-w4u4-seed0"
    assert recipe.framing == Framing(20, 50_000, 64)
    assert "--time-steps 20 --step-us 50000 --frame-size 64" in recipe.command
    counted = replace(recipe, count_bits=3)
    assert counted.name == "nmnist-cifar10-dvs-T20-50000us-64px-counts3-w4u4-seed0"
    assert counted.framing == Framing(20, 50_000, 64, 3)
    assert "--frame-size 64 --count-bits 3" in counted.command
    assert usual("gesture").framing == Framing(16, 0, 32)
    assert usual("mine.py:Net", "n-mnist").framing == Framing(10)
    assert usual("moving").framing is None
    with pytest.raises(UserError, match="moving-digits has no recordings to cut into frames; leave out --step-us"):
        _ = replace(usual("moving"), step_us=5).framing
    with pytest.raises(UserError, match=r"moving-digits has no recordings .* leave out .* --count-bits"):
        _ = replace(usual("moving"), count_bits=2).framing


def test_the_learning_rate_follows_the_width() -> None:
    rates = {width: usual("vgg9", width=width).learning_rate for width in (1, 1 / 4, 1 / 8)}
    assert rates == {1: 2e-3, 1 / 4: 4e-3, 1 / 8: 5.7e-3}
    assert usual("vgg9", width=-1) == usual("vgg9")


@pytest.mark.parametrize(
    ("network", "dataset", "pixels"),
    [
        ("nmnist", None, 2),
        ("nmnist", "dvs-gesture", 4),
        ("vgg9", None, 4),
        ("vgg9", "tiny-imagenet", 8),
        ("resnet19", "digits", None),
        ("pooled", "cifar10", None),
    ],
)
def test_only_photographs_are_mirrored(network: str, dataset: str | None, pixels: int | None) -> None:
    """A mirrored digit is another sign."""
    recipe = usual(network, dataset)
    assert recipe.augment == pixels
    assert "--augment" not in recipe.command


def test_leak_and_reset_are_in_name_and_command() -> None:
    recipe = replace(usual("digits"), precision=Precision(4, 4, leak=0.875, reset="subtract"))
    assert recipe.name == "digits-w4u4-leak0.875-subtract-seed0"
    assert " -W 4 -U 4 --leak 0.875 --reset subtract --epochs" in recipe.command
    assert " -W 4 --leak 0 --epochs" in replace(recipe, precision=Precision(4, 0, leak=0.0)).command
