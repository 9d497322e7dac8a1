"""Training asks nothing of the device that it runs on, between two looks at the loss.

PyTorch's ``meta`` device stands in for a GPU: whoever reads a value of its tensors, or mixes them with tensors of the
host, is refused, and what passes is what a GPU computes without the host ever waiting for it.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from model.config import Precision
from model.datasets import Dataset, Split
from model.training.distillation import Lesson
from model.training.layers import Branch, Conv, Join, Linear, MaxPool, Readout, SumPool
from model.training.network import SpikingNetwork
from model.training.recipe import usual
from model.training.train import Listener, Run

CLASSES, BATCHES, BATCH = 10, 3, 4
IMAGES = BATCHES * BATCH
MIXED = {"mixup": 0.2, "cutmix": 1.0}
TAUGHT = {"teacher": "a bundle", "membrane_loss": 1.0}


def network(precision: Precision | None, batch_norm: bool) -> SpikingNetwork:
    """A join of two branches, one with an identity, both kinds of pooling, a linear layer."""
    down, same = Branch(4, 3, padding=1), Branch(4, 1)
    layers = {
        "stem": Conv(2, 4, 3, padding=1, precision=precision, batch_norm=batch_norm),
        "halved": MaxPool(2),
        "conv": Conv(4, 4, 3, padding=1, precision=precision, batch_norm=batch_norm),
        "join": Join([down, same], 4, skip=True, precision=precision),
        "average": SumPool(6),
        "hidden": Linear(4, 6, precision=precision, batch_norm=batch_norm),
        "fc": Readout(6, CLASSES, precision=precision),
    }
    sources = {"join": ("conv", "halved", "halved")}
    return SpikingNetwork(layers, input_shape=(2, 12, 12), time_steps=3, sources=sources)


@pytest.fixture
def data() -> Dataset:
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (IMAGES, 2, 12, 12), np.uint8)
    split = Split(images, np.arange(IMAGES) % CLASSES)
    return Dataset("noise", split, split, split)


@pytest.mark.parametrize(
    ("batch_norm", "asked"),
    [
        pytest.param(True, MIXED, id="batch norm, mixed"),
        pytest.param(False, TAUGHT, id="taught"),
        pytest.param(True, TAUGHT, id="batch norm, taught", marks=pytest.mark.nightly),
        pytest.param(False, MIXED, id="mixed", marks=pytest.mark.nightly),
    ],
)
def test_an_epoch_reads_nothing_back(
    asked: dict[str, object], batch_norm: bool, data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With all layers, joins, pooling, losses and augmentation that there are."""
    looks: list[torch.Tensor] = []
    monkeypatch.setattr(Run, "_look", lambda self, epoch, total: looks.append(total) or 0.0)
    recipe = replace(usual("vgg9", "cifar10"), precision=Precision(2, 2), batch_size=BATCH, **asked)  # type: ignore[arg-type]
    run = Run(recipe, lambda precision: network(precision, batch_norm), data, tmp_path, "meta")
    images, labels = (torch.from_numpy(x).to("meta") for x in (data.train.images, data.train.labels))
    channels = len(list(run.module.spiking().values())[-1].weight)
    answers = torch.zeros(IMAGES, CLASSES), torch.zeros(IMAGES, channels)
    lesson = Lesson(*answers).to("meta") if "teacher" in asked else None

    run._epoch(0, run.module, images, labels, lesson, Listener())
    run.module.calibrate(*run._batches(0, images))

    assert len(looks) == 2 < BATCHES  # the first and the last
    assert all(look.is_meta for look in looks)
    assert all(parameter.grad is not None and parameter.grad.is_meta for parameter in run.module.parameters())
    assert all(layer.density is not None and layer.density.is_meta for layer in run.module.spiking().values())


def test_reading_back_is_found() -> None:
    """That the stand-in does refuse."""
    there = torch.zeros((), device="meta")
    for read in (there.item, there.cpu, there.numpy, lambda: bool(there > 0), lambda: float(there)):
        with pytest.raises((RuntimeError, TypeError)):
            read()
    with pytest.raises(RuntimeError, match="device"):
        torch.zeros(3, device="meta") + torch.zeros(3)
