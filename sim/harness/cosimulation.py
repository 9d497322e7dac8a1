"""What every co-simulation shares: its folder, its waits, its progress."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.errors import require
from model.network import bundle
from model.network.network import Network
from sim.harness.job import Job
from sim.harness.simulators import SimulationError


@dataclass(frozen=True)
class Waits:
    """Probabilities, in 256ths, that an input waits before a beat and that an output refuses one."""

    idle: int = 0
    stall: int = 0

    def __post_init__(self) -> None:
        for name, value in (("idle", self.idle), ("stall", self.stall)):
            require(0 <= value < 256, f"{name} {value}, of 256; choose 0 to 255")


NO_WAITS = Waits()


@contextmanager
def watching(path: Path, on_cycles: Callable[[int], None]) -> Iterator[None]:
    """Tell ``on_cycles`` what the bench writes to ``path``."""
    stop = Event()

    def watch() -> None:
        while not stop.wait(0.2):
            if path.exists() and (text := path.read_text(encoding="utf-8")):
                on_cycles(int(text))

    thread = Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def inputs(network: Network, images: NDArray[np.integer]) -> dict[str, bytes]:
    """What the bench reads to know what should come."""
    array = io.BytesIO()
    np.save(array, images)
    return {"network.safetensors": bundle.to_bytes(network), "images.npy": array.getvalue()}


def believed(job: Job, stopped: SimulationError | None) -> dict[str, Any]:
    """What the bench of ``job`` found: a simulation that failed may have; else raises why there is nothing."""
    found = job.outcomes()
    if found is None:
        raise stopped or SimulationError(f"{job.folder}: the simulation left no outcomes; run it again")
    return found
