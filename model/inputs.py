"""What a network reads: integers of a few bits, a plane of bits at a time, the same at every time step or not."""

from collections.abc import Mapping
from dataclasses import dataclass

from model.errors import require

WIDEST = 8
"""Bits of an input."""


@dataclass(frozen=True)
class Inputs:
    """Integers 0 ... 2^planes - 1; one of them stands for the real number 1 / ``scale``.

    A *round* is a time step and a bit plane, the most significant one first. ``static`` inputs are the same at every
    time step, so that they have the rounds of one; their images are [N, C, H, W], those of others [T, N, C, H, W].
    """

    name: str
    planes: int
    static: bool
    scale: int

    def __post_init__(self) -> None:
        require(1 <= self.planes <= WIDEST, f"input {self.name} of {self.planes} bits; give 1 to {WIDEST}")

    def __str__(self) -> str:
        return f"{self.name} of {self.planes} bits" if self.name == COUNTS else self.name

    def takes(self, others: "Inputs") -> bool:
        """Whether these have all that ``others`` can be."""
        return self.static == others.static and self.planes >= others.planes

    @property
    def largest(self) -> int:
        """The greatest integer."""
        return (1 << self.planes) - 1

    @property
    def axis(self) -> int:
        """Which axis of an array of images is N."""
        return 0 if self.static else 1

    def rounds(self, time_steps: int) -> int:
        """Planes of an image."""
        return self.planes if self.static else self.planes * time_steps

    def steps(self, time_steps: int) -> tuple[int, ...]:
        """The axis of time steps that precedes N, if there is one."""
        return () if self.static else (time_steps,)


PIXELS = Inputs("pixels", planes=8, static=True, scale=256)
SPIKES = Inputs("spikes", planes=1, static=False, scale=1)
INPUTS: Mapping[str, Inputs] = {each.name: each for each in (PIXELS, SPIKES)}
"""Those of one width, by the names that bundles have for them."""
COUNTS = "counts"
"""Numbers of events in a bin of time, 0 ... 2^bits - 1, bits of them being the user's choice."""
KINDS = (*INPUTS, COUNTS)


def inputs_of(name: str, bits: int | None = None) -> Inputs:
    """The inputs of that name, of counts those of so many bits; UserError for what there is not."""
    require(name in KINDS, f"input kind {name!r}; choose one of {', '.join(KINDS)}")
    if name == COUNTS:
        require(bits is not None, f"input {COUNTS} of how many bits? Give 1 to {WIDEST}")
        assert bits is not None
        return Inputs(COUNTS, planes=bits, static=False, scale=1)
    planes = INPUTS[name].planes
    require(bits in (None, planes), f"input {name} of {bits} bits; they have {planes}, and {COUNTS} 1 to {WIDEST}")
    return INPUTS[name]
