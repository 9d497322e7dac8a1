"""A trained bundle as the teacher of a narrower network (Hinton et al., arXiv 1503.02531)."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from model.errors import require
from model.files.replacing import replacing
from model.files.tensor_file import SafetensorError, safe_open, save
from model.golden.network import LayerTrace, chunks, forward
from model.network import bundle
from model.network.graph import Readout
from model.network.network import Network

TEMPERATURE = 2.0
WEIGHT = 0.5
"""Share of the teacher in the loss; the labels have the rest."""


@dataclass
class Lesson:
    """What a teacher says of images: mean logits [N, classes], and mean potentials [N, C] of its last spiking layer.

    Logits are real ones; potentials are means over time and space, in thresholds: one number a channel, which shifts
    and mirrors of the image hardly change, and which is small enough to be kept for a whole training split.
    """

    logits: Tensor
    potentials: Tensor

    def of(self, part: Tensor) -> "Lesson":
        """The lesson of some images."""
        return Lesson(self.logits[part], self.potentials[part])

    def to(self, device: str) -> "Lesson":
        return Lesson(self.logits.to(device), self.potentials.to(device))

    def write(self, path: Path) -> None:
        """Keep it."""
        with replacing(path) as temporary:
            temporary.write_bytes(save({"logits": self.logits.numpy(), "potentials": self.potentials.numpy()}, {}))

    @staticmethod
    def read(path: Path) -> "Lesson | None":
        """What was kept, if there is a whole one."""
        try:
            with safe_open(path, framework="pt") as file:
                return Lesson(file.get_tensor("logits"), file.get_tensor("potentials"))
        except (OSError, SafetensorError):
            return None


def ask(path: Path, images: np.ndarray, progress: Callable[[int, int], None]) -> Lesson:
    """What the integers of a bundle say of ``images``; its logits in real units are step·logits/T."""
    network = bundle.read(path)
    last = network.layers[-1]
    require(last.step is not None, f"{path}: layer {last.name} has no step, so its logits have no unit; add it")
    assert last.step is not None
    require(
        network.readout != Readout.COUNT,
        f"{path}: its logits are numbers of spikes, which have no unit; choose a teacher with another readout",
    )
    unit = last.step / network.largest_value(last.sources[0].origin) / network.time_steps
    logits: list[np.ndarray] = []
    potentials: list[np.ndarray] = []

    def observe(name: str, trace: LayerTrace) -> None:
        if name == watched:
            thresholds = np.maximum(network.layer(name).threshold, 1)  # below, a neuron spikes whatever comes
            potentials.append(trace.potential.mean((0, 3, 4)) / thresholds)

    watched = _last_spiking(network)
    for part, some in chunks(network, images):
        logits.append(forward(network, some, observe) * unit)
        progress(part.stop, images.shape[network.inputs.axis])
    return Lesson(*(torch.from_numpy(np.concatenate(found).astype(np.float32)) for found in (logits, potentials)))


def _last_spiking(network: Network) -> str:
    return network.layers[-2].name


def distillation_loss(logits: Tensor, known: Tensor, taught: Tensor) -> Tensor:
    """(1-w)·``known`` + w·τ²·KL(teacher ‖ student) at temperature τ; ``known`` is the labels' cross-entropy."""
    student = functional.log_softmax(logits / TEMPERATURE, 1)
    teacher = functional.log_softmax(taught / TEMPERATURE, 1)
    divergence = functional.kl_div(student, teacher, log_target=True, reduction="batchmean")
    return (1 - WEIGHT) * known + WEIGHT * TEMPERATURE**2 * divergence
