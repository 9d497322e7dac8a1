"""One training run of a command: what it is made from, its folder, its progress and its report."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mint.console import console, messages
from mint.report import write_json
from model.training.named import builder

if TYPE_CHECKING:
    from model.config import Precision
    from model.datasets import Dataset
    from model.training.network import SpikingNetwork
    from model.training.recipe import Recipe


def checked_device(name: str) -> str:
    """``name`` if PyTorch has such a device here."""
    import torch

    from model.errors import require

    require(name in ("cpu", "cuda"), f"device {name!r} is not known; choose cpu or cuda")
    require(name == "cpu" or torch.cuda.is_available(), "PyTorch finds no CUDA device here; leave out --device")
    return name


def sources_of(recipe: "Recipe", data: "Dataset") -> str:
    """SHA-256 of the network's file, the teacher, the initial weights and a user's data set; empty without any."""
    import hashlib

    files = [Path(recipe.network.rpartition(":")[0])] if ":" in recipe.network else []
    files += [Path(recipe.teacher)] if recipe.teacher else []
    files += [Path(recipe.initial) / "best.safetensors"] if recipe.initial else []
    parts = [file.read_bytes() for file in files]
    parts += [data.provenance["dataset_sha256"].encode()] if "dataset_sha256" in data.provenance else []
    return hashlib.sha256(b"".join(parts)).hexdigest() if parts else ""


def built_for(recipe: "Recipe", data: "Dataset") -> "Callable[[Precision | None], SpikingNetwork]":
    """The function that makes the recipe's network for the images of ``data``."""
    channels, height, width = data.train.images.shape[-3:]
    return builder(
        recipe.network,
        width=recipe.width,
        time_steps=recipe.time_steps,
        input_shape=(channels, height, width),
        classes=data.classes,
        ends_bits=recipe.ends_bits,
    )


@contextmanager
def run_folder(folder: Path) -> "Iterator[Path]":
    """``folder``, in which no other training is at work until the end; if nothing was written, it does not stay."""
    from model.files.folders import locked
    from model.training import parallel

    if parallel.rank() > 0:  # the first process holds it for all
        yield folder
        return
    new = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder, f"{folder}: another training is at work in it; wait for it, or choose another with --run"):
        try:
            yield folder
        finally:
            with suppress(OSError):  # what holds a file stays
                for each in new:
                    each.rmdir()


def train_one(
    recipe: "Recipe",
    build: "Callable[[Precision | None], SpikingNetwork]",
    data: "Dataset",
    folder: Path,
    output: Path | None,
    device: str = "cpu",
) -> dict[str, Any]:
    """Train one seed, unless that is done, and report it; of several processes the first one reports."""
    import json
    import statistics

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from mint.commands.export import write_bundle
    from model.files.replacing import replacing
    from model.training import parallel
    from model.training.history import Epoch
    from model.training.train import Listener, Run, accuracy

    report = folder / "result.json"
    run = Run(recipe, build, data, folder, device)
    if parallel.rank() > 0:
        run.train(Listener())
        return {}
    done = len(run.history)
    if done == recipe.epochs and report.exists():
        messages.print(f"{recipe.name}: trained before, see {report}", soft_wrap=True)
        result: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
        if output is not None and recipe.precision is not None:
            with replacing(output) as temporary:
                temporary.write_bytes((folder / "bundle.safetensors").read_bytes())
        return result
    messages.print(f"{recipe.name}: {'going on after epoch ' + str(done) if done else 'starting'}, in {folder}")
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=messages, transient=True) as progress:
        task = progress.add_task("")

        def batch(index: int, total: int, loss: float) -> None:
            epoch = len(run.history) + 1
            progress.update(
                task, completed=index, total=total, description=f"epoch {epoch}/{recipe.epochs}  loss {loss:.3f}"
            )

        def taught(index: int, total: int) -> None:
            progress.update(task, completed=index, total=total, description="asking the teacher")

        judged = "of images seen" if recipe.refit else "validation"

        def epoch(entry: Epoch) -> None:
            density = ", ".join(f"{name} {100 * value:.1f} %" for name, value in entry.density.items())
            progress.console.print(
                f"epoch {entry.epoch + 1:3}  loss {entry.loss:.4f}  {judged} {entry.accuracy:.2f} %"
                f"  {entry.seconds:.0f} s  spikes: {density}",
                soft_wrap=True,
            )

        def warning(sentence: str) -> None:
            progress.console.print(f"warning: {sentence}", style="yellow", soft_wrap=True)

        run.train(Listener(batch, taught, epoch, warning))
    module = run.load_best()
    best = run.kept
    validation = None if recipe.refit else best["accuracy"]
    if recipe.precision is None:
        scores = {"validation": validation, "test": accuracy(module, data.test)}
    else:
        scores = write_bundle(recipe, module, data, validation, [folder / "bundle.safetensors", output])
    result = {
        "recipe": asdict(recipe),
        "accuracy": scores,
        "best_epoch": best["epoch"],
        "epoch_seconds": statistics.median(entry["seconds"] for entry in run.history),
        "history": run.history,
    }
    write_json(report, result)
    chosen = "no validation split" if recipe.refit else f"validation {validation:.2f} %"
    console.print(f"{recipe.name}: test {scores['test']:.2f} %, {chosen} (epoch {best['epoch'] + 1})")
    console.print(f"written: {report}", soft_wrap=True)
    return result
