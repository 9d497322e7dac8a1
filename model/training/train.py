"""The training loop: back-propagation through time, one checkpoint an epoch, resumable to the same result."""

import copy
import ctypes
import hashlib
import math
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from model.config import Precision
from model.datasets import Dataset, Split, for_network
from model.errors import UserError, require
from model.training import checkpoint, parallel
from model.training.augmentation import augment, mix
from model.training.distillation import Lesson, ask
from model.training.export import to_network
from model.training.history import Epoch, write_csv
from model.training.leak_search import search_leaks
from model.training.loss import Loss
from model.training.network import SpikingNetwork
from model.training.progressive import start_from
from model.training.recipe import Recipe
from model.training.reduced import allow_tf32, other_integers

WRITTEN = ("log.csv", "result.json", "bundle.safetensors")
"""What the folder of a run has besides its checkpoints."""

EVALUATION_BATCH = 100
LOOK_BATCHES = 16
"""How often a GPU's loss is looked at, so that the host does not wait for every batch; a CPU's is each time."""

EARLY_BATCH = 50
"""Batches after which dead and saturated layers are looked for the first time."""

DEAD, SATURATED = 0.001, 0.9
"""Spike densities at which a layer carries no information."""


@dataclass
class Listener:
    """Whom the loop tells: a progress bar, a log."""

    begin: Callable[[int], None] = lambda epochs: None
    """Before the first batch: how many epochs are done already."""
    batch: Callable[[int, int, float], None] = lambda done, total, loss: None
    teacher: Callable[[int, int], None] = lambda done, total: None
    epoch: Callable[[Epoch], None] = lambda epoch: None
    warning: Callable[[str], None] = lambda sentence: None
    compared: Callable[[int, int], None] = lambda done, total: None
    """After the last epoch: test images on which the integers were compared with the golden model's."""


def keep_freed_memory() -> None:
    """Tell glibc to keep what is freed: a third of an epoch went into page faults of large tensors."""
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            m_mmap_threshold, m_trim_threshold = -3, -1
            mallopt(m_mmap_threshold, 32 << 20)
            mallopt(m_trim_threshold, (1 << 31) - 1)


def _tensors(split: Split) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(np.array(split.images)), torch.from_numpy(np.array(split.labels))


@torch.no_grad()
def accuracy(module: SpikingNetwork, split: Split, device: str = "cpu") -> float:
    """Percent of ``split`` that evaluation mode gets right; ties go to the lowest class."""
    was_training = module.training
    module.eval()
    images, labels = _tensors(split)
    correct = 0
    for start in range(0, len(labels), EVALUATION_BATCH):
        part = slice(start, start + EVALUATION_BATCH)
        # On the CPU argmax gives the lowest index of a maximum, as the law wants.
        correct += int((module(for_network(images[part]).to(device)).cpu().argmax(1) == labels[part]).sum())
    module.train(was_training)
    return 100 * correct / len(labels)


def densities(module: SpikingNetwork) -> dict[str, float]:
    """What share of each layer's neurons spikes, of layers whose neurons do."""
    return {name: float(layer.density) for name, layer in module.spiking().items() if layer.density is not None}


def health(module: SpikingNetwork) -> list[str]:
    """A sentence for each layer that is dead, saturated or held back by its limits."""
    found = []
    for name, layer in module.spiking().items():
        density = float(layer.density) if layer.density is not None else math.nan
        if density < DEAD:
            found.append(f"layer {name} is dead: {100 * density:.2f} % of its neurons spike")
        elif density > SATURATED:
            found.append(f"layer {name} is saturated: {100 * density:.0f} % of its neurons spike")
        if layer.folding is not None and layer.folding.floored + layer.folding.limited > 0:
            found.append(
                f"layer {name}: {layer.folding.floored} gains and {layer.folding.limited} biases are at their limit"
            )
    return found


