"""Powers of two and 0, in three bits."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from model.codes.code import WeightCode
from model.errors import require


@dataclass(frozen=True, order=True)
class PowersOfTwo(WeightCode):
    """Levels 0 and ±2^(|c| - 1) of codes c = -largest … largest. From sums of sigmoids (docs/schemes.md)."""

    largest: ClassVar[int]
    WIDTH: ClassVar[int] = 3

    @classmethod
    def of(cls, bits: int) -> Self:
        require(bits == cls.WIDTH, f"{cls.name} weights of {bits} bits; they have {cls.WIDTH}")
        return cls()

    @property
    def bits(self) -> int:
        return self.WIDTH

    @property
    def value_width(self) -> int:
        return self.largest + 1

    @property
    def levels(self) -> tuple[int, ...]:
        positive = tuple(1 << c for c in range(self.largest))
        return *(-level for level in reversed(positive)), 0, *positive

    def encode(self, levels: Any) -> Any:
        codes = np.arange(-self.largest, self.largest + 1, dtype=np.int8)
        return codes[np.searchsorted(np.array(self.levels), levels)]

    def decode(self, codes: Any) -> Any:
        # A code that there is none for stays a number that is no level: whoever reads it says so.
        return np.sign(codes) * (1 << np.abs(codes.astype(np.int8)) >> 1).astype(np.int8)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, order=True)
class Powers5(PowersOfTwo):
    """0, ±1, ±2."""

    name: ClassVar[str] = "pow2-5"
    largest: ClassVar[int] = 2


@dataclass(frozen=True, order=True)
class Powers7(PowersOfTwo):
    """0, ±1, ±2, ±4."""

    name: ClassVar[str] = "pow2-7"
    largest: ClassVar[int] = 3
