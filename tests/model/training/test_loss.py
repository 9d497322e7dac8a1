"""The loss: of every time step, and what a teacher adds."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from model import datasets
from model.config import Precision
from model.errors import UserError
from model.golden.network import forward
from model.network import bundle
from model.training.distillation import Lesson, ask
from model.training.export import to_network
from model.training.loss import Loss
from model.training.networks import digits
from model.training.train import Listener, Run
from tests.model.training.runs import RECIPE

pytestmark = pytest.mark.usefixtures("one_thread")


def test_a_bundle_teaches_logits_and_membranes(tmp_path: Path, data: datasets.Dataset) -> None:
    recipe = replace(RECIPE, epochs=2)
    first = Run(recipe, digits, data, tmp_path / "teacher")
    first.train(Listener())
    module = first.load_best()
    path = tmp_path / "teacher.safetensors"
    bundle.write(to_network(module), path)
    losses = {first.history[0]["loss"]}
    questions: list[int] = []
    for weight in (0.0, 1.0):
        taught = Run(replace(recipe, teacher=str(path), membrane_loss=weight), digits, data, tmp_path / f"{weight}")
        taught.train(Listener(teacher=lambda done, total: questions.append(done)))
        losses.add(taught.history[0]["loss"])
    assert len(losses) == 3

    images = data.train.images[:20]
    lesson = ask(path, images, lambda done, total: None)
    assert questions == sorted(set(questions))  # the second run found the first one's answers
    (kept,) = tmp_path.glob("lesson-*.safetensors")
    asked = Lesson.read(kept)
    assert asked is not None
    assert torch.equal(asked.logits[:20], lesson.logits)
    assert torch.equal(asked.potentials[:20], lesson.potentials)
    kept.write_bytes(kept.read_bytes()[:-1])  # cut short, so asked again
    assert Lesson.read(kept) is None
    assert torch.equal(taught._lesson(Listener()).logits, asked.logits)
    observed = module.observe(torch.from_numpy(images.copy()))
    unit = float(to_network(module).layers[-1].step or 0) / module.time_steps
    torch.testing.assert_close(lesson.logits, observed["logits"] * unit)
    thresholds = module.spiking()["conv1"].folded().threshold
    torch.testing.assert_close(lesson.potentials, (observed["conv1.potential"].mean((0, 3, 4)) / thresholds).float())

    recipe = replace(recipe, teacher=str(path), membrane_loss=3.0)
    loss = Loss(recipe, module.train())
    pupil = module(torch.from_numpy(images.copy()))
    far = Lesson(lesson.logits, module.spiking()["conv1"].potential.detach() + 0.5)
    same = Lesson(lesson.logits, module.spiking()["conv1"].potential.detach())
    labels = torch.from_numpy(data.train.labels[:20].copy())
    assert (loss(pupil, labels, far) - loss(pupil, labels, same)).item() == pytest.approx(3 * 0.5**2, rel=1e-3)
    with pytest.raises(UserError, match="the teacher's last spiking layer has 4 channels, the network's 16"):
        loss(pupil, labels, Lesson(lesson.logits, lesson.potentials[:, :4]))


def test_the_loss_of_every_time_step(data: datasets.Dataset) -> None:
    torch.manual_seed(0)
    module = digits(Precision(4, 4))
    images, labels = torch.from_numpy(data.train.images[:32].copy()), torch.from_numpy(data.train.labels[:32].copy())
    mean = module(images)
    loss = Loss(replace(RECIPE, step_loss=0.25), module)
    logits = module(images)
    assert logits.shape == (4, 32, 10)
    torch.testing.assert_close(logits.mean(0), mean)
    steps = torch.stack([functional.cross_entropy(step, labels) for step in logits])
    assert steps.std().item() > 0
    torch.testing.assert_close(
        loss(logits, labels, None), 0.75 * functional.cross_entropy(mean, labels) + 0.25 * steps.mean()
    )
    shares = functional.one_hot(labels, 10).float()  # as a mixture of two images has them
    torch.testing.assert_close(loss(logits, shares, None), loss(logits, labels, None))
    module.eval()
    assert np.array_equal(module(images).detach().numpy(), forward(to_network(module), data.train.images[:32]))
