"""One bit for each weight: its sign."""

from dataclasses import dataclass
from typing import Any, ClassVar

from model.codes.code import OneWidth


@dataclass(frozen=True, order=True)
class Binary(OneWidth):
    """Levels -1 and +1, of which memory holds b = (w + 1)/2; no weight is 0.

    As a signed integer of one bit b is 0 or -1. From sums of sigmoids.
    """

    name: ClassVar[str] = "binary"
    WIDTH: ClassVar[int] = 1

    @property
    def value_width(self) -> int:
        return 2

    @property
    def levels(self) -> tuple[int, ...]:
        return -1, 1

    def encode(self, levels: Any) -> Any:
        return -((levels + 1) // 2)

    def decode(self, codes: Any) -> Any:
        return -1 - 2 * codes
