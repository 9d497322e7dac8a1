"""Powers of two and 0, in three bits."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from model.codes.code import OneWidth


@dataclass(frozen=True, order=True)
class PowersOfTwo(OneWidth):
    """Levels 0 and ±2^(|c| - 1) of codes c = -largest … largest. From sums of sigmoids."""

    largest: ClassVar[int]
    WIDTH: ClassVar[int] = 3

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
