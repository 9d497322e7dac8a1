"""What helps at 2 bits: parts of a recipe, each alone, then on top of those that did, on a reduced problem.

python -m bench.ablation [--data-dir DIR] [--table NAME] [--finished]

VGG-9 with ⅛ of its channels on CIFAR-10 at 16 × 16 pixels (the mean of each 2 × 2, rounded), 6,400 training images,
eight epochs in all unless the row says otherwise, three seeds; accuracy of the integers on 2,500 validation images,
best epoch. A teacher is the same network with 8 bits, seed 0, trained alike. Runs and a result each are in
``build/ablation``: killed at any time, the command goes on after the last whole epoch; ``--finished`` trains nothing
and reports what there is. One thread. Without ``--table`` it makes ``rows`` and ``together``, in
``build/ablation.json``; another table is in ``build/ablation-NAME.json``.
"""

import argparse
import json
import statistics
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bench.entry import run
from mint.console import console, messages
from mint.report import write_json
from model import datasets
from model.config import Precision
from model.network import bundle
from model.training.export import to_network
from model.training.history import Epoch
from model.training.recipe import Recipe
from model.training.session import built_for, run_folder, sources_of
from model.training.spiking import Weighted
from model.training.train import Listener, Run

TRAINING_IMAGES, VALIDATION_IMAGES, SEEDS = 6400, 2500, (0, 1, 2)
FOLDER = Path("build/ablation")
BASELINE = Recipe("vgg9", "cifar10", Precision(2, 2), epochs=8, width=1 / 8, warmup=1, augment=2)
EIGHT: dict[str, Any] = {"precision": Precision(8, 8)}
FOUR: dict[str, Any] = {"precision": Precision(4, 4)}
ALONE: dict[str, tuple[dict[str, Any], ...]] = {
    "baseline": ({},),
    "loss of every time step": ({"step_loss": 1.0},),
    "8-bit teacher, logits and membranes": ({"teacher": "teacher", "membrane_loss": 1.0},),
    "8 bits, then 4, then 2": ({**EIGHT, "epochs": 2}, {**FOUR, "epochs": 2}, {"epochs": 4}),
    "label smoothing 0.1": ({"label_smoothing": 0.1},),
    "r searched after 2 epochs": ({"leak_search": 2},),
}
"""What each row changes; of several runs each starts from the one before it."""
KEPT: dict[str, Any] = {"step_loss": 1.0, "leak_search": 2}
MEASURED: dict[str, Any] = {"statistics_batches": 10}
FASTER: dict[str, Any] = {"learning_rate": 0.0057}
TOGETHER: dict[str, tuple[dict[str, Any], ...]] = {
    "loss of every time step, r searched": (KEPT,),
    "and statistics measured on 10 batches": (KEPT | MEASURED,),
    "and learning rate 0.0057": (KEPT | FASTER,),
    "and both": (KEPT | MEASURED | FASTER,),
}
RECIPE: dict[str, Any] = KEPT | MEASURED | FASTER
INITIAL_STEP, INITIAL_WEIGHTS = "initial_step", "initial_weights"
"""No fields of a recipe: factors of every layer's first step, and of its first weights with their step."""
GAP: dict[str, tuple[dict[str, Any], ...]] = {
    "kept recipe, w2u2": (RECIPE,),
    **{f"w{w}u{u}": (RECIPE | {"precision": Precision(w, u)},) for w, u in ((4, 4), (8, 8), (2, 8), (8, 2))},
    "float32": (RECIPE | {"precision": None, "leak_search": 0},),
    "first and last layer 8 bits": (RECIPE | {"ends_bits": 8},),
    "batch 64, learning rate 0.004": (RECIPE | {"batch_size": 64, "learning_rate": 0.004},),
    "batch 32, learning rate 0.0028": (RECIPE | {"batch_size": 32, "learning_rate": 0.0028},),
    "16 epochs, r searched after 4": (RECIPE | {"epochs": 16, "leak_search": 4},),
    "initial step × 0.7": (RECIPE | {INITIAL_STEP: 0.7},),
    "initial step × 1.4": (RECIPE | {INITIAL_STEP: 1.4},),
    "8-bit teacher, logits": (RECIPE | {"teacher": "gap-teacher"},),
    "mixup 0.2": (RECIPE | {"mixup": 0.2},),
    "cutmix 1": (RECIPE | {"cutmix": 1.0},),
    "r not searched": (RECIPE | {"leak_search": 0},),
    "running statistics": (RECIPE | {"statistics_batches": 0},),
    "initial weights × 0.7": (RECIPE | {INITIAL_WEIGHTS: 0.7},),
    "initial weights × 1.4": (RECIPE | {INITIAL_WEIGHTS: 1.4},),
}
TABLES = {"rows": ALONE, "together": TOGETHER, "gap": GAP}
TEACHERS: dict[str, dict[str, Any]] = {"teacher": EIGHT, "gap-teacher": RECIPE | EIGHT}
"""What the rows' teachers change."""


