"""A recording of an event camera, and the frames that a network reads of it."""

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.errors import require
from model.inputs import WIDEST
from model.network.graph import Shape
from model.network.network import Network
from model.network.validation import LARGEST_TIME_STEPS

POLARITIES = 2
LARGEST_SIDE = 1024


class Events(NamedTuple):
    """Time in µs, column, row and polarity (1 brighter, 0 darker) of each event, in the file's order: int64 [N]."""

    time: NDArray[np.int64]
    column: NDArray[np.int64]
    row: NDArray[np.int64]
    polarity: NDArray[np.int64]

    def where(self, chosen: NDArray[np.bool_]) -> "Events":
        """The chosen events."""
        return Events(*(values[chosen] for values in self))

    def between(self, start: int, end: int) -> "Events":
        """Those of start ≤ time < end."""
        return self.where((self.time >= start) & (self.time < end))


@dataclass(frozen=True)
class Framing:
    """How recordings become frames of ``time_steps`` steps.

    With t of an event counted from the first one of its recording, which lasts D µs, the last event included, its step
    is::

        ⌊t·T / D⌋         step_us = 0: T equal parts of every recording, so that no event is left out
        ⌊t / step_us⌋     a time window: later than T steps is cut off, a shorter recording ends in empty frames

    ``frame_size`` S makes square frames of a sensor of H × W pixels: pixel (r, c) falls on (⌊r·S/H⌋, ⌊c·S/W⌋); 0 leaves
    the sensor's pixels. A pixel of a frame is the number of its events, at most 2^``count_bits`` - 1.
    """

    time_steps: int = 10
    step_us: int = 0
    frame_size: int = 0
    count_bits: int = 1

    def __post_init__(self) -> None:
        limits = {
            "time_steps": (1, LARGEST_TIME_STEPS),
            "step_us": (0, 10**9),
            "frame_size": (0, LARGEST_SIDE),
            "count_bits": (1, WIDEST),
        }
        for name, (least, largest) in limits.items():
            value = getattr(self, name)
            require(
                isinstance(value, int) and least <= value <= largest,
                f"{name} {value!r} of recordings; choose {least} to {largest:,}",
            )

    @property
    def described(self) -> dict[str, int]:
        """Its fields; those of spikes have no word of counts, so that what earlier releases kept is found."""
        return {name: value for name, value in asdict(self).items() if name != "count_bits" or value > 1}

    @property
    def largest(self) -> int:
        """Of a pixel."""
        return (1 << self.count_bits) - 1

    def shape(self, sensor: tuple[int, int]) -> Shape:
        """Of a frame: polarities, rows, columns."""
        rows, columns = (self.frame_size, self.frame_size) if self.frame_size else sensor
        return POLARITIES, rows, columns

    @classmethod
    def of(cls, network: Network, sensor: tuple[int, int]) -> "Framing":
        """What ``network`` takes of recordings by such a sensor: T and pixels are its own, its window is recorded."""
        bits = 1 if network.inputs.static else network.inputs.planes
        known: Any = network.provenance.get("framing")
        step_us = known.get("step_us", 0) if isinstance(known, dict) else 0
        rows, columns = network.input_shape[1:]
        size = rows if rows == columns and (rows, columns) != sensor else 0
        return cls(network.time_steps, step_us, size, bits)

    def steps(self, time: NDArray[np.int64]) -> NDArray[np.int64]:
        """The time step of each event; of a window it may be T or more."""
        if not time.size:
            return time
        since = time - time.min()
        return since // self.step_us if self.step_us else since * self.time_steps // (int(since.max()) + 1)


class Lost(NamedTuple):
    """Events of recordings, how many came after the last time step, and how many more than a pixel's bits can count."""

    events: int = 0
    late: int = 0
    clipped: int = 0

    def sentence(self, framing: Framing) -> str:
        """What frames lose."""
        late = f"; {100 * self.late / self.events:.2f} % of them come after the last time step" if self.late else ""
        share = 100 * self.clipped / max(1, self.events)
        room = "has one bit" if framing.largest == 1 else f"counts up to {framing.largest}"
        return f"{self.events:,} events{late}; {share:.1f} % are further ones of a pixel in a step, which {room}"

    def __add__(self, other: "Lost") -> "Lost":  # type: ignore[override]
        return Lost(*(one + two for one, two in zip(self, other, strict=True)))


def frames(events: Events, framing: Framing, sensor: tuple[int, int]) -> tuple[NDArray[np.uint8], Lost]:
    """Frames [T, polarity, row, column] of events inside ``sensor`` (rows, columns), and what they lose."""
    step = framing.steps(events.time)
    within = step < framing.time_steps
    shape = (framing.time_steps, *framing.shape(sensor))
    row = events.row * shape[2] // sensor[0]
    column = events.column * shape[3] // sensor[1]
    flat = ((step * POLARITIES + events.polarity) * shape[2] + row) * shape[3] + column
    counts = np.bincount(flat[within], minlength=int(np.prod(shape)))
    top = framing.largest
    late = int(len(within) - within.sum())
    clipped = int((counts - top).clip(0).sum())
    return np.minimum(counts, top).astype(np.uint8).reshape(shape), Lost(len(within), late, clipped)
