"""Co-simulation of an accelerator: images in, every neuron, logit and class against the golden model."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hdl.accelerator import Accelerator
from hdl.verilog import write_verilog
from model import bundle
from model.accelerator import SKIP, AcceleratorConfig, Choice
from model.golden.network import check_images
from model.network import Network
from model.plan import plan
from sim.accelerator_player import player_text
from sim.cosim import FOLDER_VARIABLE, NO_WAITS, Waits, watching
from sim.runner import simulate
from sim.simulators import SimulationError

TOP = "mint_accelerator"
CYCLES_PER_SECOND = 100
"""The slowest simulation that is waited for."""


@dataclass(frozen=True)
class Outcomes:
    """What a co-simulation found.

    ``latency`` is from the first beat on offer to the first image's class; ``intervals`` are from the class before to
    each image's own, while images follow each other without a pause; ``cycles`` are all that were simulated.
    """

    images: int
    comparisons: int
    mismatches: int
    first: str | None
    latency: int
    intervals: list[int]
    cycles: int
    seconds: float
    logits: list[list[int]]

    @property
    def cycles_per_second(self) -> float:
        return self.cycles / self.seconds if self.seconds else 0.0


@dataclass(frozen=True)
class Cosimulation:
    """One that is ready to run: everything that it reads lies in ``folder``."""

    network: Network
    config: AcceleratorConfig
    images: int
    folder: Path
    expected_cycles: int
    """Of all images, about."""


def prepare(
    network: Network,
    images: NDArray[np.integer],
    folder: Path,
    *,
    lanes: int = 128,
    lanes_per_neuron_unit: int | None = None,
    dataflow: str | Sequence[Choice] = SKIP,
    retire: bool = True,
    cycles_an_image: int = 100_000,
) -> Cosimulation:
    """Write Verilog, network and images to ``folder``."""
    check_images(network, images)
    config = plan(network, lanes=lanes, lanes_per_neuron_unit=lanes_per_neuron_unit, dataflow=dataflow, retire=retire)
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    write_verilog(folder / "mint.v", Accelerator(config, network), TOP)
    (folder / "player.v").write_text(player_text(config, TOP), encoding="utf-8")
    bundle.write(network, folder / "network.safetensors")
    np.save(folder / "images.npy", images)
    count = images.shape[1 if network.input_kind == "spikes" else 0]
    return Cosimulation(network, config, count, folder, count * cycles_an_image)


def run(
    prepared: Cosimulation,
    *,
    waits: Waits = NO_WAITS,
    simulator: str = "icarus",
    batch: int = 50,
    on_cycles: Callable[[int], None] = lambda cycles: None,
) -> Outcomes:
    """Run it, ``batch`` images at a time; ``on_cycles`` hears now and then how many have passed.

    A mismatch is no exception, but stands in what is returned. Raises :class:`SimulationError` where there is nothing
    to compare: the simulator is missing, the accelerator waits for ever, or a result has unknown bits.
    """
    folder, config = prepared.folder, prepared.config
    results, progress = folder / "outcomes.json", folder / "progress"
    for path in (results, progress):
        path.unlink(missing_ok=True)
    job = {
        "waits": asdict(waits),
        "batch": batch,
        "limit": 20 * max(prepared.expected_cycles // max(prepared.images, 1), 1000),
        "lanes": config.lanes,
        "lanes_per_neuron_unit": config.lanes_per_neuron_unit,
        "dataflow": config.choices,
        "retire": config.retire,
    }
    (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
    with watching(progress, on_cycles):
        try:
            simulate(
                [folder / "player.v", folder / "mint.v"],
                "player",
                "sim.bench_accelerator",
                build_dir=folder / "simulation",
                environment={FOLDER_VARIABLE: str(folder)},
                simulator=simulator,
                cycles=prepared.expected_cycles,
                timeout_s=300 + prepared.expected_cycles // CYCLES_PER_SECOND,
            )
        except SimulationError:
            if not results.exists():
                raise
    return Outcomes(**json.loads(results.read_text(encoding="utf-8")))
