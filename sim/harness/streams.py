"""Stream drivers and monitors, one cycle at a time, with random waits on both sides."""

from collections.abc import Iterable, Sequence
from random import Random
from typing import Any, Protocol

import numpy as np

from sim.harness.port import Port


class Agent(Protocol):
    """Somebody at a stream: drives before a clock edge, observes what happened at it."""

    def drive(self, port: Port) -> None: ...

    def observe(self, port: Port, cycle: int) -> None: ...


class Source:
    """Offers beats on an input stream; before each, idles for a cycle with probability ``idle``."""

    def __init__(self, path: str, beats: Iterable[Any], random: Random, idle: float = 0.0) -> None:
        self._path = path
        self._beats = list(beats)
        self._random = random
        self._idle = idle
        self._offering = False
        self.cycles: list[int] = []
        """When each beat was taken."""
        self.idled = 0
        self.stalled = 0

    @property
    def done(self) -> bool:
        return len(self.cycles) == len(self._beats)

    def drive(self, port: Port) -> None:
        if not self._offering:
            self._offering = not self.done and self._random.random() >= self._idle
            self.idled += not self._offering and not self.done
            port.set(f"{self._path}.valid", int(self._offering))
            if self._offering:
                port.set(f"{self._path}.payload", self._beats[len(self.cycles)])

    def observe(self, port: Port, cycle: int) -> None:
        if self._offering:
            if port.get(f"{self._path}.ready"):
                self.cycles.append(cycle)
                self._offering = False
            else:
                self.stalled += 1

    def withdraw(self, port: Port) -> None:
        """Take back what is offered."""
        port.set(f"{self._path}.valid", 0)


class Sink:
    """Takes the beats of an output stream; in a cycle, refuses with probability ``stall``.

    A beat that was refused must still be there, unchanged. ``beside`` names ports that are read with
    each beat.
    """

    def __init__(self, path: str, random: Random, stall: float = 0.0, beside: Sequence[str] = ()) -> None:
        self._path = path
        self._random = random
        self._stall = stall
        self._beside = beside
        self._ready = False
        self._refused: Any = None
        self.beats: list[Any] = []
        self.besides: list[tuple[Any, ...]] = []
        self.cycles: list[int] = []
        self.stalled = 0

    def drive(self, port: Port) -> None:
        self._ready = self._random.random() >= self._stall
        port.set(f"{self._path}.ready", int(self._ready))

    def observe(self, port: Port, cycle: int) -> None:
        if not port.get(f"{self._path}.valid"):
            assert self._refused is None, f"{self._path}: the beat {self._refused} went away before it was taken"
            return
        beat = (port.get(f"{self._path}.payload"), tuple(port.get(path) for path in self._beside))
        assert self._refused in (None, beat), f"{self._path}: the beat {self._refused} became {beat} while it waited"
        if self._ready:
            self.beats.append(beat[0])
            self.besides.append(beat[1])
            self.cycles.append(cycle)
            self._refused = None
        else:
            self._refused = beat
            self.stalled += 1


async def run_agents(port: Port, agents: Sequence[Agent], cycles: int) -> None:
    """Let every agent act for ``cycles`` cycles."""
    for cycle in range(cycles):
        for agent in agents:
            agent.drive(port)
        await port.tick()
        for agent in agents:
            agent.observe(port, cycle)


async def run_streams(
    port: Port, sources: Sequence[Source], sinks: Sequence[Sink], beats: Sequence[int], *, limit: int, after: int = 20
) -> None:
    """Run until all sources are done and sink i has taken ``beats[i]`` beats, then ``after`` cycles more.

    The cycles after it show that nothing else comes. Raises TimeoutError after ``limit`` cycles.
    """
    agents: list[Agent] = [*sources, *sinks]
    cycle = 0
    remaining = after
    while remaining:
        if cycle == limit:
            got = ", ".join(f"{len(sink.beats)} of {want}" for sink, want in zip(sinks, beats, strict=True))
            raise TimeoutError(
                f"after {limit} cycles the outputs have given {got} beats, "
                f"and the inputs have taken {', '.join(str(len(source.cycles)) for source in sources)}"
            )
        for agent in agents:
            agent.drive(port)
        await port.tick()
        for agent in agents:
            agent.observe(port, cycle)
        cycle += 1
        complete = all(len(sink.beats) >= want for sink, want in zip(sinks, beats, strict=True))
        remaining -= complete and all(source.done for source in sources)


IDLES = (0.0, 0.5)


STALLS = (0.0, 0.5)


def bits(vector: np.ndarray) -> int:
    """Element i as bit i."""
    return sum(int(bit) << index for index, bit in enumerate(vector))
