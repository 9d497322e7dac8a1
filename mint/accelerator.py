"""Which accelerator a command is about, from the options that were given; and what to print about it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mint.console import console

if TYPE_CHECKING:
    from collections.abc import Callable

    from model.accelerator.config import AcceleratorConfig
    from model.datasets.inputs import Images
    from model.network.network import Network

DEFAULT_LANES = 128
AUTO = "auto"
ROWS = {"time-parallel": "time steps", "systolic": "positions"}
AUTO_IMAGES = 2
"""Test images whose cycles decide."""


def accelerator_config(
    network: "Network",
    lanes: int | None = None,
    share: int | None = None,
    dataflow: str = AUTO,
    *,
    cycles: "Callable[[AcceleratorConfig, int], float] | None" = None,
    memory_kbit: str | None = None,
    dataset: str | None = None,
    data_dir: Path | None = None,
    retire: bool = False,
) -> "AcceleratorConfig":
    """The accelerator that was asked for; refuses what does not fit the memories that are allowed.

    ``auto`` takes for each layer what needs the fewest ``cycles``, without them those on the first test images; where
    that does not fit, what needs no more weights than ``skip``.
    """
    from model.accelerator.config import DATAFLOWS, STREAMING
    from model.accelerator.dataflow import fastest
    from model.accelerator.estimate import measured_layer
    from model.accelerator.memory_limits import memory_limits, missing, require_memory
    from model.accelerator.plan import plan
    from model.datasets.samples import some_images
    from model.errors import require

    names = (AUTO, *DATAFLOWS, STREAMING)
    require(dataflow in names, f"dataflow {dataflow!r}; choose one of: {', '.join(names)}")
    limits = {} if memory_kbit is None else memory_limits(memory_kbit)
    lanes = DEFAULT_LANES if lanes is None else lanes
    if dataflow != AUTO or share not in (None, 1):
        named = DATAFLOWS[0] if dataflow == AUTO else dataflow
        config = plan(network, lanes=lanes, lanes_per_neuron_unit=share, dataflow=named, retire=retire)
    else:
        plan(network, lanes=lanes, retire=retire)  # what cannot run at all is refused before anything is counted
        if cycles is None:
            cycles = measured_layer(network, some_images(network, AUTO_IMAGES, dataset, data_dir)[0])
        for copies in (True, False):
            chosen = fastest(network, lanes, cycles, copies=copies)
            config = plan(network, lanes=lanes, lanes_per_neuron_unit=share, dataflow=chosen, retire=retire)
            if missing(config, limits) is None:
                break
    require_memory(config, limits)
    return config


def cycles_by(network: "Network", images: "Images") -> "Callable[[AcceleratorConfig, int], float]":
    """Cycles of a layer on the first of ``images``."""
    from model.accelerator.estimate import measured_layer

    return measured_layer(network, images.first(network, min(AUTO_IMAGES, images.count(network))))


def rows_of(dataflow: str, rows: int) -> str:
    """A layer's choice in words."""
    return f"{rows} {ROWS[dataflow]}" if rows > 1 else dataflow


def print_accelerator(description: dict[str, Any], source: str) -> None:
    """What was derived from what."""
    from rich.table import Table

    parameters = description["parameters"]
    share = parameters["lanes_per_neuron_unit"]
    units = "a neuron unit each" if share == 1 else f"{share} of them a neuron unit"
    console.print(f"{source}: {parameters['lanes']} lanes, {units}; silent inputs are skipped", soft_wrap=True)
    if parameters["rows"] > 1:
        table = Table("layer", "dataflow", "rows", "lanes a row", "groups")
        for layer in description["layers"]:
            table.add_row(*(str(layer[key]) for key in ("name", "dataflow", "rows", "row_lanes", "groups")))
        console.print(table)
    table = Table("", "bits", "why")
    for name, width in description["widths"].items():
        table.add_row(name, str(width["bits"]), width["why"])
    console.print(table)
    table = Table("memory", "words", "bits a word", "kbit")
    for column in table.columns[1:]:
        column.justify = "right"
    for memory in description["memories"]:
        words, bits = memory["words"], memory["word_bits"]
        table.add_row(memory["name"], f"{words:,}", f"{bits:,}", f"{words * bits / 1024:,.1f}")
    console.print(table)
