"""``mint timing``: how fast the hardware is, in cells and on a chip."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mint.console import console, messages, print_time, print_wide
from mint.options import Columns, PicturedFile, Rows
from mint.output import beside, report_file
from mint.plots import plot_area
from mint.report import checked_libraries, write_json

if TYPE_CHECKING:
    from hdl.synthesis.timing import Record

WORKERS = 2
TOP = "mint_array"

NOTE = """\
Cells: OpenSTA, register to register, ideal clock, no wires; area and path are of the same netlist,
which ABC sized for the period. Routed: nextpnr on an ECP5-85, wires included, median of the seeds."""


def timing(
    rows: Rows = 16,
    columns: Columns = 8,
    liberty: Annotated[
        Path | None,
        typer.Option(
            "--liberty",
            metavar="FILE",
            help="Standard-cell library, .lib or .lib.gz. Without it, Debian's qflow-tech-osu035 if it is installed.",
        ),
    ] = None,
    period: Annotated[
        float, typer.Option("--period", min=0.001, metavar="NS", help="The clock's period that cells are sized for.")
    ] = 0.8,
    seeds: Annotated[
        int, typer.Option("--seeds", min=0, help="Place and route on ECP5 as often; 0: not at all (minutes each).")
    ] = 3,
    first_seed: Annotated[int, typer.Option("--first-seed", min=0, help="Of place and route; the others follow.")] = 1,
    baseline: Annotated[bool, typer.Option("--baseline/--no-baseline", help="Time uniform quantisation, too.")] = True,
    scale_bits: Annotated[
        list[int] | None,
        typer.Option(
            "--scale-bits",
            min=2,
            max=32,
            help="Time nothing but uniform quantisation with shared multipliers, and scales of so many bits; may be "
            "given several times.",
        ),
    ] = None,
    own_multipliers: Annotated[
        bool,
        typer.Option(
            "--own-multipliers",
            help="Time nothing but uniform quantisation's whole array with a multiplier in every element: a million "
            "cells, minutes each. The others have one element of it.",
        ),
    ] = False,
    output: PicturedFile = Path("build/timing.json"),
) -> None:
    """Print the critical path of the array in a standard-cell library, and its clock when routed on an FPGA.

    The cells' report is a list of records with the area of the same netlist, drawn beside the gate limit in a .png and
    an .svg; the routed one, a record a seed, goes to routing.json.
    """
    from concurrent.futures import ThreadPoolExecutor

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from hdl.synthesis.designs import FEW_SCALE_BITS, Variant
    from hdl.synthesis.flows import Library
    from hdl.synthesis.gate_limit import limit_records
    from hdl.synthesis.liberty import installed_libraries
    from hdl.synthesis.place_and_route import place_and_route
    from hdl.synthesis.timing import measure
    from model.baseline.config import SCALE_BITS
    from model.config import WIDTHS, Precision
    from model.errors import require

    routing = beside(output, "routing.json")
    report_file(routing)
    found = [liberty] if liberty else installed_libraries()
    require(bool(found), "there is no library to time; name one with --liberty, or: apt install qflow-tech-osu035")
    library = Library(found[0], period)
    checksums = checked_libraries([library])
    precisions = [Precision(width, width) for width in WIDTHS]
    if scale_bits:
        designs: list[tuple[str, int | None]] = [("uq_shared_array", bits) for bits in scale_bits]
    elif own_multipliers:
        designs = [("uq_array", SCALE_BITS)]
    else:
        designs = [(TOP, None)]
        if baseline:
            designs += [("uq_pe", SCALE_BITS), *(("uq_shared_array", bits) for bits in (SCALE_BITS, *FEW_SCALE_BITS))]
    variants = [Variant(design, precision, bits) for design, bits in designs for precision in precisions]

    def route(variant: Variant, seed: int) -> dict[str, Any]:
        precision = variant.precision
        widths = {"weight_width": precision.weight_width, "membrane_width": precision.membrane_width}
        routed = place_and_route(variant.verilog(rows, columns), variant.design, seed=seed)
        return {"design": variant.design, **widths, "rows": rows, "columns": columns, **asdict(routed)}

    with (
        Progress(
            TextColumn("timing"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=messages
        ) as progress,
        ThreadPoolExecutor(WORKERS) as pool,
    ):
        task = progress.add_task("", total=len(variants) + seeds * len(precisions))
        timed = [pool.submit(measure, variant, library, rows, columns) for variant in variants]
        routed = [
            pool.submit(route, Variant(TOP, precision), first_seed + number)
            for precision in precisions
            for number in range(seeds)
        ]
        try:
            for record in timed:
                record.result()
                progress.advance(task)
            for one in routed:
                one.result()
                progress.advance(task)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise

    records = [job.result() for job in timed]
    write_json(output, [asdict(record) for record in records], checksums)
    limits = [asdict(limit) for limit in limit_records([Library(found[0])])]
    plot_area([*map(asdict, records), *limits], library.name, beside(output, f"{output.stem}.svg"))
    print_cells(records)
    written = [str(output), "its areas as .png and .svg"]
    if seeds:
        write_json(routing, [job.result() for job in routed])
        print_routed([job.result() for job in routed])
        written.append(routing.name)
    console.print(NOTE, soft_wrap=True)
    console.print(f"written: {', '.join(written)}", soft_wrap=True)
    print_time()


def print_cells(records: list["Record"]) -> None:
    """A row a design: what its netlist takes and how fast it is."""
    from rich import box
    from rich.table import Table

    first = records[0]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("design", "W/U", "GE", "GE per PE", "um2", "path ns", "MHz", "ABC ns"):
        table.add_column(heading, justify="left" if heading == "design" else "right", no_wrap=True)
    for record in records:
        bits = f", {record.scale_bits} bits" if record.scale_bits else ""
        elements = record.rows * record.columns
        table.add_row(
            record.design + bits,
            f"{record.weight_width}/{record.membrane_width}",
            f"{record.gate_equivalents:,.0f}",
            f"{record.gate_equivalents / elements:,.0f}",
            f"{record.area_um2:,.0f}",
            f"{record.critical_path_ns:.3f}",
            f"{record.clock_mhz:,.0f}",
            f"{record.abc_delay_ns:.3f}",
        )
    print_wide(table, f"{first.flow}, sized for {first.period_ns} ns")


def print_routed(records: list[dict[str, Any]]) -> None:
    """A row a precision: the median of its seeds."""
    from statistics import median

    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("W/U", "MHz", "from", "to", "LUT", "FF", "DSP"):
        table.add_column(heading, justify="right", no_wrap=True)
    for widths in dict.fromkeys((record["weight_width"], record["membrane_width"]) for record in records):
        of_widths = [record for record in records if (record["weight_width"], record["membrane_width"]) == widths]
        clocks = [record["fmax_mhz"] for record in of_widths]
        first = of_widths[0]
        table.add_row(
            "/".join(map(str, widths)),
            *(f"{clock:.1f}" for clock in (median(clocks), min(clocks), max(clocks))),
            *(f"{first[key]:,}" for key in ("lut", "flip_flops", "dsp")),
        )
    print_wide(table, "routed on ECP5-85")
