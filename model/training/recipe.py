"""Recipes: everything that determines a training run, and what is usual for each named network."""

import math
import shlex
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from model.config import Precision
from model.datasets import EVENTS, Framing, moving_digits
from model.datasets.own import is_own
from model.errors import require
from model.training.settings import Settings


@dataclass(frozen=True)
class Recipe(Settings):
    """Everything that determines a training run, by its name and as a command."""

    @property
    def name(self) -> str:
        """What its folder is called."""
        file, _, attribute = self.network.rpartition(":")
        words = [f"{Path(file).stem}-{attribute}" if file else attribute]
        named = usual(self.network)
        other = self.dataset != named.dataset and (not file or is_own(self.dataset))
        words += [Path(self.dataset).resolve().stem] if other else []
        words += [f"x{self.width:g}"] if self.width != named.width else []
        words += [f"T{self.time_steps}"] if self.time_steps != named.time_steps else []
        words += [f"{self.step_us}us"] if self.step_us else []
        words += [f"{self.frame_size}px"] if self.frame_size != usual(self.network, self.dataset).frame_size else []
        words += [f"counts{self.count_bits}"] if self.count_bits != Settings.count_bits else []
        words.append(str(self.precision or "float32"))
        words += [f"ends{self.ends_bits}"] if self.ends_bits else []
        words += [self.readout] if self.readout != Settings.readout else []
        words += [f"from-{Path(self.teacher).stem}"] if self.teacher else []
        words += [f"after-{Path(self.initial).name}"] if self.initial else []
        words += ["refit"] if self.refit else []
        return "-".join([*words, f"seed{self.seed}"])

    @property
    def framing(self) -> Framing | None:
        """How recordings become frames; ``None`` where images have been made or given as they are."""
        if self.dataset in EVENTS:
            return Framing(self.time_steps, self.step_us, self.frame_size, self.count_bits)
        require(
            not self.step_us and not self.frame_size and self.count_bits == 1,
            f"{self.dataset} has no recordings to cut into frames; leave out --step-us, --frame-size and --count-bits",
        )
        return None

    @property
    def command(self) -> str:
        """The command that trains this."""
        words = ["mint", "train", "--network", self.network, "--dataset", self.dataset]
        if self.precision is None:
            words.append("--float32")
        else:
            words += self.precision.options
        named = usual(self.network, self.dataset)
        others = [each.name for each in fields(self) if each.name not in (*ALWAYS, *NO_OPTION)]
        for key in (*ALWAYS, *(key for key in others if getattr(self, key) != getattr(named, key))):
            words += [f"--{key.replace('_', '-')}", str(getattr(self, key))]
        words += ["--refit"] if self.refit else []
        return shlex.join(words)


ALWAYS = ("epochs", "warmup", "batch_size", "learning_rate", "seed")
"""Fields that a command names even where they are the usual ones, because other options change those."""
NO_OPTION = ("network", "dataset", "precision", "sources", "refit")
"""Those that it gives in another way, or that follow from the others."""

MOVED = {"cifar10": 4, "tiny-imagenet": 8, "n-mnist": 2, "dvs-gesture": 4, "cifar10-dvs": 4, "n-caltech101": 4}
"""By how many pixels images may be moved and photographs mirrored; a digit does not stay what it is in a mirror."""
SCALABLE: dict[str, Any] = {
    "epochs": 200,
    "warmup": 5,
    "label_smoothing": 0.1,
    "augment": MOVED["cifar10"],
    "step_loss": 1.0,
    "statistics_batches": 10,
}
RECIPES = {
    recipe.network: recipe
    for recipe in (
        Recipe("pooled", "fashion-mnist", Precision(4, 4), epochs=15),
        Recipe("fashion", "fashion-mnist", Precision(2, 2), epochs=15),
        Recipe("mlp", "mnist", Precision(4, 4), epochs=15),
        Recipe("digits", "digits", Precision(4, 4), epochs=12, learning_rate=1e-2),
        Recipe(
            "moving",
            "moving-digits",
            Precision(4, 4),
            epochs=15,
            learning_rate=5e-3,
            time_steps=moving_digits.TIME_STEPS,
        ),
        Recipe(
            "nmnist",
            "n-mnist",
            Precision(4, 4),
            epochs=40,
            learning_rate=5e-3,
            batch_size=32,
            time_steps=10,
            augment=MOVED["n-mnist"],
        ),
        Recipe(
            "gesture",
            "dvs-gesture",
            Precision(4, 4),
            epochs=60,
            learning_rate=5e-3,
            batch_size=32,
            time_steps=16,
            frame_size=32,
            augment=MOVED["dvs-gesture"],
        ),
        *(Recipe(name, "cifar10", Precision(4, 4), **SCALABLE) for name in ("vgg9", "vgg9-plain", "vgg16", "resnet19")),
    )
}
"""The named configurations: what `mint train NETWORK` does unless an option says otherwise."""


def usual(network: str, dataset: str | None = None, width: float = 1.0) -> Recipe:
    """The recipe of a named network, on its usual set or another, at a width; for a network in a user's file, that of
    Fashion-MNIST.

    Initial weights have the deviation √(2/fan-in), and a step of AdamW is about the learning rate whatever the weight.
    With the learning rate over √width it is the same share of a weight at every width, but in the first layer, whose
    fan-in is that of the images.
    """
    found = RECIPES.get(network) or Recipe(network, "fashion-mnist", Precision(4, 4), epochs=15)
    if dataset not in (None, found.dataset):
        found = replace(found, dataset=dataset, augment=found.augment and MOVED.get(dataset))
        if network not in RECIPES and dataset in EVENTS:
            found = replace(found, time_steps=Framing().time_steps)
        if dataset not in EVENTS:
            found = replace(found, step_us=0, frame_size=0)
    if 0 < width != found.width:  # one that no network can have is refused where the network is made
        found = replace(found, width=width, learning_rate=float(f"{found.learning_rate / math.sqrt(width):.2g}"))
    return found


def adjusted(network: str, precision: Precision | None, dataset: str | None = None, **given: Any) -> Recipe:
    """The usual recipe of ``network`` with ``given`` fields in place of its own.

    Where epochs are given and no warm-up, that is at most a tenth of them.
    """
    if "epochs" in given:
        given.setdefault("warmup", min(usual(network).warmup, given["epochs"] // 10))
    return replace(usual(network, dataset, given.get("width", 1.0)), precision=precision, **given)
