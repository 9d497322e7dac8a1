"""The leaky integrate-and-fire neuron of MINT: leak 1/2, reset to zero, a membrane of a few bits.

    H = A + B + load(U)
    spike = H >= Θ
    U <- 0 if spike else store(H)

``>>`` is the arithmetic shift of Python and NumPy: it rounds towards minus infinity.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from model.arithmetic import Integer, code_limit, saturate, signed_width
from model.errors import require

LARGEST_R = 15
WIDTHS = range(2, 9)
"""Bits that a membrane can have."""


@dataclass(frozen=True, order=True)
class Lif:
    """lif(leak 1/2, reset zero).

    Parameters
    ----------
    membrane_width : int
        Bits of the stored membrane U, a code -Q ... Q with Q = 2^(width-1) - 1.
    r : int
        Bits of the potential below the membrane's unit, 0 to 15.
    """

    membrane_width: int
    r: int = 1

    family: ClassVar[str] = "lif"
    keys: ClassVar[Mapping[str, type | tuple[type, ...]]] = {
        "leak": (float, int),
        "reset": str,
        "membrane_width": int,
        "r": int,
    }
    leak: ClassVar[float] = 0.5
    reset: ClassVar[str] = "zero"

    def __post_init__(self) -> None:
        require(
            self.membrane_width in WIDTHS,
            f"a membrane width of {self.membrane_width} bits is not supported; choose {WIDTHS[0]} to {WIDTHS[-1]}",
        )
        require(0 <= self.r <= LARGEST_R, f"leak r = {self.r}; choose 0 to {LARGEST_R}")

    @classmethod
    def calibrated(cls, membrane_width: int, threshold: NDArray[np.int64], largest_r: int) -> Self:
        """With the least r >= 1 with Q·2^(r-1) >= median(Θ)/2: the stored membrane then spans the threshold."""
        target = float(np.median(threshold)) / 2
        r = 1
        while r < largest_r and code_limit(membrane_width) << (r - 1) < target:
            r += 1
        return cls(membrane_width, r)

    @property
    def state_bits(self) -> int:
        return self.membrane_width

    @property
    def limit(self) -> int:
        """Q of the membrane codes -Q ... Q."""
        return code_limit(self.membrane_width)

    @property
    def state_range(self) -> tuple[int, int]:
        return -self.limit, self.limit

    @property
    def load_range(self) -> tuple[int, int]:
        """Least and greatest value of :meth:`load`."""
        return self.load(-self.limit), self.load(self.limit)

    @property
    def load_width(self) -> int:
        """Bits of every value of :meth:`load`."""
        return signed_width(*self.load_range)

    def potential_range(self, low: Any, high: Any) -> tuple[Any, Any]:
        load_low, load_high = self.load_range
        return low + load_low, high + load_high

    def store(self, potential: Integer) -> Integer:
        """Membrane code that is kept of a potential H that did not fire.

        r = 0: sat(H); r >= 1: sat(H >> r). With r = 0 or 1 and a step shared by weights and
        membrane these are the two orders of the MINT neuron (arXiv 2305.09850): the slides leak on
        load, the released code leaks before the store.
        """
        return saturate(potential >> self.r, self.membrane_width)

    def load(self, membrane: Integer) -> Integer:
        """What a stored code contributes to the next potential: U >> 1 (r = 0) or U << (r-1)."""
        return membrane >> 1 if self.r == 0 else membrane << (self.r - 1)

    def fire(self, potential: Integer, threshold: Integer) -> tuple[Integer, Integer]:
        """Spike and next membrane of a potential."""
        spike = potential >= threshold
        membrane = self.store(potential)
        if isinstance(spike, np.ndarray):
            return spike.astype(np.int64), np.where(spike, 0, membrane)
        return int(spike), 0 if spike else membrane

    def step(
        self, sums: Integer, bias: Integer, state: Integer, threshold: Integer
    ) -> tuple[Integer, Integer, Integer]:
        potential: Integer = sums + bias + self.load(state)
        spike, after = self.fire(potential, threshold)
        return potential, spike, after

    def fields(self) -> dict[str, Any]:
        return {"leak": self.leak, "reset": self.reset, "membrane_width": self.membrane_width, "r": self.r}

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Self:
        for key in ("leak", "reset"):
            here, value = getattr(cls, key), fields.get(key, getattr(cls, key))
            require(value == here, f"{key} {value!r}: this release does not run it; choose {here!r}")
        return cls(fields["membrane_width"], fields["r"])

    def describe(self) -> str:
        return f"r = {self.r} with {self.membrane_width} bits"
