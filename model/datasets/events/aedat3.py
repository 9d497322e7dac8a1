"""DVS128 Gesture: AEDAT 3.1, packets of events behind a header of 28 bytes, and a table of what was shown when.

Little-endian. A packet's header: type (16 bits, 1 of pixels), source (16), bytes of an event, place of its time, how
often the time had run over 2^31, events that would fit, events, valid events (32 bits each). An event of a pixel::

    data:  x [31:17]   y [16:2]   brighter [1]   valid [0]        time in µs, 31 bits

The table of a recording, ``NAME_labels.csv``, has a line ``class,startTime_usec,endTime_usec`` and one per gesture.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.datasets.events.recording import Events
from model.errors import UserError, require

VERSION, END = b"#!AER-DAT3.1", b"#!END-HEADER\r\n"
HEADER = np.dtype(
    [("type", "<i2"), ("source", "<i2")]
    + [(name, "<i4") for name in ("size", "place", "overflow", "capacity", "count", "valid")]
)
PIXELS, SIZE = 1, 8
COLUMNS = "class,startTime_usec,endTime_usec"


def read(path: Path) -> Events:
    """The valid events of an ``.aedat`` file."""
    data = path.read_bytes()
    start = data.find(END)
    require(
        data.startswith(VERSION) and start > 0,
        f"{path}: it has no header from {VERSION.decode()} to {END.decode().strip()}; fetch the published file",
    )
    packets = list(_packets(path, data, start + len(END)))
    word, time = np.concatenate(packets, 1) if packets else np.zeros((2, 0), np.int64)
    found = Events(time, word >> 17 & 0x7FFF, word >> 2 & 0x7FFF, word >> 1 & 1)
    return found.where(word & 1 == 1)


def _packets(path: Path, data: bytes, start: int) -> Iterator[NDArray[np.int64]]:
    """Data and times [2, events] of each packet of pixels."""
    while start < len(data):
        there = len(data) - start
        require(there >= HEADER.itemsize, f"{path}: {there} bytes where a packet's header has 28; fetch it again")
        header = np.frombuffer(data, HEADER, 1, start)[0]
        start += HEADER.itemsize
        size, count = int(header["size"]), int(header["count"])
        require(
            size > 0 and count >= 0 and size * count <= len(data) - start,
            f"{path}: a packet of {count} events of {size} bytes, and {len(data) - start} are left; fetch it again",
        )
        if header["type"] == PIXELS:
            require(size == SIZE, f"{path}: events of pixels have {size} bytes, not {SIZE}; fetch the published file")
            pairs = np.frombuffer(data, "<u4", 2 * count, start).reshape(-1, 2).T.astype(np.int64)
            pairs[1] += int(header["overflow"]) << 31
            yield pairs
        start += size * count


def read_labels(path: Path, classes: int) -> list[tuple[int, int, int]]:
    """Class from 0 on, start and end in µs of each gesture."""
    require(path.is_file(), f"{path}: no such file; the set has one for each recording")
    lines = path.read_text(encoding="utf-8", errors="replace").split()
    require(lines[:1] == [COLUMNS], f"{path}: it does not begin with {COLUMNS}; fetch the published file")
    found = []
    for line in lines[1:]:
        try:
            number, start, end = map(int, line.split(","))
        except ValueError:
            raise UserError(f"{path}: {line!r} are not three numbers; fetch the published file") from None
        require(1 <= number <= classes, f"{path}: class {number}; classes are 1 to {classes}")
        require(start < end, f"{path}: {line} lasts no time; fetch the published file")
        found.append((number - 1, start, end))
    require(len(found) > 0, f"{path}: it names no gesture; fetch the published file")
    return found
