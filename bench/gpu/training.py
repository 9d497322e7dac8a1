"""A run that ends when the clock says so, with a network that is finished: the schedule is a function of the time."""

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bench.gpu.batches import Batches
from bench.gpu.clock import Clock
from bench.gpu.log import Log
from bench.gpu.state import Store
from bench.gpu.step import Step
from model.datasets import Dataset, Split
from model.errors import UserError, require
from model.training.leak_search import search_leaks
from model.training.loss import Loss
from model.training.network import SpikingNetwork
from model.training.networks import Size, named
from model.training.recipe import Recipe
from model.training.reduced import allow_tf32, other_integers
from model.training.train import densities, health, keep_freed_memory

LOOK_STEPS = 16
"""Steps between two looks at the clock and the loss; the host waits for a GPU only there. On the CPU it is each one."""
CHECKPOINT_SECONDS = 60.0
EVALUATION_BATCH = 250
LEAST_RESERVE = 3.0
"""Seconds for writing files, and for what else was not measured."""
CAUTION = 1.5
"""How much longer than measured the end may take."""


@dataclass
class Progress:
    """Where a run is: whole epochs, steps of the next one, seconds of training, whether r was searched."""

    epoch: int = 0
    step: int = 0
    seconds: float = 0.0
    searched: bool = False


def rate(recipe: Recipe, share: float) -> float:
    """Learning rate at a share of the run: the recipe's, rising for its warm-up and then a cosine to 0."""
    warm = recipe.warmup / recipe.epochs
    if share < warm:
        return recipe.learning_rate * max(share, warm / 100) / warm
    return recipe.learning_rate * (1 + math.cos(math.pi * (share - warm) / (1 - warm))) / 2


def build(recipe: Recipe, data: Dataset) -> SpikingNetwork:
    """The recipe's network for the images of ``data``, from its seed."""
    _, channels, height, width = data.train.images.shape
    torch.manual_seed(recipe.seed)
    shape, classes = (channels, height, width), int(data.train.labels.max()) + 1
    size = Size(recipe.precision, recipe.width, shape, classes, recipe.time_steps, recipe.ends_bits)
    return named(recipe.network, size)


@torch.no_grad()
def logits(module: SpikingNetwork, images: NDArray[np.uint8], device: str) -> NDArray[np.int64]:
    """Integer logits [N, classes] in evaluation mode."""
    was_training = module.training
    module.eval()
    found = []
    for start in range(0, len(images), EVALUATION_BATCH):
        part = torch.from_numpy(np.array(images[start : start + EVALUATION_BATCH])).to(device)
        found.append(module(part.contiguous(memory_format=torch.channels_last)).cpu())
    module.train(was_training)
    return torch.cat(found).double().round().long().numpy()


def percent(module: SpikingNetwork, split: Split, device: str) -> float:
    """Share of ``split`` that is right; ties go to the lowest class."""
    return 100 * float((logits(module, split.images, device).argmax(1) == split.labels).mean())


