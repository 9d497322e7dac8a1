"""The tables of training."""

import statistics
from collections.abc import Sequence
from typing import Any

from tools.tables import Rows, table


def _spread(values: Sequence[float]) -> str:
    return f"{statistics.mean(values):.2f} ± {statistics.stdev(values):.2f}"


@table("ablation", "ablation", tools=("torch",))
def ablation(found: list[Any]) -> Rows:
    """Mean and standard deviation over seeds, and of the difference from the baseline of the same seed."""
    (run,) = found
    rows: list[list[object]] = [["row", "seeds", "validation, %", "each seed", "against the baseline"]]
    baseline = run["rows"][0]["accuracy"]
    for row in run["rows"]:
        accuracy = row["accuracy"]
        difference = [mine - base for mine, base in zip(accuracy, baseline, strict=True)]
        each = " / ".join(f"{one:.2f}" for one in accuracy)
        against = None if row is run["rows"][0] else _spread(difference)
        rows.append([row["row"], len(accuracy), _spread(accuracy), each, against])
    return rows


@table("race", "race", tools=("torch",))
def race(found: list[Any]) -> Rows:
    """Medians of a step, as seconds an epoch, and how many times ours."""
    (run,) = found
    rows: list[list[object]] = [
        ["", "seconds an epoch", "times ours", "processor seconds a step", "times ours, processor time"]
    ]
    for name, one in run["results"].items():
        times = one["times_ours"]
        rows.append(
            [
                name,
                f"{one['epoch_seconds']:.1f}",
                f"{times['wall_seconds']:.2f}",
                f"{one['processor_seconds']:.3f}",
                f"{times['processor_seconds']:.2f}",
            ]
        )
    return rows
