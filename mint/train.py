"""``mint train``: from images to a bundle."""

import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mint.console import console, messages
from mint.options import DataDir, MembraneWidth, WeightWidth
from mint.report import write_json

if TYPE_CHECKING:
    from model.config import Precision
    from model.datasets import Dataset
    from model.training.network import SpikingNetwork
    from model.training.train import Recipe


USUAL = {"digits": (12, 1e-2)}
"""Epochs and learning rate where a set is so small that the usual ones teach little."""


def builder(name: str) -> "Callable[[Precision | None], SpikingNetwork]":
    """The function that makes a network: one of ours by name, or ``file.py:Name``."""
    import importlib.util

    from model.config import ConfigError
    from model.training.networks import Size, named

    if ":" not in name:
        return lambda precision: named(name, Size(precision))
    path, _, attribute = name.rpartition(":")
    spec = importlib.util.spec_from_file_location(Path(path).stem, path)
    if not Path(path).is_file() or spec is None or spec.loader is None:
        raise ConfigError(f"{path}: no such Python file; give --network file.py:Name")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ConfigError(f"{path}: it cannot be imported: {type(error).__name__}: {error}") from error
    found: Any = getattr(module, attribute, None)
    if not callable(found):
        raise ConfigError(f"{path}: it defines no function {attribute!r}; give --network file.py:Name")
    return found


def sources_of(network: str, teacher: Path | None) -> str:
    """SHA-256 of the files that a run is made from besides the project's own; empty without any."""
    import hashlib

    files = [Path(network.rpartition(":")[0])] if ":" in network else []
    files += [teacher] if teacher else []
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest() if files else ""


def train(
    weight_width: WeightWidth = 4,
    membrane_width: MembraneWidth = 4,
    network: Annotated[
        str | None,
        typer.Option(
            "--network",
            metavar="NAME",
            help="pooled, fashion, digits, or your own as file.py:Name.",
            show_default="fashion with 2-bit weights, else pooled",
        ),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            "--dataset", metavar="NAME", help="fashion-mnist, mnist or digits; digits for the network digits."
        ),
    ] = None,
    data_dir: DataDir = None,
    epochs: Annotated[
        int | None,
        typer.Option("--epochs", min=1, help="Passes over the training split.", show_default="15, digits 12"),
    ] = None,
    learning_rate: Annotated[
        float | None,
        typer.Option("--learning-rate", min=0, help="Of AdamW; cosine to 0.", show_default="0.002, digits 0.01"),
    ] = None,
    batch_size: Annotated[int, typer.Option("--batch-size", min=1, help="Images a step.")] = 128,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same network.")] = 0,
    seeds: Annotated[
        int, typer.Option("--seeds", min=1, help="Train this many seeds, from --seed on; prints mean and s.d.")
    ] = 1,
    augment: Annotated[
        int | None,
        typer.Option("--augment", min=0, metavar="PIXELS", help="Mirror images and move them by up to this."),
    ] = None,
    teacher: Annotated[
        Path | None,
        typer.Option(
            "--teacher", metavar="BUNDLE", help="A trained bundle whose logits are learned beside the labels."
        ),
    ] = None,
    float32: Annotated[bool, typer.Option("--float32", help="Train the unquantised network, for comparison.")] = False,
    run: Annotated[
        Path | None, typer.Option("--run", metavar="DIR", help="Folder of the runs.", show_default="runs")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where the first seed's bundle goes as well.")
    ] = None,
) -> None:
    """Train a network with quantised weights and membranes, and write its bundle.

    The epoch that is best on the validation split is kept; the test split is used once, at the end. Ctrl-C or a
    kill loses at most one epoch: the same command goes on where it stopped and ends in the same result.
    """
    import statistics
    from dataclasses import replace

    from model import datasets
    from model.config import Precision, require
    from model.training.train import Recipe

    require(
        not (float32 and output), "a float32 network has no integers, so no bundle; leave out --float32 or --output"
    )
    precision = None if float32 else Precision(weight_width, membrane_width)
    network = network or ("fashion" if precision and precision.weight_width == 2 else "pooled")
    build = builder(network)
    name = dataset or ("digits" if network == "digits" else "fashion-mnist")
    data = datasets.load(name, data_dir)
    root = run or Path("runs")
    usual = USUAL.get(network, (15, 2e-3))
    results = []
    for number in range(seed, seed + seeds):
        rate = usual[1] if learning_rate is None else learning_rate
        recipe = Recipe(network, name, precision, epochs or usual[0], batch_size, rate)
        recipe = replace(recipe, seed=number, augment=augment, teacher=str(teacher) if teacher else None)
        recipe = replace(recipe, sources=sources_of(network, teacher))
        results.append(train_one(recipe, build, data, root / recipe.name, output if number == seed else None))
    if seeds > 1:
        accuracies = [result["accuracy"]["test"] for result in results]
        mean, deviation = statistics.mean(accuracies), statistics.stdev(accuracies)
        label = recipe.name.rpartition("-seed")[0]
        console.print(f"{label}: {mean:.2f} ± {deviation:.2f} % of the test split, {seeds} seeds")
        report = {"mean": mean, "standard_deviation": deviation, "accuracies": accuracies, "runs": results}
        write_json(root / f"{label}-seeds.json", report)
        console.print(f"written: {root / f'{label}-seeds.json'}", soft_wrap=True)


def train_one(
    recipe: "Recipe",
    build: "Callable[[Precision | None], SpikingNetwork]",
    data: "Dataset",
    folder: Path,
    output: Path | None,
) -> dict[str, Any]:
    """Train one seed, unless that is done, and report it."""
    import json

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from mint.export import write_bundle
    from model.training.train import Epoch, Listener, Run, accuracy

    report = folder / "result.json"
    run = Run(recipe, build, data, folder)
    done = len(run.history)
    if done == recipe.epochs and report.exists():
        messages.print(f"{recipe.name}: trained before, see {report}", soft_wrap=True)
        result: dict[str, Any] = json.loads(report.read_text())
        if output is not None and recipe.precision is not None:
            output.parent.mkdir(parents=True, exist_ok=True)
            output.write_bytes((folder / "bundle.safetensors").read_bytes())
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

        def epoch(entry: Epoch) -> None:
            density = ", ".join(f"{name} {100 * value:.1f} %" for name, value in entry.density.items())
            progress.console.print(
                f"epoch {entry.epoch + 1:3}  loss {entry.loss:.4f}  validation {entry.accuracy:.2f} %"
                f"  {entry.seconds:.0f} s  spikes: {density}",
                soft_wrap=True,
            )

        def warning(sentence: str) -> None:
            progress.console.print(f"warning: {sentence}", style="yellow", soft_wrap=True)

        run.train(Listener(batch, taught, epoch, warning))
    module = run.load_best()
    best = max(run.history, key=lambda entry: float(entry["accuracy"]))
    scores = {"validation": best["accuracy"]}
    if recipe.precision is None:
        scores["test"] = accuracy(module, data.test)
    else:
        scores["test"] = write_bundle(
            recipe, module, data, scores["validation"], [folder / "bundle.safetensors", output]
        )
    result = {"recipe": asdict(recipe), "accuracy": scores, "best_epoch": best["epoch"], "history": run.history}
    write_json(report, result)
    console.print(
        f"{recipe.name}: test {scores['test']:.2f} %, "
        f"validation {scores['validation']:.2f} % (epoch {best['epoch'] + 1})"
    )
    console.print(f"written: {report}", soft_wrap=True)
    return result
