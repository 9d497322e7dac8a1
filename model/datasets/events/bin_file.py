"""The files of N-MNIST and N-Caltech101: five bytes an event, most significant first, no header.

    x [39:32]   y [31:24]   polarity [23]   time in µs [22:0]

An event of y = 240 is none: it says that the counter of time had run over, and what follows is 2^13 µs later than it
says. (The published files that were looked at have none.)
"""

from pathlib import Path

import numpy as np

from model.datasets.events.recording import Events
from model.errors import require

BYTES = 5
OVERFLOW_ROW, OVERFLOW_MICROSECONDS = 240, 1 << 13


def read(path: Path) -> Events:
    """The events of a ``.bin`` file."""
    data = np.fromfile(path, np.uint8)
    require(data.size % BYTES == 0, f"{path}: {data.size} bytes, no whole number of events of {BYTES}; fetch it again")
    column, row, *parts = data.reshape(-1, BYTES).T.astype(np.int64)
    time = (parts[0] & 0x7F) << 16 | parts[1] << 8 | parts[2]
    marks = row == OVERFLOW_ROW
    time += np.cumsum(marks) * OVERFLOW_MICROSECONDS
    return Events(time, column, row, parts[0] >> 7).where(~marks)
