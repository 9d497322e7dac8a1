"""Co-simulation of a network: its images through the generated Verilog, every number against the golden model."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdl.array.contents import memory_images
from hdl.array.systolic_array import SystolicArray
from hdl.array.tiling import tilings
from hdl.verilog.text import verilog_text
from model.array import ArrayConfig
from model.golden.network import check_images
from model.network.network import Network
from sim.array.player import player_text
from sim.harness.cosimulation import NO_WAITS, Waits, believed, inputs, watching
from sim.harness.job import PROGRESS, VERILOG, Job, digest, write_files
from sim.harness.runner import config_environment, simulate
from sim.harness.simulators import SimulationError

TOP = "mint_array"
CYCLES_PER_SECOND = 100
"""The slowest simulation that is waited for."""


@dataclass(frozen=True)
class Loss:
    """A fault on purpose: beat ``beat`` of ``layer``'s i_spikes is offered for one cycle, taken or not."""

    layer: str
    beat: int


@dataclass(frozen=True)
class Outcomes:
    """What a co-simulation found: numbers compared, cycles of each layer over all images, logits [N][classes]."""

    images: int
    comparisons: int
    mismatches: int
    first: str | None
    cycles: dict[str, int]
    seconds: float
    logits: list[list[int]]

    @property
    def total_cycles(self) -> int:
        return sum(self.cycles.values())

    @property
    def cycles_per_second(self) -> float:
        return self.total_cycles / self.seconds if self.seconds else 0.0

    def report(self) -> dict[str, Any]:
        """What a file says of it."""
        return {
            "images": self.images,
            "comparisons": self.comparisons,
            "mismatches": self.mismatches,
            "first_mismatch": self.first,
            "cycles": self.total_cycles,
            "layers": self.cycles,
            "seconds": round(self.seconds, 3),
            "cycles_per_second": round(self.cycles_per_second),
        }


@dataclass(frozen=True)
class Cosimulation:
    """One that is ready to run: everything that it reads lies in ``folder``."""

    network: Network
    config: ArrayConfig
    images: int
    folder: Path
    digests: dict[str, str]
    """SHA-256 of every file that it reads."""

    @property
    def cycles(self) -> int:
        """What it takes without waits."""
        return self.images * sum(tiling.cycles for tiling in tilings(self.network, self.config).values())


def prepare(
    network: Network,
    images: NDArray[np.integer],
    folder: Path,
    *,
    rows: int = 16,
    columns: int = 8,
    retire: bool = True,
) -> Cosimulation:
    """Write Verilog, memory images, network and input to ``folder``."""
    check_images(network, images)
    config = network.array_config(rows=rows, columns=columns, retire=retire)
    folder = folder.resolve()
    array = SystolicArray(config)
    verilog = verilog_text(array, TOP)
    files = {VERILOG: verilog, "player.v": player_text(array, TOP, digest(verilog.encode()))}
    files |= {image.file: image.text for image in memory_images(network, config)}
    digests = write_files(folder, {name: text.encode() for name, text in files.items()} | inputs(network, images))
    count = images.shape[network.inputs.axis]
    return Cosimulation(network, config, count, folder, digests)


def run(
    prepared: Cosimulation,
    *,
    waits: Waits = NO_WAITS,
    loss: Loss | None = None,
    simulator: str = "icarus",
    on_cycles: Callable[[int], None] = lambda cycles: None,
) -> Outcomes:
    """Run it; ``on_cycles`` hears now and then how many have passed.

    A mismatch is no exception, but stands in what is returned. Raises :class:`SimulationError` where there
    is nothing to compare: the simulator is missing, the array waits for ever, a result has unknown bits, without waits
    the cycles are not those that the host expects, or another run has written to the folder.
    """
    folder = prepared.folder
    settings = {"waits": asdict(waits), "loss": asdict(loss) if loss else None}
    job = Job.write(folder, prepared.digests, settings)
    stopped = None
    with watching(folder / PROGRESS, on_cycles):
        try:
            simulate(
                [folder / "player.v", folder / VERILOG],
                "player",
                "sim.array.bench_network",
                build_dir=folder / "simulation",
                environment={**job.environment, **config_environment(prepared.config)},
                simulator=simulator,
                cycles=prepared.cycles,
                timeout_s=120 + prepared.cycles // CYCLES_PER_SECOND,
            )
        except SimulationError as error:
            stopped = error
    return Outcomes(**believed(job, stopped))
