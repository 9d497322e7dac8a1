"""The configuration that training, golden model and hardware share.

Every width, range and latency of the project derives from the two objects here: a
:class:`Precision` names the codes of one layer, an :class:`ArrayConfig` one generated array.
"""

from dataclasses import dataclass
from itertools import product

from model.arithmetic import code_limit
from model.errors import require

WIDTHS = (2, 4, 8)
"""Widths in bits that weights and membranes can have."""

ACCUMULATOR_MARGIN = 13
"""Accumulator bits beyond the weight's when no network is at hand: a fan-in of 4,608 spikes."""

LARGEST_LEAK = 15
PIXEL_BITS = 8
PIXEL_SCALE = 1 << PIXEL_BITS
"""A pixel p in 0 ... 255 stands for the real input p / 256."""


@dataclass(frozen=True)
class Precision:
    """Bit widths of one layer: W for weights, U for stored membranes."""

    weight_width: int
    membrane_width: int

    def __post_init__(self) -> None:
        for name, width in (("weight", self.weight_width), ("membrane", self.membrane_width)):
            require(
                width in WIDTHS,
                f"a {name} width of {width} bits is not supported; choose one of {', '.join(map(str, WIDTHS))}",
            )

    @property
    def weight_limit(self) -> int:
        """Q of the weight codes -Q ... Q."""
        return code_limit(self.weight_width)

    @property
    def membrane_limit(self) -> int:
        """Q of the membrane codes -Q ... Q."""
        return code_limit(self.membrane_width)

    @property
    def accumulator_width(self) -> int:
        """Accumulator bits of an array that is built without a network."""
        return self.weight_width + ACCUMULATOR_MARGIN

    @property
    def bias_limit(self) -> int:
        """Bound on |B| that folding enforces: a quarter of the accumulator's range."""
        return (1 << (self.accumulator_width - 2)) - 1

    @property
    def threshold_limit(self) -> int:
        """Bound on the threshold that folding enforces by a floor on |g|: half of the range."""
        return (1 << (self.accumulator_width - 1)) - 1

    def __str__(self) -> str:
        return f"w{self.weight_width}u{self.membrane_width}"


@dataclass(frozen=True)
class Mode:
    """How a layer keeps membranes: their code's width and r."""

    membrane_width: int
    leak: int


PRECISIONS = tuple(Precision(*widths) for widths in product(WIDTHS, WIDTHS))
"""Every pair of widths."""
"""All pairs of widths."""
