"""The leaky integrate-and-fire neuron: a leak, a reset, and a membrane of a few bits that is kept between time steps.

    H = A + B + load(U)
    spike = H >= Θ
    U <- store(V), V = H without a spike; on a spike 0 (reset zero), H - Θ (reset subtract), H (reset none)

With leak 1/2 and reset zero it is the neuron of MINT (arXiv 2305.09850). ``>>`` is the arithmetic shift of Python and
NumPy: it rounds towards minus infinity; trunc rounds towards zero.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from model.arithmetic import Integer, code_limit, saturate, signed_width, truncated
from model.errors import require

LARGEST_R = 15
WIDTHS = range(2, 9)
"""Bits that a membrane can have."""
LEAKS = (0.0, 1 / 2, 3 / 4, 7 / 8, 15 / 16, 31 / 32, 1.0)
"""β: nothing is kept, a half, all but 2^-2 ... 2^-5, and all (integrate and fire)."""


class Reset(StrEnum):
    """What a spike leaves of a potential H: 0, H - Θ, or H."""

    ZERO = "zero"
    SUBTRACT = "subtract"
    NONE = "none"


def nearest_leak(wanted: float) -> float:
    """The one of :data:`LEAKS` that is nearest to a β, the greater one of two; UserError for what is no share."""
    require(0 <= wanted <= 1, f"leak {wanted:g} is no share of a potential; choose 0 to 1")
    return min(reversed(LEAKS), key=lambda leak: abs(leak - wanted))


@dataclass(frozen=True, order=True)
class Lif:
    """lif(leak, reset).

    Parameters
    ----------
    membrane_width : int
        Bits of the stored membrane U, a code -Q ... Q with Q = 2^(width-1) - 1; 0 with leak 0.
    r : int
        Bits of the potential below the membrane's unit, plus one: 1 to 15, with leak 1/2 also 0.
    leak : float
        β, one of :data:`LEAKS`.
    reset : Reset
    """

    membrane_width: int
    r: int = 1
    leak: float = 0.5
    reset: str = "zero"

    family: ClassVar[str] = "lif"
    keys: ClassVar[Mapping[str, type | tuple[type, ...]]] = {
        "leak": (float, int),
        "reset": str,
        "membrane_width": int,
        "r": int,
    }

    def __post_init__(self) -> None:
        object.__setattr__(self, "reset", str(self.reset))  # the same value however it came
        require(self.leak in LEAKS, f"leak {self.leak:g}; choose one of {', '.join(f'{each:g}' for each in LEAKS)}")
        require(self.reset in list(Reset), f"reset {self.reset!r}; choose one of {', '.join(Reset)}")
        if self.leak == 0:
            require(
                self.membrane_width == 0,
                f"a membrane of {self.membrane_width} bits with leak 0, which keeps nothing; give 0 bits",
            )
        else:
            require(
                self.membrane_width in WIDTHS,
                f"a membrane width of {self.membrane_width} bits is not supported; choose {WIDTHS[0]} to {WIDTHS[-1]}",
            )
        require(self.least_r <= self.r <= LARGEST_R, f"leak r = {self.r}; choose {self.least_r} to {LARGEST_R}")

    @property
    def least_r(self) -> int:
        return 0 if self.leak == 1 / 2 else 1

    @property
    def half_life(self) -> int | None:
        """Time steps in which the greatest code falls to half of it or less, without input; None if never."""
        if self.leak == 1:
            return None
        code, steps = self.limit, 0
        while 2 * code > self.limit:
            code, steps = self.store(self.load(code)), steps + 1
        return steps

    def calibrated(self, threshold: NDArray[np.int64], largest_r: int) -> Self:
        """With the least r >= 1 with Q·2^(r-1) >= β·median(Θ): the stored membrane then spans the threshold."""
        target = self.leak * float(np.median(threshold))
        r = 1
        while r < largest_r and self.limit << (r - 1) < target:
            r += 1
        return replace(self, r=r)

    @property
    def state_bits(self) -> int:
        return self.membrane_width

    @property
    def limit(self) -> int:
        """Q of the membrane codes -Q ... Q; 0 where nothing is kept."""
        return code_limit(self.membrane_width) if self.membrane_width else 0

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

    @property
    def gain_shift(self) -> int:
        return 0

    @property
    def gain_bits(self) -> int:
        return 0

    @property
    def clamps_threshold(self) -> bool:
        return self.reset != Reset.SUBTRACT

    @property
    def factor(self) -> int:
        return (1 << self.kept_share[0]) - 1 or 1

    @property
    def kept_share(self) -> tuple[int, int, bool]:
        """(k, n, whether rounding is towards zero): :meth:`store` divides (2^k - 1)·V, with k = 0 V itself, by 2^n.

        With leak 1/2 it is V >> r, as the paper has it; n = k + r - 1 otherwise. So |U| falls until it is 0.
        """
        if self.leak == 1 / 2:
            return 0, self.r, False
        k = 0 if self.leak in (0, 1) else LEAKS.index(self.leak)
        return k, k + self.r - 1, True

    def potential_range(self, low: Any, high: Any) -> tuple[Any, Any]:
        load_low, load_high = self.load_range
        return low + load_low, high + load_high

    def store(self, left: Integer) -> Integer:
        """Membrane code that is kept of what is left of a potential, V.

            leak 1/2            sat(V >> r)
            leak 1 - 2^-k       sat(trunc((2^k - 1)·V / 2^(k+r-1)))
            no leak             sat(trunc(V / 2^(r-1)))
            leak 0              0

        With leak 1/2, r = 0 or 1 and a step shared by weights and membrane these are the two orders of the MINT neuron:
        the slides leak on load, the released code leaks before the store.
        """
        if self.leak == 0:
            return left * 0
        k, n, towards_zero = self.kept_share
        if not towards_zero:
            return saturate(left >> n, self.membrane_width)
        return saturate(truncated((left << k) - left if k else left, n), self.membrane_width)

    def load(self, membrane: Integer) -> Integer:
        """What a stored code contributes to the next potential: U >> 1 (r = 0) or U << (r-1)."""
        return membrane >> 1 if self.r == 0 else membrane << (self.r - 1)

    def left(self, potential: Integer, threshold: Integer, spike: Any) -> Integer:
        """V: what the reset leaves of a potential."""
        if self.reset == Reset.NONE:
            return potential
        after = potential - threshold if self.reset == Reset.SUBTRACT else potential * 0
        if isinstance(potential, np.ndarray):
            return np.where(spike, after, potential)
        return after if spike else potential

    def fire(self, potential: Integer, threshold: Integer) -> tuple[Integer, Integer]:
        """Spike and next membrane of a potential."""
        spike = potential >= threshold
        if not isinstance(spike, np.ndarray):
            return int(spike), self.store(self.left(potential, threshold, spike))
        narrow = self.leak == 1 / 2 and self.reset == Reset.ZERO  # other resets and leaks need some bits more
        wide = potential if narrow else potential.astype(np.int64)
        return spike.astype(np.int64), self.store(self.left(wide, threshold, spike)).astype(potential.dtype)

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
        usual = {"leak": cls.leak, "reset": cls.reset, **fields}
        return cls(usual["membrane_width"], usual["r"], float(usual["leak"]), usual["reset"])

    def describe(self) -> str:
        named = f"leak {self.leak:g}, " * (self.leak != 1 / 2) + f"reset {self.reset}, " * (self.reset != Reset.ZERO)
        return f"{named}r = {self.r} with {self.membrane_width} bits"
