"""CIFAR10-DVS as it is published: AEDAT 2.0 of a DVS128, big-endian pairs of a 32-bit address and a time in µs.

    address:  special [15]   y [14:8]   x [7:1]   darker [0]

Lines that begin with # come first. The camera stood on its side: the upright picture has column 127 - y and row 127 - x
(so do the readers of SpikingJelly). The lowest bit is 1 where a pixel became darker. Special events are of no pixel.
"""

from pathlib import Path

import numpy as np

from model.datasets.events.recording import Events
from model.errors import require

VERSION = b"#!AER-DAT2.0"
LAST = 127
ADDRESS_BITS = 16
SPECIAL = 1 << 15


def read(path: Path) -> Events:
    """The events of an ``.aedat`` file."""
    data = path.read_bytes()
    require(data.startswith(VERSION), f"{path}: it does not begin with {VERSION.decode()}; fetch the published file")
    start = 0
    while data[start : start + 1] == b"#":
        end = data.find(b"\n", start)
        require(end >= 0, f"{path}: its header has no end; fetch it again")
        start = end + 1
    require((len(data) - start) % 8 == 0, f"{path}: {len(data) - start} bytes of events of 8 each; fetch it again")
    address, time = np.frombuffer(data, ">i4", offset=start).astype(np.int64).reshape(-1, 2).T
    (wide,) = np.nonzero(address >> ADDRESS_BITS)
    require(not wide.size, f"{path}: event {next(iter(wide), 0)} has over 16 bits of address; give a DVS128's file")
    found = Events(time, LAST - (address >> 8 & LAST), LAST - (address >> 1 & LAST), 1 - (address & 1))
    return found.where(address & SPECIAL == 0)
