"""What every weight code says of itself, to bundle, validation, folding, training, plan and hardware."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Self

from model.errors import require

ACCUMULATOR_MARGIN = 13
"""Accumulator bits beyond the weight's when no network is at hand: a fan-in of 4,608 spikes."""


class WeightCode(ABC):
    """A code of weights; frozen and hashable.

    *Levels* are the integers that golden model and adders see, *codes* what memory holds of them. Levels are
    symmetric, so that folding may flip signs.
    """

    name: ClassVar[str]

    @classmethod
    @abstractmethod
    def of(cls, bits: int) -> Self:
        """The code of that name with ``bits`` bits per weight; UserError if there is none."""

    @property
    @abstractmethod
    def bits(self) -> int:
        """Bits that memory and bundle hold of a weight."""

    @property
    @abstractmethod
    def value_width(self) -> int:
        """Bits of a level in two's complement."""

    @property
    @abstractmethod
    def levels(self) -> tuple[int, ...]:
        """All levels, ascending."""

    @abstractmethod
    def encode(self, levels: Any) -> Any:
        """Codes, as signed integers of :attr:`bits` bits, of an array of levels."""

    @abstractmethod
    def decode(self, codes: Any) -> Any:
        """Levels of an array of codes."""

    def __str__(self) -> str:
        return self.name

    @property
    def limit(self) -> int:
        """Q, the greatest level."""
        return self.levels[-1]

    @property
    def accumulator_width(self) -> int:
        """Accumulator bits of an array that is built without a network."""
        return self.value_width + ACCUMULATOR_MARGIN

    @property
    def bias_limit(self) -> int:
        """Bound on |B| that folding enforces: a quarter of the accumulator's range."""
        return (1 << (self.accumulator_width - 2)) - 1

    @property
    def threshold_limit(self) -> int:
        """Bound on the threshold that folding enforces by a floor on |g|: half of the range."""
        return (1 << (self.accumulator_width - 1)) - 1


class OneWidth(WeightCode):
    """A code of :attr:`WIDTH` bits and no others."""

    WIDTH: ClassVar[int]

    @classmethod
    def of(cls, bits: int) -> Self:
        require(bits == cls.WIDTH, f"{cls.name} weights of {bits} bits; they have {cls.WIDTH}")
        return cls()

    @property
    def bits(self) -> int:
        return self.WIDTH
