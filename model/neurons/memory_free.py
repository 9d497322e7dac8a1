"""The memory-free neuron: a window of past sums, weighted by powers of two, and no membrane.

    H[t] = Σ_j σ_j·(A[t - d·j] << e_j) + B          over the taps j < k with d·j <= t
    spike = H >= Θ

It is a reconstruction of MFP-QSNN (arXiv 2503.00040, whose equations are not public) from its abstract and the parallel
spiking neuron (arXiv 2304.12760); taps that are powers of two are those of the multiplication-free one (arXiv
2501.14490). Nothing resets it: a spike leaves the past as it is. Taps 2^0, 2^-1, 2^-2 ... are those of a neuron that
leaks by a half and is never reset, with nothing rounded.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from model.arithmetic import Integer
from model.errors import require

LARGEST_WINDOW = 8
LARGEST_SHIFT = 7
LARGEST_DILATION = 8

Tap = tuple[int, int]
"""Sign -1, 0 or 1, and shift."""


@dataclass(frozen=True, order=True)
class MemoryFree:
    """memory-free(taps, dilation).

    Parameters
    ----------
    taps : sequence of (sign, shift)
        σ_j and e_j of the time step itself first: 1 to 8; the least shift of a tap with a sign is 0, the largest 7, and
        a tap without a sign has shift 0.
    dilation : int
        d, the time steps from tap to tap: 1 to 8.
    """

    taps: tuple[Tap, ...]
    dilation: int = 1

    family: ClassVar[str] = "memory-free"
    keys: ClassVar[Mapping[str, type | tuple[type, ...]]] = {"taps": list, "dilation": int}
    leak: ClassVar[float] = 0.0
    least_r: ClassVar[int] = 1
    r: ClassVar[int] = 1
    state_bits: ClassVar[int] = 0
    state_range: ClassVar[tuple[int, int]] = (0, 0)
    factor: ClassVar[int] = 1
    clamps_threshold: ClassVar[bool] = True

    def __post_init__(self) -> None:
        require(
            1 <= len(self.taps) <= LARGEST_WINDOW,
            f"a window of {len(self.taps)} taps; choose 1 to {LARGEST_WINDOW}",
        )
        for sign, shift in self.taps:
            require(
                sign in (-1, 0, 1) and 0 <= shift <= LARGEST_SHIFT and (sign != 0 or shift == 0),
                f"tap [{sign}, {shift}]; give a sign of -1 or 1 and a shift of 0 to {LARGEST_SHIFT}, or [0, 0]",
            )
        live = [shift for sign, shift in self.taps if sign]
        require(len(live) > 0, "all taps are 0; give one a sign")
        require(
            min(live) == 0, f"the least shift of the taps is {min(live)}; lower all by that, and the unit with them"
        )
        require(
            1 <= self.dilation <= LARGEST_DILATION,
            f"dilation {self.dilation}; choose 1 to {LARGEST_DILATION}",
        )

    @classmethod
    def fading(cls, window: int, dilation: int = 1) -> Self:
        """Taps 2^-j: what a leak of a half leaves of a sum, j taps later."""
        require(1 <= window <= LARGEST_WINDOW, f"a window of {window} taps; choose 1 to {LARGEST_WINDOW}")
        return cls(tuple((1, window - 1 - j) for j in range(window)), dilation)

    @property
    def depth(self) -> int:
        """Time steps into the past that count: d·(k - 1), to the last tap that has a sign."""
        return self.dilation * max(j for j, (sign, _) in enumerate(self.taps) if sign)

    @property
    def gain_shift(self) -> int:
        return max(shift for sign, shift in self.taps if sign)

    @property
    def gain_bits(self) -> int:
        """⌈log2 Σ 2^e_j⌉: bits by which H is wider than a sum."""
        return (sum(1 << shift for sign, shift in self.taps if sign) - 1).bit_length()

    def calibrated(self, threshold: NDArray[np.int64], largest_r: int) -> Self:
        return self

    def potential_range(self, low: Any, high: Any) -> tuple[Any, Any]:
        """Over all prefixes of the window: at first there is less of the past."""
        ends = [self._range(low, high, count) for count in range(1, len(self.taps) + 1)]
        least, greatest = ends[0]
        for other in ends[1:]:
            least, greatest = _extreme("minimum", least, other[0]), _extreme("maximum", greatest, other[1])
        return least, greatest

    def _range(self, low: Any, high: Any, count: int) -> tuple[Any, Any]:
        least, greatest = low * 0, high * 0
        for sign, shift in self.taps[:count]:
            if sign:
                ends = (low << shift, high << shift) if sign > 0 else (-(high << shift), -(low << shift))
                least, greatest = least + ends[0], greatest + ends[1]
        return least, greatest

    def window(self, past: Sequence[Integer]) -> Iterator[Integer]:
        """The terms of H that sums give, the newest of which is first in ``past``."""
        for j, (sign, shift) in enumerate(self.taps):
            if sign and self.dilation * j < len(past):
                term = past[self.dilation * j] << shift
                yield term if sign > 0 else -term

    def step(self, sums: Any, bias: Any, state: Any, threshold: Any) -> tuple[Any, Any, Any]:
        """As every neuron's; the state is 0 or a tuple of past sums, the newest first."""
        past = (sums, *(state if isinstance(state, tuple) else ()))
        potential = sum(self.window(past), start=sums * 0) + bias
        spike = potential >= threshold
        spike = spike.astype(np.int64) if isinstance(spike, np.ndarray) else int(spike)
        return potential, spike, past[: self.depth]

    def fields(self) -> dict[str, Any]:
        return {"taps": [list(tap) for tap in self.taps], "dilation": self.dilation}

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Self:
        taps = fields["taps"]
        require(
            all(isinstance(tap, list | tuple) and len(tap) == 2 and all(type(n) is int for n in tap) for tap in taps),
            f"taps {str(taps)[:100]}; give a list of [sign, shift]",
        )
        return cls(tuple((sign, shift) for sign, shift in taps), fields["dilation"])

    def describe(self) -> str:
        named = [f"{'-' * (sign < 0)}{1 << shift}" if sign else "0" for sign, shift in self.taps]
        return f"taps {' '.join(named)}" + f", {self.dilation} steps apart" * (self.dilation > 1) + ", no membrane"


def _extreme(name: str, one: Any, other: Any) -> Any:
    """Elementwise, of integers, arrays or tensors."""
    if isinstance(one, int):
        return min(one, other) if name == "minimum" else max(one, other)
    if isinstance(one, np.ndarray | np.generic):
        return getattr(np, name)(one, other)
    return getattr(one, name)(other)
