"""Co-simulation of an accelerator: images in, every neuron, logit and class against the golden model."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hdl.accelerator.accelerator import Accelerator, retire_layout
from hdl.accelerator.contents import memory_texts
from hdl.folder.description import memory_files
from hdl.verilog.names import Names
from hdl.verilog.text import verilog_text
from model.accelerator.config import AcceleratorConfig
from model.golden.network import check_images
from model.network.network import Network
from sim.accelerator.config_file import CONFIG, to_bytes
from sim.accelerator.outcomes import Outcomes
from sim.accelerator.player import player_text
from sim.harness.cosimulation import NO_WAITS, Waits, believed, inputs, watching
from sim.harness.job import PROGRESS, VERILOG, Job, digest, write_files
from sim.harness.runner import simulate
from sim.harness.simulators import SimulationError

TOP = Names().accelerator
FILES = memory_files(Names())
"""What the memories hold, by the Verilog's parameters."""
CYCLES_PER_SECOND = 100
"""The slowest simulation that is waited for."""


@dataclass(frozen=True)
class Cosimulation:
    """One that is ready to run: everything that it reads lies in ``folder``."""

    network: Network
    config: AcceleratorConfig
    images: int
    folder: Path
    digests: dict[str, str]
    """SHA-256 of every file that it reads."""
    expected_cycles: int
    """Of all images, about."""


def accelerator_text(network: Network, config: AcceleratorConfig) -> str:
    """The accelerator's Verilog."""
    return verilog_text(Accelerator(config, network), TOP, FILES, initial=False)


def content_files(network: Network, config: AcceleratorConfig) -> dict[str, bytes]:
    """What its memories hold, by file name."""
    return {FILES[parameter]: text.encode() for parameter, text in memory_texts(network, config).items()}


def prepare(
    network: Network,
    images: NDArray[np.integer],
    folder: Path,
    config: AcceleratorConfig,
    *,
    cycles_an_image: int = 100_000,
    verilog: str | None = None,
) -> Cosimulation:
    """Write Verilog, network, configuration and images to ``folder``; what retires is compared if ``config`` has it.

    Another ``verilog`` takes the place of the accelerator's own.
    """
    check_images(network, images)
    folder = folder.resolve()
    text = accelerator_text(network, config) if verilog is None else verilog
    files = {VERILOG: text.encode(), **content_files(network, config)}
    files["player.v"] = player_text(config, TOP, digest(files[VERILOG])).encode()
    files[CONFIG] = to_bytes(config)
    digests = write_files(folder, files | inputs(network, images))
    count = images.shape[network.inputs.axis]
    return Cosimulation(network, config, count, folder, digests, count * cycles_an_image)


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
    to compare: the simulator is missing, the accelerator waits for ever, a result has unknown bits, or another run has
    written to the folder.
    """
    folder = prepared.folder
    settings = {
        "waits": asdict(waits),
        "batch": batch,
        "limit": 20 * max(prepared.expected_cycles // max(prepared.images, 1), 1000),
        "retire": {name: (field.offset, field.width) for name, field in retire_layout(prepared.config)},
    }
    job = Job.write(folder, prepared.digests, settings)
    stopped = None
    with watching(folder / PROGRESS, on_cycles):
        try:
            simulate(
                [folder / "player.v", folder / VERILOG],
                "player",
                "sim.accelerator.bench_accelerator",
                data=[folder / file for file in FILES.values()],
                build_dir=folder / "simulation",
                environment=job.environment,
                simulator=simulator,
                cycles=prepared.expected_cycles,
                timeout_s=300 + prepared.expected_cycles // CYCLES_PER_SECOND,
            )
        except SimulationError as error:
            stopped = error
    return Outcomes(**believed(job, stopped))
