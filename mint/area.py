"""``mint area``: what the hardware takes."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mint.console import console, messages
from mint.options import Columns, Rows
from mint.report import write_json

if TYPE_CHECKING:
    from hdl.area import Record

WORKERS = 2

NOTE = """\
GE: area divided by that of the library's NAND2. Flow generic has a built-in table of cells instead of a library.
The same Yosys commands for every row: compare rows, not with a vendor's tool. Adders are ripple-carry in the
cell flows. Identical modules of an array are synthesised once and counted as often as they are instantiated."""


def area(
    rows: Rows = 16,
    columns: Columns = 8,
    liberty: Annotated[
        list[Path] | None,
        typer.Option(
            "--liberty",
            metavar="FILE",
            help="Standard-cell library, .lib or .lib.gz; may be given several times. Without it, Debian's "
            "qflow-tech-osu035 if it is installed.",
        ),
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where the JSON report goes.")] = Path(
        "build/area.json"
    ),
) -> None:
    """Print gates, flip-flops and FPGA cells of the PE and the array, for all nine pairs of widths.

    Synthesises the processing element and a whole array with Yosys: for a few generic gates, for standard-cell
    libraries, and for Xilinx 7-series, ECP5 and iCE40. Takes a few minutes on two cores.

    The JSON report is a list of records; the command and the tool versions are beside it, in area.meta.json.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from hdl.area import DESIGNS, PRECISIONS, count_records, measure
    from hdl.liberty import installed_libraries
    from hdl.synthesis import FPGAS, Library

    flows = [Library(), *map(Library, liberty or installed_libraries()), *FPGAS]
    records: list[Record] = []
    with Progress(
        TextColumn("synthesising"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=messages
    ) as progress:
        task = progress.add_task("", total=count_records(flows))
        for done in measure(flows, rows, columns, WORKERS):
            records += done
            progress.advance(task, len(done))

    order = {
        (design, precision.weight_width, precision.membrane_width, flow.name): None
        for design in DESIGNS
        for precision in PRECISIONS
        for flow in flows
    }
    by_key = {record.key: record for record in records}
    records = [by_key[key] for key in order]
    write_json(output, [asdict(record) for record in records])
    print_table(records)
    console.print(NOTE)
    console.print(f"written: {output}", soft_wrap=True)


def print_table(records: list["Record"]) -> None:
    """One table for each design: a row for every pair of widths, a group of columns for every flow."""
    from rich.table import Table

    for design in dict.fromkeys(record.design for record in records):
        of_design = [record for record in records if record.design == design]
        first = of_design[0]
        size = f", {first.rows} x {first.columns}" if first.rows * first.columns > 1 else ""
        table = Table(title=f"{design}{size}", title_justify="left")
        for width in ("W", "U"):
            table.add_column(width, justify="right")
        for flow in dict.fromkeys(record.flow for record in of_design):
            one = next(record for record in of_design if record.flow == flow)
            for unit in units(one):
                table.add_column(f"{flow}\n{unit}", justify="right")
        for widths in dict.fromkeys((record.weight_width, record.membrane_width) for record in of_design):
            row = [
                number
                for record in of_design
                if (record.weight_width, record.membrane_width) == widths
                for number in units(record).values()
            ]
            table.add_row(*map(str, widths), *row)
        console.print(table)


def units(record: "Record") -> dict[str, str]:
    """The numbers of a record that its flow has, by unit."""
    numbers = {
        "GE": record.gate_equivalents,
        "um2": record.area_um2,
        "LUT": record.lut,
        "FF": record.flip_flops,
        "DSP": record.dsp,
    }
    return {unit: f"{number:,.0f}" for unit, number in numbers.items() if number is not None}
