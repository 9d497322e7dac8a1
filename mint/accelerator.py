"""Which accelerator a command is about, from the options that were given; and what to print about it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mint.console import console

if TYPE_CHECKING:
    from collections.abc import Callable

    from model.accelerator import AcceleratorConfig
    from model.estimate import Estimate
    from model.network import Network

DEFAULT_LANES = 128
AUTO = "auto"
AUTO_IMAGES = 2
"""Test images whose cycles decide."""


def candidates(
    network: "Network",
    lanes: int | None = None,
    share: int | None = None,
    dataflow: str = AUTO,
    *,
    retire: bool = False,
) -> "list[AcceleratorConfig]":
    """The accelerators among which the cycles decide: one, unless the dataflow is ``auto``.

    All have as many adders: time-parallel lanes have one a time step, so they are fewer, unless their number is named.
    """
    from model.accelerator import DATAFLOWS, plan
    from model.config import require

    names = (AUTO, *DATAFLOWS)
    require(dataflow in names, f"dataflow {dataflow!r}; choose one of: {', '.join(names)}")
    adders = DEFAULT_LANES if lanes is None else lanes
    found = []
    if dataflow != "time-parallel":
        found.append(plan(network, lanes=adders, lanes_per_neuron_unit=share, retire=retire))
    if dataflow == "time-parallel" or (dataflow == AUTO and share in (None, 1) and network.time_steps > 1):
        rows = 1 if dataflow == "time-parallel" and lanes is not None else network.time_steps
        found.append(
            plan(
                network,
                lanes=max(1, adders // rows),
                lanes_per_neuron_unit=share,
                dataflow="time-parallel",
                retire=retire,
            )
        )
    return found


def fastest(
    configs: "list[AcceleratorConfig]", estimate: "Callable[[AcceleratorConfig], Estimate]"
) -> "tuple[AcceleratorConfig, Estimate]":
    """The first that takes the fewest cycles; says what each takes."""
    found = [estimate(config) for config in configs]
    cycles = [float(each.cycles.mean()) for each in found]
    if len(configs) > 1:
        taken = ", ".join(
            f"{config.dataflow} with {config.lanes} lanes {count:,.0f}"
            for config, count in zip(configs, cycles, strict=True)
        )
        console.print(f"cycles an image by dataflow: {taken}", soft_wrap=True)
    best = cycles.index(min(cycles))
    return configs[best], found[best]


def accelerator_config(
    network: "Network",
    configs: "list[AcceleratorConfig]",
    *,
    memory_kbit: int | None = None,
    dataset: str | None = None,
    data_dir: Path | None = None,
) -> "AcceleratorConfig":
    """The fastest on the first test images; refuses what does not fit the memories that are allowed."""
    from model.accelerator import require_memory
    from model.estimate import measured
    from model.sample_images import some_images

    config = configs[0]
    if len(configs) > 1:
        images, _ = some_images(network, AUTO_IMAGES, dataset, data_dir)
        config, _ = fastest(configs, lambda config: measured(network, config, images))
    if memory_kbit is not None:
        require_memory(config, memory_kbit)
    return config


def print_accelerator(description: dict[str, Any], source: str) -> None:
    """What was derived from what."""
    from rich.table import Table

    parameters = description["parameters"]
    share = parameters["lanes_per_neuron_unit"]
    units = "a neuron unit each" if share == 1 else f"{share} of them a neuron unit"
    rows = "" if parameters["rows"] == 1 else f" of {parameters['rows']} rows, one a time step"
    console.print(f"{source}: {parameters['lanes']} lanes{rows}, {units}; silent inputs are skipped", soft_wrap=True)
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