class Run:
    """One training run in a folder: ``last.safetensors`` to go on from, ``best.safetensors`` of the best validation.

    Parameters
    ----------
    recipe : Recipe
    build : function that makes the untrained network
    dataset : Dataset
    folder : Path
        Where the checkpoints are; a run of the same recipe that was interrupted goes on from there.
    """

    def __init__(
        self,
        recipe: Recipe,
        build: Callable[[Precision | None], SpikingNetwork],
        dataset: Dataset,
        folder: Path,
        device: str = "cpu",
    ) -> None:
        self.recipe, self.dataset, self.folder, self.device = recipe, dataset, folder, device
        self.split = dataset.train + dataset.validation if recipe.refit else dataset.train
        require(
            1 <= recipe.batch_size <= len(self.split),
            f"batches of {recipe.batch_size} from {len(self.split)} images; choose 1 to {len(self.split)}",
        )
        torch.manual_seed(recipe.seed)
        self.module = self._build(build).to(device)
        self.loss = Loss(recipe, self.module)
        self.optimiser = torch.optim.AdamW(
            self.module.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        self.history: list[dict[str, Any]] = []
        if self.last.exists():
            self._resume()
            return
        self._check_folder()
        if recipe.initial is not None:
            start_from(Path(recipe.initial), self.module)

    def _build(self, build: Callable[[Precision | None], SpikingNetwork]) -> SpikingNetwork:
        """Make the network, and find out on two images of noise, before any training, whether it can be exported."""
        name, data = self.recipe.network, self.dataset
        try:
            module = build(self.recipe.precision)
        except UserError:
            raise
        except Exception as error:  # whatever a user's file does
            what = f"{type(error).__name__}: {error}"
            raise UserError(f"network {name}: it cannot be made from a precision: {what}") from error
        require(
            isinstance(module, SpikingNetwork),
            f"network {name}: it is a {type(module).__name__}; return a SpikingNetwork of our layers",
        )
        shape, inputs = list(data.train.images.shape[1:]), module.inputs.kind
        takes = [*inputs.steps(module.time_steps), *module.input_shape]
        require(
            shape == takes and inputs.takes(data.inputs),
            f"{data.name} has {data.inputs} {shape}, network {name} takes {inputs} {takes}; "
            "choose another network, or another set with --dataset",
        )
        require(
            inputs.static or (not self.recipe.mixup and not self.recipe.cutmix),
            f"{data.name} has {data.inputs}, and mixtures are of pixels; leave them out",
        )
        trial = copy.deepcopy(module)
        for layer, child in trial.named_children():
            child.register_forward_hook(lambda *_, layer=layer: reached.append(layer))
        reached: list[str] = []
        noise = torch.randint(0, inputs.largest + 1, (2, *shape), generator=torch.Generator().manual_seed(0))
        state = torch.get_rng_state()
        try:
            logits = trial(for_network(noise))
        except (RuntimeError, TypeError, ValueError, IndexError) as error:
            after = f"after layer {reached[-1]}" if reached else "at its first layer"
            raise UserError(f"network {name} does not run {after}: {str(error).splitlines()[0]}") from error
        torch.set_rng_state(state)
        require(
            logits.dim() == 2 and logits.shape[1] >= data.classes,
            f"network {name} gives {list(logits.shape[1:])} logits; {data.name} has {data.classes} classes",
        )
        if self.recipe.precision is not None:
            to_network(trial.eval())
        self.classes = logits.shape[1]
        return module

    @property
    def last(self) -> Path:
        return self.folder / "last.safetensors"

    @property
    def best(self) -> Path:
        return self.folder / "best.safetensors"

    def _notes(self) -> dict[str, Any]:
        return {"recipe": asdict(self.recipe), "history": self.history}

    def _resume(self) -> None:
        tensors, notes = checkpoint.read(self.last)
        self._check_recipe(notes)
        checkpoint.restore(tensors, self.module, self.optimiser)
        self.history = notes["history"]

    def _check_folder(self) -> None:
        """Where there is nothing to go on from, only a run that was killed in its first epoch has written files."""
        if self.best.exists():
            self._check_recipe(checkpoint.read(self.best)[1])
            return
        for name in WRITTEN:
            path = self.folder / name
            require(
                not path.exists(), f"{path} is in the way, and no training wrote it; choose another folder with --run"
            )

    def _check_recipe(self, notes: dict[str, Any]) -> None:
        # A run of an earlier release lacks fields that came later; it had what is now their default.
        earlier = {field.name: field.default for field in fields(Recipe) if field.default is not MISSING}
        found = {**earlier, **notes["recipe"]}
        if found["precision"] is not None:
            found["precision"] = asdict(Precision(**found["precision"]))
        require(
            found == asdict(self.recipe),
            f"{self.folder} holds a run with other settings, network, teacher or data; "
            "remove it or choose another folder with --run",
        )

    def train(self, listener: Listener) -> None:
        """Train the epochs that are missing; where there are several processes, the first one writes."""
        if len(self.history) == self.recipe.epochs:
            return
        soft, searched = self.module.soft_epochs(self.recipe.epochs), self.recipe.leak_search
        require(
            not 0 < searched < soft,
            f"--leak-search {searched}: weights are no levels before epoch {soft}, where leaks are chosen anew; "
            f"give {soft} or more",
        )
        keep_freed_memory()
        images, labels = (x.to(self.device) for x in _tensors(self.split))
        lesson = self._lesson(listener).to(self.device) if self.recipe.teacher is not None else None
        module = parallel.wrap(self.module)
        allow_tf32(self.module)
        torch.backends.cudnn.deterministic = True  # a run that goes on ends in the same result
        if self.history:
            self._check_device(parallel.share(images[: self.recipe.batch_size]))
        for epoch in range(len(self.history), self.recipe.epochs):
            started = time.perf_counter()
            if 0 < epoch == self.module.soft_epochs(self.recipe.epochs):
                self.module.forget_leaks()  # the first batch of hard steps chooses them
            if epoch > 0 and epoch == self.recipe.leak_search:
                self.module.start_epoch(epoch, self.recipe.epochs)  # a run that goes on searches with the same steps
                search_leaks(self.module, images, labels, self.recipe.batch_size)
            loss = self._epoch(epoch, module, images, labels, lesson, listener)
            self.module.calibrate(*self._batches(epoch, images))
            if epoch == 0:
                self._check_device(parallel.share(images[: self.recipe.batch_size]))
            density = densities(self.module)
            for sentence in health(self.module):
                listener.warning(sentence)
            entry = Epoch(
                epoch=epoch,
                loss=loss,
                accuracy=accuracy(self.module, self.dataset.validation, self.device),
                seconds=time.perf_counter() - started,
                density=density,
            )
            soft = self.module.soft_epochs(self.recipe.epochs)  # none of which is kept
            better = self.recipe.refit or all(entry.accuracy > earlier["accuracy"] for earlier in self.history[soft:])
            better = better and epoch >= soft
            self.history.append(asdict(entry))
            if parallel.rank() == 0:
                if better:
                    checkpoint.write(self.best, self.module, None, self._notes())
                checkpoint.write(self.last, self.module, self.optimiser, self._notes())
                write_csv(self.folder / "log.csv", self.history)
            listener.epoch(entry)

    def _lesson(self, listener: Listener) -> Lesson:
        """What the teacher says of the split: minutes to hours of a processor, so kept for all runs beside this one."""
        teacher = Path(self.recipe.teacher or "")
        require(teacher.is_file(), f"{teacher}: no such file; name the teacher's bundle with --teacher")
        digest = hashlib.sha256(teacher.read_bytes())
        digest.update(np.ascontiguousarray(self.split.images))
        path = self.folder.parent / f"lesson-{digest.hexdigest()[:16]}.safetensors"
        with parallel.first_alone():
            lesson = Lesson.read(path)
            if lesson is None:
                lesson = ask(teacher, for_network(self.split.images), listener.teacher)
                lesson.write(path)
        return lesson

    def _batches(self, epoch: int, images: Tensor) -> Iterator[Tensor]:
        """This process's shares of random training batches on which statistics are measured after ``epoch``."""
        recipe = self.recipe
        normalised = any(layer.batch_norm for layer in self.module.spiking().values())
        generator = torch.Generator().manual_seed(recipe.seed * 10007 + epoch)
        for _ in range(recipe.statistics_batches if normalised else 0):
            part = torch.randint(len(images), (recipe.batch_size,), generator=generator)
            batch = images[part.to(self.device, non_blocking=True)]
            batch = batch if recipe.augment is None else augment(batch, recipe.augment, generator)
            yield for_network(parallel.share(batch))

    def _epoch(
        self,
        epoch: int,
        module: nn.Module,
        images: Tensor,
        labels: Tensor,
        lesson: Lesson | None,
        listener: Listener,
    ) -> float:
        """One pass over the training split in an order that depends on seed and epoch only."""
        recipe = self.recipe
        generator = torch.Generator().manual_seed(recipe.seed * 10007 + epoch)
        torch.manual_seed(recipe.seed * 10007 + epoch)  # what Dropout leaves out, in a run that goes on too
        order = torch.randperm(len(labels), generator=generator).to(self.device)
        batches = len(labels) // recipe.batch_size
        self.module.train()
        self.module.start_epoch(epoch, recipe.epochs)
        total = torch.zeros((), dtype=torch.float64, device=self.device)
        for index in range(batches):
            for group in self.optimiser.param_groups:
                group["lr"] = recipe.rate(epoch * batches + index, batches)
            part = order[index * recipe.batch_size : (index + 1) * recipe.batch_size]
            batch = images[part]
            if recipe.augment is not None:
                batch = augment(batch, recipe.augment, generator)
            target = labels[part]
            if recipe.mixup or recipe.cutmix:
                batch, target = mix(batch, target, self.classes, recipe.mixup, recipe.cutmix, generator)
            batch, target, part = (parallel.share(x) for x in (batch, target, part))
            loss = self.loss(module(for_network(batch)), target, lesson.of(part) if lesson else None)
            total += parallel.total(loss.detach())
            if self.device == "cpu" or index % LOOK_BATCHES == 0 or index == batches - 1:
                mean = self._look(epoch, total / (index + 1))
                listener.batch(index + 1, batches, mean)
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
            if epoch == 0 and index == EARLY_BATCH:
                for sentence in health(self.module):
                    listener.warning(sentence)
        return mean

    def _check_device(self, batch: Tensor) -> None:
        """That a GPU computes the CPU's integers, if need be without TensorFloat-32; r must be known."""
        if self.device == "cpu" or self.recipe.precision is None:
            return
        wrong = other_integers(self.module, batch)
        if wrong:
            allow_tf32(self.module, allowed=False)
            wrong = other_integers(self.module, batch)
        require(not wrong, f"layer {wrong}: {self.device} computes other sums than the CPU; train on the CPU")

    def _look(self, epoch: int, total: Tensor) -> float:
        """The loss, which is waited for; refuses to go on with what is not finite, by the name of its layer."""
        loss = total.item() / parallel.processes()
        self.module.inputs.check()
        for name, layer in self.module.spiking().items():
            if layer.folding is not None and not bool(layer.folding.finite):
                raise UserError(
                    f"layer {name} has diverged in epoch {epoch + 1}: its step is 0, or it or batch norm not finite; "
                    "lower the learning rate"
                )
        if not math.isfinite(loss):
            raise UserError(f"the loss is {loss} in epoch {epoch + 1}: {self._exploding()}; lower the learning rate")
        return loss

    def _exploding(self) -> str:
        found = (name for name, value in self.module.named_parameters() if not bool(torch.isfinite(value).all()))
        layers = dict.fromkeys(name.partition(".")[0] for name in found)
        return f"layer {', '.join(layers)} has exploded" if layers else "no single layer has exploded"

    @property
    def kept(self) -> dict[str, Any]:
        """The epoch with the best validation accuracy, the first of equals; after a refit the last one."""
        kept = self.history[self.module.soft_epochs(self.recipe.epochs) :]
        return kept[-1] if self.recipe.refit else max(kept, key=lambda entry: float(entry["accuracy"]))

    def load_best(self) -> SpikingNetwork:
        """The network of the kept epoch, in evaluation mode on the CPU."""
        tensors, _ = checkpoint.read(self.best)
        checkpoint.restore(tensors, self.module)
        return self.module.cpu().eval()
