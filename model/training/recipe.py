"""Recipes: everything that determines a training run, and what is usual for each named network."""

import math
import shlex
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from model.config import Precision
from model.datasets.own import is_own
from model.errors import require


@dataclass(frozen=True)
class Recipe:
    """Everything that determines a run. AdamW, cosine to 0, cross-entropy of the mean logits unless said otherwise."""

    network: str
    dataset: str
    precision: Precision | None
    epochs: int
    batch_size: int = 128
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    seed: int = 0
    augment: int | None = None
    """Mirror the images and move them by up to this many pixels."""
    teacher: str | None = None
    """Bundle whose logits are learned beside the labels."""
    sources: str = ""
    """SHA-256 of the user's files that the run is made from, so that it never goes on with others."""
    width: float = 1.0
    """Multiplies the channels of a network that has any width."""
    time_steps: int = 4
    """T of a network that has any."""
    ends_bits: int = 0
    """Bits of first and last layer, weights and membranes, of a network of any size; 0: as the others."""
    warmup: int = 0
    """Epochs in which the learning rate rises from 0."""
    label_smoothing: float = 0.0
    """Share of the label that all classes have alike."""
    mixup: float = 0.0
    """α of Beta(α, α), from which the share of a second image is drawn (arXiv 1710.09412); 0 without."""
    cutmix: float = 0.0
    """The same for a rectangle of a second image (arXiv 1905.04899)."""
    step_loss: float = 0.0
    """Share of the cross-entropy that is the mean of every time step's own (TET, arXiv 2202.11946)."""
    membrane_loss: float = 0.0
    """Weight of the squared distance from the teacher's membranes."""
    initial: str | None = None
    """Folder of a run, of any widths, whose best weights this one starts from."""
    leak_search: int = 0
    """After this many epochs each layer's r is searched; 0: it stays as the first batch calibrates it."""
    statistics_batches: int = 0
    """Before each validation batch norm's statistics are measured on so many batches; 0: those that ran along."""
    refit: bool = False
    """Train on the validation split too and keep the last epoch, once everything else has been chosen."""

    def __post_init__(self) -> None:
        require(self.epochs >= 1, f"{self.epochs} epochs; train at least 1")
        require(
            0 <= self.warmup < self.epochs,
            f"a warm-up of {self.warmup} epochs of {self.epochs}; choose fewer than there are",
        )
        require(
            0 <= self.label_smoothing < 1, f"a label smoothing of {self.label_smoothing:g}; choose 0 to less than 1"
        )
        require(
            self.mixup >= 0 and self.cutmix >= 0,
            f"mixup {self.mixup:g} and cutmix {self.cutmix:g} are parameters of Beta; choose 0, for none, or more",
        )
        require(
            self.teacher is None or not (self.mixup or self.cutmix),
            "a teacher's logits are of whole images; leave out the teacher, or mixup and cutmix",
        )
        require(0 <= self.step_loss <= 1, f"a share of {self.step_loss:g} for the time steps' loss; choose 0 to 1")
        require(
            self.membrane_loss == 0 or (self.membrane_loss > 0 and self.teacher is not None),
            f"a weight of {self.membrane_loss:g} for the teacher's membranes; choose 0 or more, and name a teacher",
        )
        require(
            0 <= self.leak_search < self.epochs,
            f"r searched after {self.leak_search} epochs of {self.epochs}; choose fewer than there are, or 0",
        )
        require(
            self.statistics_batches >= 0,
            f"statistics of {self.statistics_batches} batches; choose 0, for running ones, or more",
        )
        require(
            self.precision is not None or not (self.membrane_loss or self.initial or self.leak_search),
            "a float32 network has no codes and no r; leave out the loss of membranes, the initial run and the search",
        )

    def rate(self, step: int, batches: int) -> float:
        """Learning rate of a step, ``batches`` an epoch: rises for the warm-up, then a cosine to 0."""
        warm = self.warmup * batches
        if step < warm:
            return self.learning_rate * (step + 1) / warm
        progress = (step - warm) / (self.epochs * batches - warm)
        return self.learning_rate * (1 + math.cos(math.pi * progress)) / 2

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
        words.append(str(self.precision or "float32"))
        words += [f"ends{self.ends_bits}"] if self.ends_bits else []
        words += [f"from-{Path(self.teacher).stem}"] if self.teacher else []
        words += [f"after-{Path(self.initial).name}"] if self.initial else []
        words += ["refit"] if self.refit else []
        return "-".join([*words, f"seed{self.seed}"])

    @property
    def command(self) -> str:
        """The command that trains this."""
        words = ["mint", "train", "--network", self.network, "--dataset", self.dataset]
        if self.precision is None:
            words.append("--float32")
        else:
            words += ["-W", str(self.precision.weight_width), "-U", str(self.precision.membrane_width)]
        named = usual(self.network, self.dataset)
        others = [field.name for field in fields(self) if field.name not in (*ALWAYS, *NO_OPTION)]
        for key in (*ALWAYS, *(key for key in others if getattr(self, key) != getattr(named, key))):
            words += [f"--{key.replace('_', '-')}", str(getattr(self, key))]
        words += ["--refit"] if self.refit else []
        return shlex.join(words)


ALWAYS = ("epochs", "warmup", "batch_size", "learning_rate", "seed")
"""Fields that a command names even where they are the usual ones, because other options change those."""
NO_OPTION = ("network", "dataset", "precision", "sources", "refit")
"""Those that it gives in another way, or that follow from the others."""

PHOTOGRAPHS = {"cifar10": 4, "tiny-imagenet": 8}
"""Sets whose images stay what they are when mirrored and moved by an eighth; a digit does not."""
SCALABLE: dict[str, Any] = {
    "epochs": 200,
    "warmup": 5,
    "label_smoothing": 0.1,
    "augment": PHOTOGRAPHS["cifar10"],
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
        found = replace(found, dataset=dataset, augment=found.augment and PHOTOGRAPHS.get(dataset))
    if 0 < width != found.width:  # one that no network can have is refused where the network is made
        found = replace(found, width=width, learning_rate=float(f"{found.learning_rate / math.sqrt(width):.2g}"))
    return found
