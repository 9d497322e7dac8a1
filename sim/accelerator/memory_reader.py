"""Memories beside a component under test: they answer its reads a cycle later."""

from collections.abc import Mapping, Sequence
from random import Random

from sim.harness.port import Port


class MemoryReader:
    """Behind the ports ``address``, ``read`` and ``paths``, which share a word; ``prefix`` is before the first two.

    Data stays until the next read, and is random before it. ``reads`` has the memory's ``number`` and the address of
    every read. With ``frames``, the port ``back`` says in which of so many parts of equal size.
    """

    def __init__(
        self,
        paths: Sequence[str],
        words: Sequence[Sequence[int]],
        width: int,
        random: Random,
        prefix: str = "",
        number: int | None = None,
        frames: int = 1,
    ) -> None:
        self._size = len(words) // frames if frames > 1 else 0
        self._paths = paths
        self._words = words
        self._prefix = prefix
        self._data: Sequence[int] = [random.getrandbits(width) for _ in paths]
        self._number = number
        self.reads: list[tuple[int | None, int]] = []

    def drive(self, port: Port) -> None:
        for path, part in zip(self._paths, self._data, strict=True):
            port.set(path, part)

    def observe(self, port: Port, cycle: int) -> None:
        if port.get(f"{self._prefix}read"):
            address = port.get(f"{self._prefix}address")
            if self._size:
                assert address < self._size, f"word {address} of a frame's {self._size} is read"
                address += port.get("back") * self._size
            assert address < len(self._words), f"word {address} of {len(self._words)} is read"
            self._data = self._words[address]
            self.reads.append((self._number, address))


class MemoryReaders:
    """Several memories behind the same ports; the port ``memory`` says which one is read."""

    def __init__(
        self,
        path: str,
        words: Mapping[int, list[list[int]]],
        width: int,
        random: Random,
        prefix: str = "",
        frames: int = 1,
    ) -> None:
        self._prefix = prefix
        self._readers = {
            number: MemoryReader([path], own, width, random, prefix, number, frames) for number, own in words.items()
        }
        self._read = next(iter(self._readers.values()))
        self.reads: list[tuple[int | None, int]] = []

    def drive(self, port: Port) -> None:
        self._read.drive(port)

    def observe(self, port: Port, cycle: int) -> None:
        if port.get(f"{self._prefix}read"):
            self._read = self._readers[port.get(f"{self._prefix}memory")]
            self._read.observe(port, cycle)
            self.reads.append(self._read.reads[-1])
