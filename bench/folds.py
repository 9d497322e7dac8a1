"""N-MNIST's recordings in five folds, each tested once: neurons and weights of the three papers on events.

python -m bench.folds [--data-dir DIR] [--runs DIR] [--only NAME] [--fold N] [--finished] [--output FILE]

The network ``nmnist`` with its own recipe, trained on four folds and kept after the last epoch: no recording of the
fifth chooses anything. A fold is every fifth recording of a class, by MNIST's number. Weights by sums of sigmoids start
from the float32 run of the same folds. Killed at any time, the command goes on after the last whole epoch. Writes
``build/folds.json``; with ``--finished`` of the runs that there are, without training any.
"""

import argparse
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.entry import run
from mint import api
from mint.console import console, messages
from mint.report import write_json
from model import datasets
from model.config import LEARNED_STEP, LEVELS, SIGMOIDS, Precision
from model.datasets import Dataset
from model.neurons import MemoryFree
from model.training.recipe import Recipe

FOLDS = 5
NETWORK = "nmnist"
OUTPUT = Path("build/folds.json")


def binary(quantiser: str) -> Precision:
    """Weights of one bit, membranes of four."""
    width, code = LEVELS["binary"]
    return Precision(width, 4, weight_code=code, quantiser=quantiser)


ROWS = {
    "float32": None,
    "w4u4": Precision(4, 4),
    "w4, memory-free k = 4": Precision(4, 0, neuron_family=MemoryFree.family, window=4),
    "binary u4, learned step": binary(LEARNED_STEP),
    "binary u4, sigmoids": binary(SIGMOIDS),
}


def folds_of(data: Dataset) -> np.ndarray:
    """The fold of each recording of all splits together: the place in its class, modulo :data:`FOLDS`."""
    labels = (data.train + data.validation + data.test).labels
    place = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        chosen = labels == label
        place[chosen] = np.arange(chosen.sum())
    return place % FOLDS


def fold_of(data: Dataset, number: int, validation: int | None = None) -> Dataset:
    """The set with fold ``number`` as test split, and another one, the next unless named, as validation split."""
    everything, fold = data.train + data.validation + data.test, folds_of(data)
    next_one = (number + 1) % FOLDS if validation is None else validation
    chosen = (fold != number) & (fold != next_one), fold == next_one, fold == number
    train, held_out, test = map(everything.where, chosen)
    digest = hashlib.sha256(f"{data.provenance['recordings_sha256']} {number} {next_one}".encode()).hexdigest()
    provenance = data.provenance | {"split": f"fold {number + 1} of {FOLDS}", "recordings_sha256": digest}
    return replace(data, train=train, validation=held_out, test=test, provenance=provenance)


def recipe_of(precision: Precision | None, runs: Path) -> Recipe:
    """The network's usual settings, trained on all of four folds."""
    recipe = api.recipe(NETWORK, precision, refit=True)
    if precision is None or precision.quantiser != SIGMOIDS:
        return recipe
    return api.recipe(NETWORK, precision, refit=True, initial=str(runs / recipe_of(None, runs).name))


def measure(name: str, data: Dataset, root: Path, folds: Sequence[int], finished: bool) -> dict[str, Any]:
    """Recordings of each fold that the integers classify right, by a network that was trained on the others."""
    row: dict[str, Any] = {"row": name, "fold": [], "images": [], "correct": [], "differing": 0, "compared": 0}
    for number in (fold - 1 for fold in folds):
        runs = root / f"fold{number + 1}"
        recipe = recipe_of(ROWS[name], runs)
        if finished and not (runs / recipe.name / "result.json").exists():
            continue
        part = fold_of(data, number)
        accuracy = api.train(recipe, runs, data=part).result["accuracy"]
        row["fold"].append(number + 1)
        row["images"].append(len(part.test))
        row["correct"].append(round(accuracy["test"] * len(part.test) / 100))
        row["differing"] += accuracy.get("differing", 0)
        row["compared"] += accuracy.get("compared_with_golden", 0)
        console.print(f"{name:26} fold {number + 1}: {row['correct'][-1]} of {row['images'][-1]}", soft_wrap=True)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description="N-MNIST's recordings in five folds, each tested once.")
    parser.add_argument("--data-dir", type=Path, help="folder of the recordings; also the variable MINT_DATA")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where runs are, a folder for each fold")
    parser.add_argument("--only", action="append", choices=ROWS, help="a row; several times for several")
    parser.add_argument("--fold", action="append", type=int, choices=range(1, FOLDS + 1), help="the same of folds")
    parser.add_argument("--finished", action="store_true", help="train nothing, report what there is")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="where the JSON report goes")
    chosen = parser.parse_args()
    framing = api.recipe(NETWORK, None).framing
    data = datasets.load("n-mnist", chosen.data_dir, framing=framing)
    messages.print(data.note, soft_wrap=True)
    folds = chosen.fold or range(1, FOLDS + 1)
    rows = [measure(name, data, chosen.runs, folds, chosen.finished) for name in chosen.only or ROWS]
    write_json(chosen.output, {"folds": FOLDS, "rows": [row for row in rows if row["fold"]]})
    messages.print(f"written: {chosen.output}")


if __name__ == "__main__":
    run(main)
