"""The settings of a training run, each with the words and the limits of its option; imports nothing that is slow."""

import math
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from model.errors import require

if TYPE_CHECKING:
    from model.config import Precision


def described(
    words: str, *, usual: str = "", metavar: str = "", least: int | None = None, short: str = ""
) -> dict[str, Any]:
    """What ``mint train`` says of a field: the help's ``words``, and ``usual`` of recipes' values.

    ``metavar`` stands for a value, ``least`` is the smallest; the option is called like the field, or ``short``.
    """
    return {"help": words, "usual": usual, "metavar": metavar, "least": least, "short": short}


def option(default: Any, words: str, **others: Any) -> Any:
    """A field with a default that has an option, :func:`described` by the rest."""
    return field(default=default, metadata=described(words, **others))


READOUTS = ("sum", "count", "membrane")
"""What logits can be."""


@dataclass(frozen=True)
class Settings:
    """What determines a run. AdamW, cosine to 0, cross-entropy of the mean logits unless said otherwise."""

    network: str
    dataset: str = field(
        metadata=described(
            "fashion-mnist, mnist, cifar10, tiny-imagenet, digits, moving-digits; recordings of events: n-mnist, "
            "dvs-gesture, cifar10-dvs, n-caltech101; or your own: FILE.npz with arrays x and y, or a folder of images "
            "by class.",
            usual="the network's usual one",
            metavar="NAME",
        )
    )
    precision: "Precision | None"
    epochs: int = field(
        metadata=described("Passes over the training split.", least=1, usual="15, digits 12, VGG and ResNet 200")
    )
    learning_rate: float = option(
        2e-3, "Of AdamW; cosine to 0.", least=0, usual="0.002, of VGG and ResNet over √width, digits 0.01, moving 0.005"
    )
    weight_decay: float = option(1e-4, "Of AdamW.", least=0, usual="0.0001")
    warmup: int = option(
        0,
        "Let the learning rate rise at first.",
        metavar="EPOCHS",
        least=0,
        usual="0, VGG and ResNet 5, at most a tenth of the epochs",
    )
    batch_size: int = option(128, "Images a step.", least=1, usual="128")
    width: float = option(1.0, "Multiplies the channels of networks of any size.", metavar="FACTOR", usual="1")
    time_steps: int = option(
        4,
        "T of networks of any size; recordings of events are cut into as many.",
        short="-T",
        least=1,
        usual="4, moving 8, nmnist 10, gesture 16",
    )
    step_us: int = option(
        0, "Of recordings: a time step lasts so long.", metavar="MICROSECONDS", least=0, usual="T equal parts of each"
    )
    frame_size: int = option(
        0,
        "Of recordings: sensor pixels are joined to frames of so many rows and columns.",
        metavar="PIXELS",
        least=0,
        usual="the sensor's, gesture 32",
    )
    count_bits: int = option(
        1,
        "Of recordings: a pixel counts its events in a time step, up to 2^BITS - 1.",
        metavar="BITS",
        least=1,
        usual="1: a spike",
    )
    ends_bits: int = option(0, "Of first and last layer of VGG and ResNet.", metavar="BITS", usual="as others")
    readout: str = option(
        "sum",
        "What logits add up over T: sum, the last layer's currents; count, its neurons' spikes; membrane, potentials "
        "of neurons that do not fire.",
        metavar="KIND",
        usual="sum",
    )
    seed: int = 0
    augment: int | None = option(
        None,
        "Mirror images and move them by up to this; recordings are moved only.",
        metavar="PIXELS",
        least=0,
        usual="VGG, ResNet, dvs-gesture 4, tiny-imagenet 8, n-mnist 2, digits and clothes none",
    )
    label_smoothing: float = option(
        0.0, "Share of a label that all classes have.", metavar="SHARE", usual="0, VGG and ResNet 0.1"
    )
    mixup: float = option(0.0, "Mix two images by a share of Beta(α, α).", metavar="ALPHA", usual="0")
    """arXiv 1710.09412."""
    cutmix: float = option(0.0, "The same with a rectangle of the other.", metavar="ALPHA", usual="0")
    """arXiv 1905.04899."""
    teacher: str | None = option(None, "A trained bundle whose logits are learned beside the labels.", metavar="BUNDLE")
    step_loss: float = option(
        0.0, "Share of the loss that is each time step's own.", metavar="SHARE", usual="0, VGG and ResNet 1"
    )
    """TET, arXiv 2202.11946."""
    membrane_loss: float = option(0.0, "Of the distance from the teacher's membranes.", metavar="WEIGHT", usual="0")
    """The distance is squared."""
    initial: str | None = option(
        None, "Start from the weights of a run's best epoch, of more bits for example.", metavar="RUN"
    )
    leak_search: int = option(
        0, "After these, search each layer's leak r.", metavar="EPOCHS", least=0, usual="0, never"
    )
    statistics_batches: int = option(
        0,
        "Measure batch norm's statistics on so many before each validation.",
        metavar="BATCHES",
        least=0,
        usual="0, running ones; VGG and ResNet 10",
    )
    refit: bool = option(False, "Train on the validation split too and keep the last epoch; choose before.")
    sources: str = ""
    """SHA-256 of the user's files and recordings that the run is made from, so that it never goes on with others."""

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
        for each in fields(self):
            least, value = each.metadata.get("least"), getattr(self, each.name)
            require(
                least is None or value is None or least <= value < math.inf,
                f"{each.name} {value}; choose {least} or more",
            )
        require(self.readout in READOUTS, f"readout {self.readout!r}; choose one of {', '.join(READOUTS)}")
        require(self.seed >= 0, f"seed {self.seed}; choose 0 or more")

    def rate(self, step: int, batches: int) -> float:
        """Learning rate of a step, ``batches`` an epoch: rises for the warm-up, then a cosine to 0."""
        warm = self.warmup * batches
        if step < warm:
            return self.learning_rate * (step + 1) / warm
        progress = (step - warm) / (self.epochs * batches - warm)
        return self.learning_rate * (1 + math.cos(math.pi * progress)) / 2
