"""A memory beside a component under test: answers its reads a cycle later."""

from collections.abc import Sequence
from random import Random

from sim.harness.port import Port


class MemoryReader:
    """Behind the ports ``address``, ``read`` and ``paths``, which share a word.

    Data stays until the next read, and is random before it.
    """

    def __init__(self, paths: Sequence[str], words: Sequence[Sequence[int]], width: int, random: Random) -> None:
        self._paths = paths
        self._words = words
        self._data: Sequence[int] = [random.getrandbits(width) for _ in paths]

    def drive(self, port: Port) -> None:
        for path, part in zip(self._paths, self._data, strict=True):
            port.set(path, part)

    def observe(self, port: Port, cycle: int) -> None:
        if port.get("read"):
            address = port.get("address")
            assert address < len(self._words), f"word {address} of {len(self._words)} is read"
            self._data = self._words[address]
