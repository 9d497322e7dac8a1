"""Two's complement without the most negative code: MINT's weights."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from model.arithmetic import code_limit
from model.codes.code import WeightCode
from model.errors import require

WIDTHS = range(2, 9)
"""Bits that a weight can have."""


@dataclass(frozen=True, order=True)
class Narrow(WeightCode):
    """Codes -Q ... Q of ``width`` bits, Q = 2^(width-1) - 1; each is its own level."""

    width: int

    name: ClassVar[str] = "narrow"

    def __post_init__(self) -> None:
        require(
            self.width in WIDTHS,
            f"a weight width of {self.width} bits is not supported; choose {WIDTHS[0]} to {WIDTHS[-1]}",
        )

    @classmethod
    def of(cls, bits: int) -> Self:
        return cls(bits)

    @property
    def bits(self) -> int:
        return self.width

    @property
    def value_width(self) -> int:
        return self.width

    @property
    def levels(self) -> tuple[int, ...]:
        limit = code_limit(self.width)
        return tuple(range(-limit, limit + 1))

    @property
    def limit(self) -> int:
        return code_limit(self.width)

    def encode(self, levels: Any) -> Any:
        return levels

    def decode(self, codes: Any) -> Any:
        return codes

    def __str__(self) -> str:
        return f"w{self.width}"
