"""Files of event cameras, written byte by byte as their formats say, and small sets of them."""

import struct
from collections.abc import Sequence
from pathlib import Path

Row = tuple[int, int, int, int]
"""Time, column, row, polarity: 1 brighter."""


def bin_file(path: Path, rows: Sequence[Row]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = bytearray()
    for time, column, row, polarity in rows:
        data += bytes([column, row, polarity << 7 | time >> 16, time >> 8 & 255, time & 255])
    path.write_bytes(data)
    return path


def aedat2(path: Path, rows: Sequence[Row], special: Sequence[int] = ()) -> Path:
    """Of upright pictures; ``special`` are times of events of no pixel."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = b"#!AER-DAT2.0\r\n# This is a raw AE data file\r\n"
    for time, column, row, polarity in rows:
        data += struct.pack(">II", (127 - column) << 8 | (127 - row) << 1 | 1 - polarity, time)
    for time in special:
        data += struct.pack(">II", 1 << 15, time)
    path.write_bytes(data)
    return path


def packet(rows: Sequence[Row], kind: int = 1, overflow: int = 0, valid: int = 1) -> bytes:
    """Of AEDAT 3.1."""
    data = struct.pack("<hhiiiiii", kind, 1, 8, 4, overflow, len(rows), len(rows), len(rows) * valid)
    for time, column, row, polarity in rows:
        data += struct.pack("<Ii", column << 17 | row << 2 | polarity << 1 | valid, time)
    return data


def aedat3(path: Path, *packets: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    header = b"#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 1: DVS128\r\n#!END-HEADER\r\n"
    path.write_bytes(header + b"".join(packets))
    return path


def labels(path: Path, rows: Sequence[tuple[int, int, int]]) -> Path:
    lines = ["class,startTime_usec,endTime_usec", *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def n_mnist(folder: Path, train: int = 6, test: int = 2) -> None:
    """Recordings of each digit d: an event in row d and one in column d, a millisecond later from one to the next."""
    for part, count, first, later in (("Train", train, 1, 0), ("Test", test, 60001, train)):
        for digit in range(10):
            for number in range(count):
                name = f"{first + number * 10 + digit:05}.bin"
                rows = [(0, 1, digit, 1), (1000 * (later + number) + 10, digit, 33, 0)]
                bin_file(folder / part / str(digit) / name, rows)


def gesture(folder: Path, users: int = 6) -> None:
    """Two gestures of each user, the last of whom is a test user; each gesture has events of a row of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"user{user:02}_led" for user in range(1, users + 1)]
    for user, name in enumerate(names, 1):
        rows = [(1000 + 10 * step, user, 1, 1) for step in range(9)] + [(3000 + step, user, 2, 0) for step in range(5)]
        aedat3(folder / f"{name}.aedat", packet(rows[:4]), packet([], kind=0), packet(rows[4:]))
        labels(folder / f"{name}_labels.csv", [(1, 1000, 1080), (11, 3000, 4000)])
    for part, chosen in (("train", names[:-1]), ("test", names[-1:])):
        text = "".join(f"{name}.aedat\n" for name in chosen)
        (folder / f"trials_to_{part}.txt").write_text(text, encoding="utf-8")