def halved(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The mean of every 2 × 2 pixels, rounded half up."""
    n, channels, height, width = images.shape
    sums = images.reshape(n, channels, height // 2, 2, width // 2, 2).sum((3, 5), np.uint16)
    return ((sums + 2) >> 2).astype(np.uint8)


def reduced(data: datasets.Dataset) -> datasets.Dataset:
    """The first images of the training and the validation split, and the test split, which is not used, halved."""
    counts = (data.train, TRAINING_IMAGES), (data.validation, VALIDATION_IMAGES), (data.test, None)
    train, validation, test = (
        datasets.Split(halved(split.images[:count]), split.labels[:count]) for split, count in counts
    )
    return datasets.Dataset(data.name, train, validation, test)


def train(
    recipe: Recipe, data: datasets.Dataset, folder: Path, initial_step: float = 1.0, initial_weights: float = 1.0
) -> Run:
    """Train what is missing of a run, whose first steps, and weights with their steps, are so many times the usual."""
    recipe = replace(recipe, sources=sources_of(recipe, data))

    def epoch(entry: Epoch) -> None:
        messages.print(f"{folder.name}: epoch {entry.epoch + 1} of {recipe.epochs}, {entry.accuracy:.2f} %")

    with run_folder(folder):
        run = Run(recipe, built_for(recipe, data), data, folder)
        if not run.history and (initial_step, initial_weights) != (1, 1):
            for layer in run.module.children():
                if isinstance(layer, Weighted) and layer.precision is not None:
                    with torch.no_grad():
                        layer.weight.mul_(initial_weights)
                    quantiser: Any = layer.quantiser
                    quantiser.rescale(torch.tensor(initial_step * initial_weights))
        run.train(Listener(epoch=epoch))
    return run


def taught(teacher: str, data: datasets.Dataset) -> str:
    """The bundle of a teacher, which is trained if it is not there."""
    path = FOLDER / f"{teacher}.safetensors"
    if not path.exists():
        run = train(replace(BASELINE, **TEACHERS[teacher]), data, FOLDER / teacher)
        bundle.write(to_network(run.load_best(), name="teacher"), path)
    return str(path)


def file_of(table: str, row: str, seed: int) -> Path:
    """Where the result of one row and seed is."""
    return FOLDER / f"{table.removesuffix('s')}{list(TABLES[table]).index(row)}-seed{seed}.json"


def measure(table: str, row: str, seed: int, data: datasets.Dataset) -> dict[str, Any]:
    """Validation accuracy of one row's best epoch, and r of every layer."""
    path = file_of(table, row, seed)
    before = None
    for stage, changes in enumerate(TABLES[table][row]):
        folder = path.with_name(f"{path.stem}-stage{stage}")
        fields = {**changes, "seed": seed, "initial": before}
        factors = fields.pop(INITIAL_STEP, 1.0), fields.pop(INITIAL_WEIGHTS, 1.0)
        if "teacher" in fields:
            fields["teacher"] = taught(fields["teacher"], data)
        run = train(replace(BASELINE, **fields), data, folder, *factors)
        before = str(folder)
    accuracy = max(entry["accuracy"] for entry in run.history)
    layers = run.load_best().spiking().values()
    leaks = [layer.leak for layer in layers if layer.precision is not None]
    found = {"row": row, "seed": seed, "accuracy": accuracy, "leaks": leaks}
    write_json(path, found)
    return found


def ablate(tables: Sequence[str], data: datasets.Dataset) -> None:
    """All rows and seeds of some tables."""
    for table in tables:
        for seed in SEEDS:  # a row that is bad at the first seed is seen early
            for row in TABLES[table]:
                found = measure(table, row, seed, data)
                messages.print(f"{row}, seed {seed}: {found['accuracy']:.2f} %")


def finished(table: str) -> list[dict[str, Any]]:
    """What there is of each row, seeds in order; a row without any is left out."""
    rows = []
    for row in TABLES[table]:
        paths = [path for path in (file_of(table, row, seed) for seed in SEEDS) if path.exists()]
        runs = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
        if runs:
            rows.append({"row": row, **{key: [run[key] for run in runs] for key in ("seed", "accuracy", "leaks")}})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description="What helps at 2 bits, on a reduced problem.")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--table", choices=TABLES)
    parser.add_argument("--finished", action="store_true", help="Train nothing; report what there is.")
    arguments = parser.parse_args()
    tables = [arguments.table] if arguments.table else ["rows", "together"]
    if not arguments.finished:
        torch.set_num_threads(1)
        ablate(tables, reduced(datasets.load("cifar10", arguments.data_dir)))
    found = {table: finished(table) for table in tables}
    for row in (row for rows in found.values() for row in rows):
        accuracy = " / ".join(f"{one:.2f}" for one in row["accuracy"])
        console.print(f"{row['row']:36} {statistics.mean(row['accuracy']):.2f} %: {accuracy}")
    output = FOLDER.with_name(f"{FOLDER.name}-{arguments.table}.json" if arguments.table else f"{FOLDER.name}.json")
    write_json(output, {"training_images": TRAINING_IMAGES, "validation_images": VALIDATION_IMAGES, **found})


if __name__ == "__main__":
    run(main)
