"""A memory beside a component under test: answers its reads a cycle later."""

from collections.abc import Sequence
from random import Random

from sim.port import Port


class MemoryReader:
    """Behind the ports ``address``, ``read`` and ``data``: data stays until the next read, and is random before it."""

    def __init__(self, words: Sequence[int], width: int, random: Random) -> None:
        self._words = words
        self._data = random.getrandbits(width)
        self.reads = 0

    def drive(self, port: Port) -> None:
        port.set("data", self._data)

    def observe(self, port: Port, cycle: int) -> None:
        if port.get("read"):
            address = port.get("address")
            assert address < len(self._words), f"word {address} of {len(self._words)} is read"
            self._data = self._words[address]
            self.reads += 1
