"""Which accelerator is meant by lanes, a dataflow and a limit of memory."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from model.accelerator.config import STREAMING, AcceleratorConfig
from model.accelerator.dataflow import fastest
from model.accelerator.estimate import measured_layer
from model.accelerator.events import FRAMES
from model.accelerator.layer_plan import DATAFLOWS
from model.accelerator.memory_limits import memory_limits, missing, require_memory
from model.accelerator.plan import plan
from model.datasets.samples import some_images
from model.errors import require
from model.network.network import Network

DEFAULT_LANES = 128
AUTO = "auto"
ROWS = {"time-parallel": "time steps", "systolic": "positions"}
AUTO_IMAGES = 2
"""Test images whose cycles decide."""


def accelerator_config(
    network: Network,
    lanes: int | None = None,
    share: int | None = None,
    dataflow: str = AUTO,
    *,
    cycles: Callable[[AcceleratorConfig, int], float] | None = None,
    input_stream: str = FRAMES,
    memory_kbit: str | None = None,
    dataset: str | None = None,
    data_dir: Path | None = None,
    retire: bool = False,
) -> AcceleratorConfig:
    """The accelerator that was asked for; refuses what does not fit the memories that are allowed.

    ``auto`` takes for each layer what needs the fewest ``cycles``, without them those on the first test images; where
    that does not fit, what needs no more weights than ``skip``.
    """
    names = (AUTO, *DATAFLOWS, STREAMING)
    require(dataflow in names, f"dataflow {dataflow!r}; choose one of: {', '.join(names)}")
    limits = {} if memory_kbit is None else memory_limits(memory_kbit)
    lanes = DEFAULT_LANES if lanes is None else lanes
    options: dict[str, Any] = {"lanes": lanes, "input_stream": input_stream, "retire": retire}
    if dataflow != AUTO or share not in (None, 1):
        named = DATAFLOWS[0] if dataflow == AUTO else dataflow
        config = plan(network, lanes_per_neuron_unit=share, dataflow=named, **options)
    else:
        plan(network, **options)  # what cannot run at all is refused before anything is counted
        if cycles is None:
            cycles = measured_layer(network, some_images(network, AUTO_IMAGES, dataset, data_dir)[0])
        for copies in (True, False):
            chosen = fastest(network, lanes, cycles, copies=copies)
            config = plan(network, lanes_per_neuron_unit=share, dataflow=chosen, **options)
            if missing(config, limits) is None:
                break
    require_memory(config, limits)
    return config


def cycles_by(network: Network, images: NDArray[Any]) -> Callable[[AcceleratorConfig, int], float]:
    """Cycles of a layer on the first of ``images``."""
    samples = network.inputs.axis
    return measured_layer(network, images.take(range(min(AUTO_IMAGES, images.shape[samples])), samples))


def rows_of(dataflow: str, rows: int) -> str:
    """A layer's choice in words."""
    return f"{rows} {ROWS[dataflow]}" if rows > 1 else dataflow
