"""Training asks nothing of the device that it runs on, between two looks at the loss.

PyTorch's ``meta`` device stands in for a GPU: whoever reads a value of its tensors, or mixes them with tensors of the
host, is refused, and what passes is what a GPU computes without the host ever waiting for it.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mint.networks import builder
from model.config import Precision
from model.datasets import Dataset, Split
from model.training import neuron
from model.training.distillation import Lesson
from model.training.recipe import usual
from model.training.train import Listener, Run

CLASSES, BATCHES, BATCH = 10, 3, 4
IMAGES = BATCHES * BATCH
MIXED = {"mixup": 0.2, "cutmix": 1.0}
TAUGHT = {"teacher": "a bundle", "membrane_loss": 1.0}


@pytest.fixture
def data() -> Dataset:
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (IMAGES, 3, 32, 32), np.uint8)
    split = Split(images, np.arange(IMAGES) % CLASSES)
    return Dataset("noise", split, split, split)


@pytest.mark.parametrize(
    ("name", "asked"),
    [("vgg9", MIXED), ("vgg9-plain", TAUGHT), ("resnet19", {})],
    ids=["batch norm, mixed images", "no batch norm, taught", "joins"],
)
def test_an_epoch_reads_nothing_back(
    name: str, asked: dict[str, object], data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neuron, "_fused", lambda steps: steps)  # nothing can be compiled for meta
    looks: list[torch.Tensor] = []
    monkeypatch.setattr(Run, "_look", lambda self, epoch, total: looks.append(total) or 0.0)
    recipe = replace(usual(name, "cifar10", 0.125), precision=Precision(2, 2), batch_size=BATCH, time_steps=2, **asked)  # type: ignore[arg-type]
    build = builder(name, width=0.125, time_steps=2, input_shape=(3, 32, 32), classes=CLASSES)
    run = Run(recipe, build, data, tmp_path, "meta")
    for layer in run.module.spiking().values():
        layer.leak = 3  # a first batch is waited for: r follows from it
    images, labels = (torch.from_numpy(x).to("meta") for x in (data.train.images, data.train.labels))
    channels = len(list(run.module.spiking().values())[-1].weight)
    lesson = (
        Lesson(torch.zeros(IMAGES, CLASSES), torch.zeros(IMAGES, channels)).to("meta") if "teacher" in asked else None
    )

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
        with pytest.raises((RuntimeError, NotImplementedError, TypeError)):
            read()
    with pytest.raises(RuntimeError, match="device"):
        torch.zeros(3, device="meta") + torch.zeros(3)
