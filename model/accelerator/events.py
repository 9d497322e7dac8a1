"""Spikes as a stream of events: a beat per event, and one that ends each time step, so that silent places cost none.

A beat has 32 bits::

    bits 0 to 11   x, the column
    bits 12 to 23  y, the row
    bits 24 to 30  channel, of event cameras the polarity
    bit  31        ends the time step; the other bits may then be anything

A packet has as many such ends as it has time steps, and the last one is its last beat.
"""

import numpy as np
from numpy.typing import NDArray

from model.errors import require

FRAMES, EVENTS = INPUT_STREAMS = ("frames", "events")
FIELDS = {"x": (0, 12), "y": (12, 12), "channel": (24, 7), "end_of_step": (31, 1)}
"""First bit and width of each field."""
EVENT_WIDTH = 32
"""Bits of a beat."""
END_OF_STEP = 1 << FIELDS["end_of_step"][0]


def require_events(shape: tuple[int, int, int]) -> None:
    """Refuses an input whose coordinates do not fit the fields."""
    for extent, what, field in zip(shape, ("channels", "rows", "columns"), ("channel", "y", "x"), strict=True):
        limit = 1 << FIELDS[field][1]
        require(
            extent <= limit, f"an input of {extent:,} {what}; an event names one of {limit:,}: choose the stream frames"
        )


def event_packets(
    images: NDArray[np.integer], steps: int, random: np.random.Generator | None = None, largest: int = 1
) -> list[NDArray[np.uint32]]:
    """Beats of spikes or counts [T, N, C, H, W], ``steps`` time steps a packet: those of the first image, then the next
    one's.

    A count has as many beats. The events of a time step go by row, column and channel; with ``random`` they come in any
    order, and some places that have ``largest`` already have more.
    """
    x, y, channel = (FIELDS[field][0] for field in ("x", "y", "channel"))
    ends = np.array([END_OF_STEP], np.uint32)
    packets = []
    for packet in images.transpose(1, 0, 3, 4, 2).reshape(-1, steps, *images.shape[3:], images.shape[2]):
        beats = []
        for step in packet:
            rows, columns, channels = places = step.nonzero()
            there = (columns << x | rows << y | channels << channel).astype(np.uint32)
            events = there.repeat(step[places])
            full = there[step[places] == largest]
            if random is not None and len(full):
                events = np.append(events, random.choice(full, -(-len(full) // 4)))
            beats += [events if random is None else random.permutation(events), ends]
        packets.append(np.concatenate(beats))
    return packets
