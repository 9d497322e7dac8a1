"""``mint verilog``: a network's accelerator, or the array alone, as Verilog with all that it needs."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mint import api
from mint.console import console
from mint.options import (
    AskedColumns,
    AskedLanes,
    AskedMembraneWidth,
    AskedRows,
    AskedWeightWidth,
    Bundle,
    DataDir,
    Dataflow,
    DatasetName,
    InputStream,
    LanesPerNeuronUnit,
    MemoryLimit,
    State,
)
from mint.report import makers

if TYPE_CHECKING:
    from hdl.verilog.names import Names
    from model.array import ArrayConfig
    from model.config import Precision
    from model.network.network import Network

TOPS = ("accelerator", "array")

ROWS, COLUMNS = 16, 8


def verilog(
    weight_width: AskedWeightWidth = None,
    membrane_width: AskedMembraneWidth = None,
    bundle: Bundle = None,
    top: Annotated[
        str | None,
        typer.Option(
            "--top",
            metavar="NAME",
            help="accelerator: the whole network; array: its heart alone. Without it, the accelerator if there is a "
            "network, unless rows or columns are named.",
        ),
    ] = None,
    lanes: AskedLanes = None,
    lanes_per_neuron_unit: LanesPerNeuronUnit = None,
    dataflow: Dataflow = "skip",
    input_stream: InputStream = "frames",
    state: State = None,
    memory_kbit: MemoryLimit = None,
    images: Annotated[
        int | None, typer.Option("--images", metavar="N", help="Images for the accelerator's testbench; without it, 2.")
    ] = None,
    dataset: DatasetName = None,
    data_dir: DataDir = None,
    rows: AskedRows = None,
    columns: AskedColumns = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FOLDER", help="Where the files go; without it, build/w4u4 and so on."),
    ] = None,
    clock_mhz: Annotated[
        float | None,
        typer.Option("--clock-mhz", metavar="F", help="The clock in the files of constraints; without it, 50."),
    ] = None,
    vivado: Annotated[
        bool, typer.Option("--vivado", help="Add the attributes that Vivado's block designs look for to the ports.")
    ] = False,
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="NAME", help="What every module and file begins with; without it, mint."),
    ] = None,
) -> None:
    """Write the accelerator that runs a network as Verilog-2001, ready to simulate; or the array alone.

    The accelerator's folder stands alone: mint.v, its memories in mint_*.hex, testbench.v with golden vectors in
    vectors/ (iverilog -g2005 -o t.vvp testbench.v mint.v && vvp t.vvp), mint.core for FuseSoC, the clock in
    mint.sdc, mint.xdc and mint.lpf, README.md, and mint.json: ports, parameters, widths and why, layers, memories. The
    test images are the first ones of the network's data set if that is at hand, else drawn. Accelerators of different
    names fit into one chip.

    The array's folder has mint.v, mint.json and the memory images of its host. Its accumulators are as wide as the
    network needs, the leaks those that it uses; a pair of widths that no network ships for gives the array with room
    for 13 bits beyond a weight.

    The same input gives the same bytes. mint.json also lists all files by SHA-256: a later run replaces and removes
    only what is listed and unchanged, and refuses a folder where another file is in the way.
    """
    from hdl.verilog.names import Names
    from model.errors import require
    from model.network.choice import choose

    names = Names() if name is None else Names(name)
    precision, path, network = choose(bundle, weight_width, membrane_width)
    sized = rows is not None or columns is not None
    asked = [lanes, lanes_per_neuron_unit, state, memory_kbit, images, dataset, data_dir, clock_mhz, vivado or None]
    top = top or ("array" if network is None or sized else "accelerator")
    require(top in TOPS, f"top {top!r}; choose one of: {', '.join(TOPS)}")
    require(top == "array" or not sized, "rows and columns are the array's; choose --lanes, or --top array")
    require(
        top == "accelerator"
        or (all(option is None for option in asked) and (dataflow, input_stream) == ("skip", "frames")),
        "lanes, dataflow, input stream, state, memory, test images, clock and Vivado's attributes are the "
        "accelerator's; choose --rows and --columns, or a network and --top accelerator",
    )
    folder = output or Path("build") / str(precision)
    if top == "array":
        _array(precision, path, network, rows or ROWS, columns or COLUMNS, folder, bundle, names)
        return

    require(network is not None, f"no network of {precision} ships; name yours with --bundle, or take --top array")
    assert network is not None
    assert path is not None
    description, texts = api.generate(
        network,
        folder,
        count=2 if images is None else images,
        dataset=dataset,
        data_dir=data_dir,
        lanes=lanes,
        lanes_per_neuron_unit=lanes_per_neuron_unit,
        dataflow=dataflow,
        input_stream=input_stream,
        state=state,
        memory_kbit=memory_kbit,
        name=names.name,
        clock_mhz=clock_mhz,
        vivado=vivado,
    )
    _print_accelerator(description, path.name)
    console.print(f"test images: {description['vectors']['source']}", soft_wrap=True)
    design, bench = names(".v"), f"{names.testbench}.v"
    lines = texts[design].count("\n")
    others = ", ".join(file for file in texts if file != design)
    console.print(f"written: {folder}/{design} ({lines:,} lines), {others}", soft_wrap=True)
    console.print(
        f"next:    cd {shlex.quote(str(folder))} && "
        f"iverilog -g2005 -o testbench.vvp {bench} {design} && vvp testbench.vvp",
        soft_wrap=True,
    )


def _print_accelerator(description: dict[str, Any], source: str) -> None:
    """What was derived from what."""
    from rich.table import Table

    parameters = description["parameters"]
    share = parameters["lanes_per_neuron_unit"]
    units = "a neuron unit each" if share == 1 else f"{share} of them a neuron unit"
    console.print(f"{source}: {parameters['lanes']} lanes, {units}; silent inputs are skipped", soft_wrap=True)
    if parameters["rows"] > 1:
        table = Table("layer", "dataflow", "rows", "lanes per row", "groups")
        for layer in description["layers"]:
            table.add_row(*(str(layer[key]) for key in ("name", "dataflow", "rows", "row_lanes", "groups")))
        console.print(table)
    table = Table("", "bits", "why")
    for name, width in description["widths"].items():
        table.add_row(name, str(width["bits"]), width["why"])
    console.print(table)
    table = Table("memory", "words", "bits per word", "kbit")
    for column in table.columns[1:]:
        column.justify = "right"
    for memory in description["memories"]:
        words, bits = memory["words"], memory["word_bits"]
        table.add_row(memory["name"], f"{words:,}", f"{bits:,}", f"{words * bits / 1024:,.1f}")
    console.print(table)


def _array(
    precision: "Precision",
    path: Path | None,
    network: "Network | None",
    rows: int,
    columns: int,
    folder: Path,
    bundle: Path | None,
    names: "Names",
) -> None:
    """Write the array, and its host's memories if there is a network."""
    import json

    from hdl.array.contents import memory_images
    from hdl.array.description import MEMORY_FOLDER, describe
    from hdl.array.systolic_array import SystolicArray
    from hdl.folder.listing import write_folder
    from hdl.verilog.text import verilog_text
    from model.array import ArrayConfig

    if network is None:
        width = precision.code.accumulator_width
        config = ArrayConfig(
            precision=precision, neurons=precision.lifs(1), rows=rows, columns=columns, accumulator_width=width
        )
    else:
        config = network.array_config(rows=rows, columns=columns)

    # Everything is there before the first file is written.
    array = SystolicArray(config)
    design = names(".v")
    description = describe(array, names.array, network) | {"verilog": design, "tools": makers()}
    images = [] if network is None else memory_images(network, config)
    texts = {design: verilog_text(array, names.array), "mint.json": json.dumps(description, indent=1) + "\n"}
    texts |= {f"{MEMORY_FOLDER}/{image.file}": image.text for image in images}

    write_folder(folder, texts)
    _print_array(description, config, path)
    lines = texts[design].count("\n")
    console.print(
        f"written: {folder}/{design} ({lines:,} lines), mint.json, {len(images)} memory images", soft_wrap=True
    )
    console.print(f"next:    {_next(folder / design, config, path, bundle)}", soft_wrap=True)


def _print_array(description: dict[str, Any], config: "ArrayConfig", path: Path | None) -> None:
    """What was derived from what."""
    from rich.table import Table

    source = f"for {path.name}" if path else "the array alone, as no network of these widths ships"
    console.print(f"{config.precision}, {config.rows} x {config.columns} processing elements, {source}")
    table = Table("", "bits", "why")
    for name, width in description["widths"].items():
        table.add_row(name, str(width["bits"]), width["why"])
    console.print(table)
    if description["layers"]:
        headings = ("layer", "tiles", "fan-in", "passes", "cycles per tile", "cycles")
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


def _next(design: Path, config: "ArrayConfig", path: Path | None, bundle: Path | None) -> str:
    """The command to type next."""
    if path is None:
        return f"iverilog -g2001 -t null {shlex.quote(str(design))}"
    sizes = f" ROWS={config.rows} COLUMNS={config.columns}" if (config.rows, config.columns) != (16, 8) else ""
    named = " " + shlex.quote(f"BUNDLE={bundle}") if bundle else ""
    return f"make cosim W={config.weight_width} U={config.membrane_width} IMAGES=1{sizes}{named}"
