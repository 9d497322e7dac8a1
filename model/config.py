"""The widths that the command line names: a shorthand for a weight code and a neuron."""

from dataclasses import dataclass, field
from itertools import product

from model.codes import CODES, Narrow, WeightCode
from model.errors import require
from model.neurons import NEURONS, Lif, Neuron

WIDTHS = (2, 4, 8)
"""Widths in bits of which areas, clocks and proofs are reported; codes and neurons have others too."""


@dataclass(frozen=True)
class Precision:
    """W bits of weights in a code, U bits of a neuron's stored membrane, its leak and reset: both by their names."""

    weight_width: int
    membrane_width: int
    weight_code: str = field(default=Narrow.name, kw_only=True)
    neuron_family: str = field(default=Lif.family, kw_only=True)
    leak: float = field(default=Lif.leak, kw_only=True)
    reset: str = field(default=Lif.reset, kw_only=True)

    def __post_init__(self) -> None:
        for name, known, what in (
            (self.weight_code, CODES, "weight code"),
            (self.neuron_family, NEURONS, "neuron"),
        ):
            require(name in known, f"{what} {name!r}; choose one of {', '.join(known)}")
        _ = self.code, self.neuron()  # which refuse a width that they have not

    @property
    def code(self) -> WeightCode:
        """The weights' code."""
        return CODES[self.weight_code].of(self.weight_width)

    def lif(self, r: int = 1) -> Lif:
        """The neuron where it is of that family."""
        return Lif(self.membrane_width, r, self.leak, self.reset)

    def lifs(self, *rs: int) -> tuple[Lif, ...]:
        """Several of them."""
        return tuple(map(self.lif, rs))

    def neuron(self, r: int = 1) -> Neuron:
        """The neuron, with the membranes' unit 2^r."""
        fields = {"membrane_width": self.membrane_width, "r": r, "leak": self.leak, "reset": self.reset}
        return NEURONS[self.neuron_family].of(fields)

    def __str__(self) -> str:
        others = (
            (self.weight_code, Narrow.name),
            (self.neuron_family, Lif.family),
            (f"leak{self.leak:g}", f"leak{Lif.leak:g}"),
            (self.reset, Lif.reset),
        )
        named = [name for name, usual in others if name != usual]
        return "-".join([f"w{self.weight_width}u{self.membrane_width}", *named])


PRECISIONS = tuple(Precision(*widths) for widths in product(WIDTHS, WIDTHS))
"""Every pair of them."""
