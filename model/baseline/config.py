"""The configuration of the baseline: an array with scales, and so with multipliers.

The law is vanilla uniform quantisation (UQ): weights, old membrane and new membrane have scales of their own, so
that every neuron update takes three products (:mod:`model.baseline.law`).
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from model.array import ArrayConfig
from model.config import Precision
from model.errors import require

SCALE_BITS = 32
"""Bits of a scale in the arrays that MINT is compared with (arXiv 2305.09850): a 32 x 32 multiplier."""

PRODUCTS = 3
"""Products of one neuron update, one per cycle: of the sum, of the old membrane, of the potential."""


class UqAction(IntEnum):
    """What the array does after a beat."""

    ACCUMULATE = 0
    """Nothing: the next beat follows."""
    FIRE = 1
    """Update every neuron; the membranes stay for the next time step."""
    FIRE_LAST = 2
    """Update every neuron; ends the tile."""


class Shifts(NamedTuple):
    """Fraction bits of the three fixed-point scales: M stands for M / 2^shift; below 0, it shifts to the left."""

    weight: int
    membrane: int
    output: int


def full_scale_shifts(precision: Precision, accumulator_width: int, scale_bits: int) -> Shifts:
    """The shifts with which sums, membranes and potentials of all their bits meet scales of all their bits."""
    potential_width = max(scale_bits, accumulator_width)
    return Shifts(
        weight=scale_bits + accumulator_width - potential_width,
        membrane=scale_bits + precision.membrane_width - potential_width,
        output=scale_bits + potential_width - precision.membrane_width,
    )


@dataclass(frozen=True, kw_only=True)
class UqConfig:
    """One generated array of the baseline.

    Parameters
    ----------
    precision : Precision
        Widths of weights and membranes.
    rows, columns : int
        Neurons at a time: rows are output positions, columns are output channels.
    accumulator_width : int
        Bits of accumulators and biases (two's complement).
    scale_bits : int
        Bits of a scale (not negative).
    shared : bool
        Whether the neurons of a column share a multiplier; otherwise every processing element has one.
    shifts : tuple of Shifts
        The fixed points that the array supports; a tile selects one by index.
    """

    precision: Precision
    rows: int = 16
    columns: int = 8
    accumulator_width: int
    scale_bits: int = SCALE_BITS
    shared: bool
    shifts: tuple[Shifts, ...]

    def __post_init__(self) -> None:
        _ = self.array  # checks what MINT's array has as well
        require(2 <= self.scale_bits <= 32, f"scales of {self.scale_bits} bits; a scale has 2 to 32")
        require(bool(self.shifts), "no shifts; an array supports at least one")
        for shifts in self.shifts:
            highest = self.scale_bits + self.potential_width - 1
            for name, shift, lowest in (
                ("weight", shifts.weight, -self.potential_width),
                ("membrane", shifts.membrane, -self.potential_width),
                ("output", shifts.output, self.scale_bits),  # the potential is finer than the membrane
            ):
                require(lowest <= shift <= highest, f"{name} shift {shift}; it is {lowest} to {highest}")

    @classmethod
    def full_scale(
        cls, precision: Precision, *, rows: int, columns: int, shared: bool, scale_bits: int = SCALE_BITS
    ) -> "UqConfig":
        """The array that is measured when no network says what its accumulators and scales have to be."""
        width = precision.code.accumulator_width
        return cls(
            precision=precision,
            rows=rows,
            columns=columns,
            accumulator_width=width,
            scale_bits=scale_bits,
            shared=shared,
            shifts=(full_scale_shifts(precision, width, scale_bits),),
        )

    @property
    def array(self) -> ArrayConfig:
        """MINT's array of the same size and widths: a shared multiplier's column has its processing elements."""
        return ArrayConfig(
            precision=self.precision,
            neurons=self.precision.lifs(1),
            rows=self.rows,
            columns=self.columns,
            accumulator_width=self.accumulator_width,
        )

    @property
    def weight_width(self) -> int:
        return self.precision.weight_width

    @property
    def membrane_width(self) -> int:
        return self.precision.membrane_width

    @property
    def potential_width(self) -> int:
        """Bits of potentials and thresholds: the multiplier's other operand is a sum or a potential."""
        return max(self.scale_bits, self.accumulator_width)

    @property
    def product_width(self) -> int:
        return self.scale_bits + self.potential_width

    # Latency, in cycles, when every input is there and every output is taken.

    @property
    def update_cycles(self) -> int:
        """One neuron's update: the products take turns at its multiplier."""
        return PRODUCTS

    @property
    def settle_cycles(self) -> int:
        """Between a beat and the first product: a shared multiplier's processing elements may still carry."""
        return int(self.shared)

    @property
    def fire_cycles(self) -> int:
        """FIRE, FIRE_LAST: all neurons at once, or those of a column one after another."""
        return self.settle_cycles + (self.rows if self.shared else 1) * self.update_cycles

    @property
    def start_cycles(self) -> int:
        """The parameters of a tile; elements with a multiplier of their own then take the bias."""
        return self.columns + int(not self.shared)

    @property
    def result_cycles(self) -> int:
        """From the first column's last product of row 0 to its beat at the output."""
        return self.columns - int(self.shared)

    def spiking_tile_cycles(self, beats: int, time_steps: int) -> int:
        """Parameters, then ``beats`` (the fan-in) and a FIRE per time step, in a sequence of such tiles.

        Elements with a multiplier of their own hand out spikes, a row per cycle, during the next time step,
        which waits with its last product if it is too short for them.
        """
        step = beats + self.fire_cycles
        if self.shared:
            return self.start_cycles + time_steps * step
        return max(self.start_cycles + step, self.rows) + (time_steps - 1) * max(step, self.rows)

    def offset(self, beats: int) -> int:
        """What ``beats`` add to every sum, whatever spikes; the host takes it out of the bias."""
        return self.array.offset(beats) if self.shared else 0
