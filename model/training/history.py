"""What the epochs of a run came to."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.files.replacing import replacing


@dataclass
class Epoch:
    """One epoch; ``accuracy`` in percent on the validation split, of the integers."""

    epoch: int
    loss: float
    accuracy: float
    seconds: float
    density: dict[str, float]


def write_csv(path: Path, history: Sequence[dict[str, Any]]) -> None:
    """Write a line per epoch, with the share of neurons that spike in each layer, whole or not at all."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for entry in history:
        values = {key: value for key, value in entry.items() if key != "density"}
        values |= {f"density_{name}": value for name, value in entry["density"].items()}
        if entry is history[0]:
            writer.writerow(values)
        writer.writerow(values.values())
    with replacing(path) as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8")
