"""What every neuron says of itself, to bundle, validation, folding, golden model, training, plan and hardware."""

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from model.arithmetic import Integer


class Neuron(Protocol):
    """The law of a layer's neurons; frozen and hashable, ordered within its family.

    A neuron gets the sum A of its inputs, the bias B (with J in it where an identity shortcut spikes) and the
    threshold Θ of its channel; it compares a potential H with Θ, and keeps a state from one time step to the next.
    """

    family: ClassVar[str]
    keys: ClassVar[Mapping[str, type | tuple[type, ...]]]
    """What a bundle says of it besides the family (docs/bundle.md), and of which types."""

    @property
    def leak(self) -> float:
        """β, the share of a potential that is left at the next time step, in real terms; gradients go back by it."""

    def calibrated(self, threshold: NDArray[np.int64], largest_r: int) -> Self:
        """The same with the membrane's unit 2^r, 1 <= r <= ``largest_r``, for a layer's thresholds Θ."""

    @property
    def least_r(self) -> int:
        """The least r that a neuron with this leak can have."""

    @property
    def state_bits(self) -> int:
        """Bits in memory between two time steps; 0 if none."""

    @property
    def state_range(self) -> tuple[int, int]:
        """Least and greatest state."""

    def potential_range(self, low: Any, high: Any) -> tuple[Any, Any]:
        """Least and greatest H − B − J where A is ``low`` to ``high``: integers, or arrays or tensors of them."""

    @property
    def factor(self) -> int:
        """By which a potential is multiplied before it is rounded: in training the product must be exact, too."""

    @property
    def r(self) -> int:
        """Of the membrane's unit; 1 where there is none."""

    @property
    def gain_shift(self) -> int:
        """A potential's unit is 2^-shift times a sum's: the greatest tap's shift; else 0."""

    @property
    def gain_bits(self) -> int:
        """Bits by which a potential without what is kept is wider than a sum; B and Θ then may be, too."""

    @property
    def clamps_threshold(self) -> bool:
        """Whether Θ is only compared, so that one below every potential may be raised to the least of them."""

    def step(
        self, sums: Integer, bias: Integer, state: Integer, threshold: Integer
    ) -> tuple[Integer, Integer, Integer]:
        """Potential, spike and next state of one time step, of integers or of arrays of any integer type.

        The state is 0 before the first time step.
        """

    def fields(self) -> dict[str, Any]:
        """The values of :attr:`keys`."""

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Self:
        """The neuron of a bundle's fields, or of those that it cannot do without; UserError for what it cannot be."""

    def describe(self) -> str:
        """For reports, in a few words."""
