"""A trained bundle as the teacher of a narrower network (Hinton et al., arXiv 1503.02531)."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from model import bundle
from model.config import require
from model.golden.network import chunks, forward

TEMPERATURE = 2.0
WEIGHT = 0.5
"""Share of the teacher in the loss; the labels have the rest."""


def teacher_logits(path: Path, images: np.ndarray, progress: Callable[[int, int], None]) -> Tensor:
    """Real mean logits [N, classes] of the bundle's integers: step·logits/T."""
    network = bundle.read(path)
    last = network.layers[-1]
    require(last.step is not None, f"{path}: layer {last.name} has no step, so its logits have no unit; add it")
    assert last.step is not None
    unit = last.step / network.largest_value(last.sources[0].origin) / network.time_steps
    found = []
    for part, some in chunks(network, images):
        found.append(forward(network, some) * unit)
        progress(part.stop, len(images))
    return torch.from_numpy(np.concatenate(found).astype(np.float32))


def distillation_loss(logits: Tensor, labels: Tensor, taught: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """(1-w)·cross-entropy + w·τ²·KL(teacher ‖ student) at temperature τ."""
    student = functional.log_softmax(logits / TEMPERATURE, 1)
    teacher = functional.log_softmax(taught / TEMPERATURE, 1)
    divergence = functional.kl_div(student, teacher, log_target=True, reduction="batchmean")
    known = functional.cross_entropy(logits, labels, label_smoothing=label_smoothing)
    return (1 - WEIGHT) * known + WEIGHT * TEMPERATURE**2 * divergence
