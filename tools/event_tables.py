"""The tables of events."""

import statistics
from typing import Any

from tools.tables import Rows, table

PAIRED = "w4u4"
"""What the other rows of the folds are compared with."""


@table("watch", "watch", tools=("numpy",))
def watch(found: list[Any]) -> Rows:
    """The class after each window of T time steps, and how far ahead it is."""
    rows: list[list[object]] = [["network", "time steps", "class", "label", "its logit", "the next"]]
    for run in found:
        names = run["class_names"]
        for each in run["windows"]:
            label = None if each["label"] is None else names[each["label"]]
            start = each["end"] - run["time_steps"] + 1
            steps = f"{start} – {each['end']}"
            rows.append([run["network"], steps, names[each["class"]], label, f"{each['logit']:,}", f"{each['next']:,}"])
    return rows


@table("folds", "folds", tools=("torch",))
def folds(found: list[Any]) -> Rows:
    """Recordings that are classified right in the folds, and the difference from :data:`PAIRED` fold by fold."""
    (run,) = found
    shares = {
        row["row"]: {
            fold: 100 * correct / images
            for fold, correct, images in zip(row["fold"], row["correct"], row["images"], strict=True)
        }
        for row in run["rows"]
    }
    rows: list[list[object]] = [["weights, neuron", "right", "%", "each fold, %", "against w4u4, points", "differ"]]
    for row in run["rows"]:
        share, images = shares[row["row"]], sum(row["images"])
        each = " / ".join(f"{share[fold]:.1f}" if fold in share else "–" for fold in range(1, run["folds"] + 1))
        paired = [share[fold] - known for fold, known in shares.get(PAIRED, {}).items() if fold in share]
        against = None
        if row["row"] != PAIRED and paired:
            spread = f" ± {statistics.stdev(paired):.1f}" if len(paired) > 1 else ""
            against = f"{round(statistics.mean(paired), 1) + 0.0:+.1f}{spread}"  # no -0.0
        right = f"{sum(row['correct']):,} of {images:,}"
        percent = f"{100 * sum(row['correct']) / images:.1f}"
        differ = f"{row['differing']} of {row['compared']:,}" if row["compared"] else "–"
        rows.append([row["row"], right, percent, each, against, differ])
    return rows
