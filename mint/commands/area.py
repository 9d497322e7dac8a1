"""``mint area``: what the hardware takes."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mint.console import console, messages, print_time, print_wide
from mint.options import Columns, PicturedFile, Rows
from mint.output import beside, pictured_file
from mint.plots import plot_area, plot_breakdown
from mint.report import checked_libraries, write_json

if TYPE_CHECKING:
    from hdl.synthesis.designs import Record
    from hdl.synthesis.flows import Flow

WORKERS = 2

NOTE = """\
GE is area in NAND2 cells; flow generic has a built-in table of cells instead of a library.
Cells are as small as they come, not sized for a clock: mint timing has those. The element
is synthesised once and counted once per instance. By Yosys alone: compare rows of a column,
not with a vendor's tool. gate_limit is W + 13 flip-flops, W full adders and 13 half adders:
a sum and its adder, and nothing else."""


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
    baseline: Annotated[
        bool, typer.Option("--baseline", help="Uniform quantisation with its multipliers, too; much longer.")
    ] = False,
    output: PicturedFile = Path("build/area.json"),
) -> None:
    """Print gates, flip-flops and FPGA cells of the PE and the array, for all nine pairs of widths, and of the
    accelerator's lanes for every weight code and neuron.

    With --baseline also uniform quantisation (uq), for equal widths: a multiplier in every element, and one per column.

    Synthesises the processing element and a whole array with Yosys: for a few generic gates, for standard-cell
    libraries, and for Xilinx 7-series, ECP5 and iCE40. Takes a few minutes on two cores.

    The JSON report is a list of records; the command and the tool versions are beside it, in area.meta.json. What the
    array's area consists of in the last library is in breakdown.json; both are there as pictures, too, .png and .svg.
    Lanes are in lanes.json, in the last library and two families of FPGAs.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from hdl.synthesis import lanes
    from hdl.synthesis.area import count_records, measure
    from hdl.synthesis.breakdown import breakdown
    from hdl.synthesis.designs import VARIANTS
    from hdl.synthesis.flows import FPGAS, Library
    from hdl.synthesis.gate_limit import limit_records
    from hdl.synthesis.liberty import libraries
    from model.config import WIDTHS, Precision

    parts = beside(output, "breakdown.json")
    pictured_file(parts)
    of_lanes = beside(output, "lanes.json")
    used = [Library(), *map(Library, libraries(liberty))]
    checksums = checked_libraries(used)
    flows: list[Flow] = [*used, *FPGAS]
    records: list[Record] = []
    with Progress(
        TextColumn("synthesising"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=messages
    ) as progress:
        equal = [Precision(width, width) for width in WIDTHS]
        variants = [variant for variant in VARIANTS if baseline or variant.scale_bits is None]
        chosen = lanes.flows_of(flows)
        count = count_records(flows, variants) + len(equal) + len(lanes.kinds()) * len(chosen)
        task = progress.add_task("", total=count)
        for done in measure(flows, rows, columns, WORKERS, variants):
            records += done
            progress.advance(task, len(done))
        # The last library is one that was asked for, or installed; the generic cells are there without one.
        library = used[-1]
        shares = {}
        for precision in equal:
            shares[str(precision)] = [asdict(share) for share in breakdown(library, precision, rows, columns)]
            progress.advance(task)
        lane_records = []
        for record in lanes.measure(chosen):
            lane_records.append(record)
            progress.advance(task)

    by_key = {record.key: record for record in records}
    ordered = [by_key[variant, flow.name] for variant in variants for flow in variant.flows(flows)]
    limits = list(limit_records(flows))
    records = [*ordered, *limits]
    write_json(output, [asdict(record) for record in records], checksums)
    write_json(parts, {"flow": library.name, "rows": rows, "columns": columns, "shares": shares}, checksums)
    write_json(of_lanes, lane_records, checksums)
    plot_area([asdict(record) for record in records], library.name, beside(output, f"{output.stem}.svg"))
    plot_breakdown(shares, library.name, beside(parts, "breakdown.svg"))
    print_table(records)
    print_shares(shares, library.name, [each for each in limits if each.flow == library.name])
    print_lanes(lane_records)
    console.print(NOTE, soft_wrap=True)
    console.print(f"written: {output}, {parts.name}, both as .png and .svg, and {of_lanes.name}", soft_wrap=True)
    print_time()


def print_shares(shares: dict[str, list[dict[str, Any]]], flow: str, limits: list["Record"]) -> None:
    """A row a part, a column a precision: gate equivalents per processing element; their sum against the limit."""
    from rich import box
    from rich.table import Table

    from model.config import Precision

    console.print(f"what an array consists of, {flow}, GE per PE", style="italic")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("part")
    for precision in shares:
        table.add_column(precision, justify="right")
    for rows in zip(*shares.values(), strict=True):
        table.add_row(rows[0]["part"], *(f"{row['gate_equivalents']:.1f}" for row in rows))
    sums = {precision: sum(row["gate_equivalents"] for row in rows) for precision, rows in shares.items()}
    least = {str(Precision(each.weight_width, each.membrane_width)): each.gate_equivalents or 0 for each in limits}
    table.add_row("all", *(f"{area:.1f}" for area in sums.values()))
    table.add_row("gate limit", *(f"{least[precision]:.1f}" for precision in sums))
    table.add_row("times the limit", *(f"{area / least[precision]:.2f}" for precision, area in sums.items()))
    console.print(table)


def print_lanes(records: list[dict[str, Any]]) -> None:
    """A row for each neuron, number of lanes and weight code, a column for each flow."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("neuron", "lanes", "weights"):
        table.add_column(heading)
    flows = list(dict.fromkeys(record["flow"] for record in records))
    for flow in flows:
        own = next(record for record in records if record["flow"] == flow)
        table.add_column(f"{flow}\n{'GE' if own['lut'] is None else 'LUT'}/FF", justify="right")
    for start in range(0, len(records), len(flows)):
        first, *_ = same = records[start : start + len(flows)]
        cells = (f"{each['lut'] or each['gate_equivalents']:.0f}/{each['flip_flops']}" for each in same)
        table.add_row(first["neuron"], str(first["lanes"]), f"{first['code']} {first['width']}", *cells)
    print_wide(table, "lanes of the accelerator with their neuron unit")


def print_table(records: list["Record"]) -> None:
    """One table for each design and bits of a scale: a row for every pair of widths, a column for every flow."""
    from rich import box
    from rich.table import Table

    for design, bits in dict.fromkeys((record.design, record.scale_bits) for record in records):
        of_design = [record for record in records if (record.design, record.scale_bits) == (design, bits)]
        first = of_design[0]
        size = f", {first.rows} x {first.columns}" if first.rows * first.columns > 1 else ""
        if bits is not None:
            size += f", scales of {bits} bits"
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for width in ("W", "U"):
            table.add_column(width, justify="right")
        rows: dict[tuple[int, int], list[str]] = {}
        for record in of_design:
            numbers = numbers_by_unit(record)
            row = rows.setdefault((record.weight_width, record.membrane_width), [])
            if len(rows) == 1:
                table.add_column(f"{record.flow}\n{'/'.join(numbers)}", justify="right")
            row.append("/".join(numbers.values()))
        for widths, row in rows.items():
            table.add_row(*map(str, widths), *row)
        print_wide(table, f"{design}{size}")


def numbers_by_unit(record: "Record") -> dict[str, str]:
    """The numbers of a record that its flow has, by unit."""
    numbers = {
        "GE": record.gate_equivalents,
        "LUT": record.lut,
        "FF": record.flip_flops,
        "um2": record.area_um2,
        "DSP": record.dsp,
    }
    return {unit: f"{number:.0f}" for unit, number in numbers.items() if number is not None}
