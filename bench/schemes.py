"""Neurons and weights of the three papers on the same work: a set where only order in time tells classes apart.

python -m bench.schemes [--network NAME] [--dataset NAME] [--epochs N] [--runs DIR] [--only ROW] [--finished]
    [--output FILE]

The network ``moving`` on ``moving-digits`` with its own recipe, or another one, three seeds a row; weights by sums of
sigmoids start from the float32 run of the same seed. Killed at any time, the command goes on after the last whole
epoch. Writes ``build/schemes.json``; with ``--finished`` of the runs that there are, without training any.
"""

import argparse
import statistics
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from bench.entry import run
from mint import api
from mint.console import console, messages
from mint.report import write_json
from model import datasets
from model.accelerator.config import STREAMING
from model.accelerator.layer_plan import SKIP
from model.accelerator.overlap import response
from model.config import LEVELS, QUANTISERS, SIGMOIDS, Precision
from model.costs import footprint
from model.network.network import Network
from model.neurons import MemoryFree
from model.training.recipe import Recipe

SEEDS = (0, 1, 2)
LANES, IMAGES = 16, 32
WINDOWS = (1, 2, 4, 8)
OUTPUT = Path("build/schemes.json")


def neurons() -> dict[str, Precision]:
    """Membranes of 2, 4 and 8 bits, and windows of 1 to 8 time steps, learned and fixed; weights of 2 and 4 bits."""
    found: dict[str, Precision] = {}
    for weights in (2, 4):
        found |= {f"w{weights}, lif u{width}": Precision(weights, width) for width in (2, 4, 8)}
        for window in WINDOWS:
            for taps in ("learned", "fixed") if window > 1 else ("fixed",):
                found[f"w{weights}, memory-free k = {window}, {taps}"] = Precision(
                    weights, 0, neuron_family=MemoryFree.family, window=window, taps=taps
                )
    return found


def weights() -> dict[str, Precision]:
    """Every set of levels by either quantiser, with membranes of 4 bits."""
    return {
        f"{levels}, {quantiser}": Precision(width, 4, weight_code=code, quantiser=quantiser)
        for levels, (width, code) in LEVELS.items()
        for quantiser in QUANTISERS
    }


ROWS = {"float32": None} | neurons() | weights()


def recipe_of(usual: dict[str, Any], precision: Precision | None, seed: int, runs: Path) -> Recipe:
    """The network with its usual settings, but for those in ``usual``."""
    found = api.recipe(precision=precision, seed=seed, **usual)
    if precision is None or precision.quantiser != SIGMOIDS:
        return found
    initial = str(runs / recipe_of(usual, None, seed, runs).name)
    return api.recipe(precision=precision, seed=seed, initial=initial, **usual)


def measure(usual: dict[str, Any], name: str, runs: Path, finished: bool) -> dict[str, Any]:
    """Accuracy of the integers on the test images and share of spikes of every seed; cost of the first seed's."""
    precision = ROWS[name]
    found = []
    for seed in SEEDS:
        recipe = recipe_of(usual, precision, seed, runs)
        if finished and not (runs / recipe.name / "result.json").exists():
            continue
        found.append((seed, api.train(recipe, runs)))
    results = [trained.result for _, trained in found]
    densities = [one["history"][one["best_epoch"]]["density"].values() for one in results]
    row: dict[str, Any] = {
        "row": name,
        "seed": [seed for seed, _ in found],
        "test": [one["accuracy"]["test"] for one in results],
        "density": [statistics.mean(each) for each in densities],
    }
    if precision is None or not found:
        return row
    integers = api.read(found[0][1].bundle)
    images = datasets.for_network(datasets.load(recipe.dataset).test.images[:IMAGES])
    orders = (SKIP,) if integers.inputs.static else (SKIP, STREAMING)
    return row | {
        "differing": sum(one["accuracy"]["differing"] for one in results),
        "compared": sum(one["accuracy"]["compared_with_golden"] for one in results),
        "weights": footprint.weights(integers),
        **{dataflow: cost(integers, images, dataflow) for dataflow in orders},
    }


def cost(network: Network, images: NDArray[Any], dataflow: str) -> dict[str, float]:
    """Of an image: cycles and additions; bits of weights, and of what is kept of neurons between time steps, by a lane
    in ``skip``, in memories in ``streaming``; cycles from a time step's last input to its class."""
    found = api.estimate(network, images, lanes=LANES, lanes_per_neuron_unit=1, dataflow=dataflow)
    config = found.config
    kept = config.past_sums * config.accumulator_width or config.keeps * config.membrane_width
    if config.streaming:
        kept = config.history_bits + config.memory_bits["membranes"]
    return {
        "weight_bits": config.memory_bits["weights"],
        "kept_bits": kept,
        "cycles": float(found.cycles.mean()),
        "additions": float(sum(layer.additions.mean() for layer in found.layers)),
        **({"response_cycles": float(response(found).mean())} if config.streaming else {}),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Neurons and weights of the three papers on the same work.")
    parser.add_argument("--network", default="moving", help="of those that mint train knows")
    parser.add_argument("--dataset", help="without it, the network's own")
    parser.add_argument("--epochs", type=int, help="without it, the recipe's")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where runs are")
    parser.add_argument("--only", action="append", help="a row; several times for several")
    parser.add_argument("--finished", action="store_true", help="train nothing, report what there is")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="where the JSON report goes")
    chosen = parser.parse_args()
    asked = {"dataset": chosen.dataset, "epochs": chosen.epochs}
    usual = {"network": chosen.network} | {key: value for key, value in asked.items() if value is not None}
    rows = []
    for name in chosen.only or ROWS:
        row = measure(usual, name, chosen.runs, chosen.finished)
        rows.append(row)
        console.print(f"{name:40} {' / '.join(f'{one:.2f}' for one in row['test']) or 'no run'} %")
    write_json(chosen.output, usual | {"lanes": LANES, "rows": [row for row in rows if row["seed"]]})
    messages.print(f"written: {chosen.output}")


if __name__ == "__main__":
    run(main)