class Training:
    """One run of the queue, from its start or from what ``store`` holds.

    It has what is left of the clock, less what its end needs, which is measured. Its share done is that of its seconds,
    those before a kill included, or of the recipe's epochs if these come first.
    """

    def __init__(
        self, name: str, recipe: Recipe, data: Dataset, store: Store, clock: Clock, log: Log, device: str
    ) -> None:
        self.name, self.recipe, self.data, self.store = name, recipe, data, store
        self.clock, self.log, self.device = clock, log, device
        keep_freed_memory()
        self.module = build(recipe, data).to(device)
        allow_tf32(self.module)
        torch.backends.cudnn.benchmark = True
        on_gpu = device != "cpu"
        learning_rate = torch.tensor(recipe.learning_rate, device=device) if on_gpu else recipe.learning_rate
        self.optimiser = torch.optim.AdamW(
            self.module.parameters(),
            learning_rate,
            weight_decay=recipe.weight_decay,
            capturable=on_gpu,
            fused=on_gpu,
        )
        images, labels = (torch.from_numpy(np.array(x)) for x in (data.train.images, data.train.labels))
        self.images, self.labels = images.to(device), labels.to(device)
        self.batches = Batches(images, labels, recipe, device)
        require(self.batches.steps > 0, f"{len(images)} images make no batch of {recipe.batch_size}; lower the batch")
        self.step = Step(self.module, Loss(recipe, self.module), self.optimiser, self.batches, log)
        self.progress = Progress()
        self.history: list[dict[str, Any]] = []
        self.validation: list[dict[str, float]] = []
        if store.index["run"] == name:
            self._resume()
        else:
            self.module.calibrate(self._first_batch())
        self.module.train()

    def _resume(self) -> None:
        notes = self.store.read(self.module, self.optimiser)
        require(notes["recipe"] == asdict(self.recipe), f"{self.store.folder} holds {self.name} by another recipe")
        self.progress = Progress(**notes["progress"])
        self.history, self.validation = notes["history"], notes["validation"]
        self.step.total.fill_(notes["loss"])
        self.log(f"going on after {self.progress.epoch} epochs and {self.progress.step} steps")

    def _save(self) -> None:
        entry = {"seconds": self.progress.seconds, "accuracy": percent(self.module, self.data.validation, self.device)}
        self.validation.append(entry)
        notes = {
            "recipe": asdict(self.recipe),
            "progress": asdict(self.progress),
            "history": self.history,
            "validation": self.validation,
            "loss": float(self.step.total),
        }
        form = self.store.write(self.name, self.module, self.optimiser, notes)
        self.log(f"validation {entry['accuracy']:.2f} %; state: {form}")

    def _first_batch(self) -> torch.Tensor:
        return self.images[: self.recipe.batch_size].contiguous(memory_format=torch.channels_last)

    def check_device(self) -> None:
        """That the device computes the CPU's integers, if need be without TensorFloat-32."""
        if self.device == "cpu":
            return
        batch = self._first_batch()
        wrong = other_integers(self.module, batch)
        if wrong:
            self.log(f"layer {wrong} has other sums than the CPU's: without TensorFloat-32 from here on")
            allow_tf32(self.module, allowed=False)
            self.step.forget()
            wrong = other_integers(self.module, batch)
        require(not wrong, f"layer {wrong}: {self.device} computes other sums than the CPU")

    def _reserve(self) -> float:
        """Seconds that the end needs: statistics, two splits and the files."""
        percent(self.module, self.data.validation, self.device)  # the first pass chooses kernels
        started = self.clock.now()
        percent(self.module, self.data.validation, self.device)
        each = (self.clock.now() - started) / len(self.data.validation)
        training = 4 * each * self.recipe.batch_size * self.recipe.statistics_batches
        return LEAST_RESERVE + CAUTION * (each * (len(self.data.validation) + len(self.data.test)) + training)

    def train(self) -> None:
        """Until the time is up or the recipe's epochs are done."""
        self.check_device()
        reserve = self._reserve()
        began, before = self.clock.now(), self.progress.seconds
        total = before + self.clock.seconds - began - reserve
        require(total > before, f"no time is left to train {self.name}; give more --minutes")
        self.log(f"{self.name}: {total - before:.0f} s of training, {reserve:.1f} s for the end")
        saved = before
        table = self.batches.table(self.progress.epoch)
        while (share := self._share(total)) < 1:
            if not self.progress.searched and 0 < self.recipe.leak_search <= share * self.recipe.epochs:
                self._search()
            size = min(LOOK_STEPS if self.step.on_gpu else 1, self.batches.steps - self.progress.step)
            chosen = rate(self.recipe, share)
            for place in table[self.progress.step : self.progress.step + size]:
                self.step(place, chosen)
            self.progress.step += size
            loss = self._look()
            self.progress.seconds = before + self.clock.lap() - began
            if self.progress.step == self.batches.steps:
                self._end_epoch(loss)
                table = self.batches.table(self.progress.epoch)
            if self.progress.seconds - saved >= CHECKPOINT_SECONDS:
                saved = self.progress.seconds
                self._save()

    def _share(self, total: float) -> float:
        done = self.progress.epoch + self.progress.step / self.batches.steps
        return max(self.progress.seconds / total, done / self.recipe.epochs)

    def _search(self) -> None:
        before = [layer.leak for layer in self.module.spiking().values()]
        search_leaks(self.module, self.images, self.labels, self.recipe.batch_size)
        after = [layer.leak for layer in self.module.spiking().values()]
        self.progress.searched = True
        self.step.forget()
        self.log(f"r of the layers: {before} before, {after} after the search")

    def _look(self) -> float:
        """Mean loss of the epoch so far; waits for the device."""
        loss = float(self.step.total) / self.progress.step
        if not math.isfinite(loss):
            raise UserError(f"{self.name}: the loss is {loss} in epoch {self.progress.epoch + 1}; lower the rate")
        return loss

    def _end_epoch(self, loss: float) -> None:
        self.step.total.zero_()
        density = densities(self.module)
        entry = {"epoch": self.progress.epoch, "loss": loss, "seconds": self.progress.seconds, "density": density}
        self.history.append(entry)
        self.progress = replace(self.progress, epoch=self.progress.epoch + 1, step=0)
        self.log(f"epoch {self.progress.epoch}: loss {loss:.4f}")
        for sentence in health(self.module):
            self.log(f"warning: {sentence}")

    def finish(self) -> tuple[dict[str, Any], NDArray[np.int64]]:
        """Measure batch norm's statistics, validate, and ask once for the test images' logits."""
        table = self.batches.table(self.recipe.epochs)[: self.recipe.statistics_batches]
        self.module.calibrate(*(self.batches.take(place)[0] for place in table))
        self.module.eval()
        self.check_device()
        validation = percent(self.module, self.data.validation, self.device)
        found = logits(self.module, self.data.test.images, self.device)
        test = 100 * float((found.argmax(1) == self.data.test.labels).mean())
        epochs = self.progress.epoch + self.progress.step / self.batches.steps
        seconds = self.progress.seconds / epochs
        self.log(f"{self.name}: validation {validation:.2f} %, test {test:.2f} %, {seconds:.2f} s per epoch")
        return {
            "recipe": {**asdict(self.recipe), "epochs": round(epochs)},
            "accuracy": {"validation": validation, "test": test},
            "epochs": epochs,
            "epoch_seconds": seconds,
            "training_seconds": self.progress.seconds,
            "history": self.history,
            "validation": self.validation,
        }, found
