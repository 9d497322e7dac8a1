"""What each member of the LIF family learns where only order in time tells classes apart.

python -m bench.leaks [--runs DIR] [--output FILE]

The network ``moving`` on ``moving-digits`` with its own recipe, weights and membranes of 4 bits, three seeds; a network
without memory gets half of the classes at most. Killed at any time, the command goes on after the last whole epoch.
Writes ``build/leaks.json``.
"""

import argparse
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.entry import run
from mint import api
from mint.console import console, messages
from mint.report import write_json
from model.config import Precision
from model.neurons.lif import Reset

WIDTH, SEEDS = 4, (0, 1, 2)
LEAKS = (0.5, 0.875, 1.0)
"""MINT's, a slow one, and none; of leak 0 there is one member, which keeps nothing."""
OUTPUT = Path("build/leaks.json")


def members() -> Iterator[Precision]:
    """MINT's first."""
    yield from (Precision(WIDTH, WIDTH, leak=leak, reset=reset) for leak in LEAKS for reset in Reset)
    yield Precision(WIDTH, 0, leak=0.0)


def measure(precision: Precision, runs: Path) -> dict[str, Any]:
    """Accuracy of the integers on the test images, and the share of neurons that spike, of every seed."""
    found = [api.train(api.recipe("moving", precision, seed=seed), runs).result for seed in SEEDS]
    densities = [one["history"][one["best_epoch"]]["density"].values() for one in found]
    return {
        "leak": precision.leak,
        "reset": precision.reset,
        "bits": [WIDTH, precision.membrane_width],
        "seed": SEEDS,
        "test": [one["accuracy"]["test"] for one in found],
        "density": [statistics.mean(each) for each in densities],
        "compared": sum(one["accuracy"]["compared_with_golden"] for one in found),
        "differing": sum(one["accuracy"]["differing"] for one in found),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="The LIF family where order in time matters.")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where runs are")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="where the JSON report goes")
    chosen = parser.parse_args()
    rows = []
    for precision in members():
        rows.append(measure(precision, chosen.runs))
        accuracy = " / ".join(f"{one:.2f}" for one in rows[-1]["test"])
        console.print(f"leak {precision.leak:<6g} reset {precision.reset:9} {accuracy} %")
    write_json(chosen.output, rows)
    messages.print(f"written: {chosen.output}")


if __name__ == "__main__":
    run(main)
