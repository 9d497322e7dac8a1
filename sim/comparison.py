"""What the RTL put out against the golden model, number by number, and the first difference by name."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.host import Outcome

Arrays = dict[str, NDArray[Any]]


@dataclass
class Comparison:
    """Counts, and a sentence about the first difference."""

    comparisons: int = 0
    mismatches: int = 0
    first: str | None = None

    def neurons(self, image: int, layer: str, golden: Arrays, outcome: Outcome) -> None:
        """Compare a layer's [T, C, H, W]; without the retire port there are only spikes to compare."""
        pairs = {
            name: (golden[f"{layer}.{key}"][:, image].astype(np.int64), found.astype(np.int64))
            for name, key, found in (
                ("H", "potential", outcome.potential),
                ("the spike", "spikes", outcome.spikes),
                ("U", "membrane", outcome.membrane),
            )
            if found is not None
        }
        self.comparisons += sum(expected.size for expected, _ in pairs.values())
        differ = np.stack([expected != found for expected, found in pairs.values()], axis=-1)
        self.mismatches += int(differ.sum())
        if differ.any() and self.first is None:
            step, channel, row, column, kind = map(int, np.argwhere(differ)[0])
            name, (expected, found) = list(pairs.items())[kind]
            place = step, channel, row, column
            self.first = (
                f"image {image}, layer {layer}, step {step}, channel {channel}, position ({row}, {column}): "
                f"{name} is {found[place]}, expected {expected[place]}"
            )

    def logits(self, image: int, layer: str, golden: Arrays, found: NDArray[np.int64]) -> None:
        """Compare the last layer's sums [classes]."""
        expected = golden["logits"][image]
        differ = np.flatnonzero(expected != found)
        self.comparisons += len(found)
        self.mismatches += len(differ)
        if len(differ) and self.first is None:
            channel = int(differ[0])
            self.first = (
                f"image {image}, layer {layer}, all steps, channel {channel}, position (0, 0): "
                f"the logit is {found[channel]}, expected {expected[channel]}"
            )
