"""The widths that the command line names: a shorthand for a weight code and a neuron."""

from dataclasses import dataclass
from itertools import product

from model.codes import Narrow
from model.errors import require
from model.neurons import Lif

WIDTHS = (2, 4, 8)
"""Widths in bits that the command line has for weights and membranes."""

PIXEL_BITS = 8
PIXEL_SCALE = 1 << PIXEL_BITS
"""A pixel p in 0 ... 255 stands for the real input p / 256."""


@dataclass(frozen=True)
class Precision:
    """W bits of ``narrow`` weights, U bits of a stored ``lif`` membrane."""

    weight_width: int
    membrane_width: int

    def __post_init__(self) -> None:
        for name, width in (("weight", self.weight_width), ("membrane", self.membrane_width)):
            require(
                width in WIDTHS,
                f"a {name} width of {width} bits is not supported; choose one of {', '.join(map(str, WIDTHS))}",
            )

    @property
    def code(self) -> Narrow:
        """The weights' code."""
        return Narrow(self.weight_width)

    def lif(self, r: int = 1) -> Lif:
        """The neuron, with the membranes' unit 2^r."""
        return Lif(self.membrane_width, r)

    def __str__(self) -> str:
        return f"w{self.weight_width}u{self.membrane_width}"


PRECISIONS = tuple(Precision(*widths) for widths in product(WIDTHS, WIDTHS))
"""Every pair of widths."""
"""All pairs of widths."""
