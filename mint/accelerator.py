"""Which accelerator a command is about, from the options that were given; and what to print about it."""

from typing import TYPE_CHECKING, Any

from mint.console import console

if TYPE_CHECKING:
    from model.accelerator import AcceleratorConfig
    from model.network import Network

DATAFLOWS = ("auto", "skip")
DEFAULT_LANES = 128


def accelerator_config(
    network: "Network", lanes: int | None, share: int | None, dataflow: str, memory_kbit: int | None
) -> "AcceleratorConfig":
    """The accelerator of a network; refuses what cannot be, or not in the memories that are allowed."""
    from model.accelerator import default_share, plan, require_memory
    from model.config import require

    require(dataflow in DATAFLOWS, f"dataflow {dataflow!r}; choose one of: {', '.join(DATAFLOWS)}")
    config = plan(
        network,
        lanes=DEFAULT_LANES if lanes is None else lanes,
        lanes_per_neuron_unit=default_share(network) if share is None else share,
    )
    if memory_kbit is not None:
        require_memory(config, memory_kbit)
    return config


def print_accelerator(description: dict[str, Any], source: str) -> None:
    """What was derived from what."""
    from rich.table import Table

    parameters = description["parameters"]
    share = parameters["lanes_per_neuron_unit"]
    units = "a neuron unit each" if share == 1 else f"{share} of them a neuron unit"
    console.print(f"{source}: {parameters['lanes']} lanes, {units}; silent inputs are skipped", soft_wrap=True)
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
