"""What hardware put out against the golden model, number by number, and the first difference by name.

One checker for processing element, neuron unit, array and network: a comparison is of values that have
names, at a place that has a name. A sentence about a difference has both, and the two numbers::

    tile 3, step 1, row 2, column 0: H is -17, expected -16
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

Values = Mapping[str, ArrayLike]

POTENTIAL, SPIKE, MEMBRANE = "H", "the spike", "U"
"""What the retire port says about a neuron, as sentences call it."""


def expect(holds: bool, sentence: str) -> None:
    """Fail with ``sentence`` alone: of a rewritten assert, a report's last line is the expression."""
    if not holds:
        raise AssertionError(sentence)


def neuron(potential: ArrayLike, spike: ArrayLike, membrane: ArrayLike) -> Values:
    """What retires, of one neuron or of many."""
    return {POTENTIAL: potential, SPIKE: spike, MEMBRANE: membrane}


@dataclass
class Checker:
    """Counts, and a sentence about the first difference."""

    comparisons: int = 0
    mismatches: int = 0
    first: str | None = None

    def compare(self, place: str, expected: Values, found: Values) -> None:
        """Compare the values ``found`` with those ``expected``, element by element, of any width.

        All are of one shape; ``place`` has a pair of braces for each axis, which takes an element's index. What
        was not found, because the hardware does not show it, is not compared.
        """
        names = list(found)
        pairs = [(np.asarray(expected[name]), np.asarray(found[name])) for name in names]
        for name, (wanted, shown) in zip(names, pairs, strict=True):
            if wanted.shape != shown.shape:
                raise ValueError(f"{place}: {name} has shape {shown.shape}, expected {wanted.shape}")
        differ = np.stack([np.not_equal(*pair) for pair in pairs], axis=-1)
        self.comparisons += differ.size
        if not differ.any():
            return
        self.mismatches += int(differ.sum())
        if self.first is None:
            *index, which = map(int, np.argwhere(differ)[0])
            expected_number, number = (values[tuple(index)] for values in pairs[which])
            self.first = f"{place.format(*index)}: {names[which]} is {number}, expected {expected_number}"

    def require(self) -> None:
        """Fail with the first difference."""
        expect(self.first is None, self.first or "")


def check(place: str, expected: Values, found: Values) -> None:
    """Compare, and fail at once."""
    checker = Checker()
    checker.compare(place, expected, found)
    checker.require()
