"""``mint memory``: how much weights and membranes take."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mint.console import console, print_wide
from mint.options import NetworkDataset, NetworkName, NetworkWidth
from mint.output import beside, pictured_file
from mint.report import write_json

if TYPE_CHECKING:
    from model.network.network import Network

WIDTHS = (32, 8, 5, 4, 2)
"""Bits of weights and membranes that the table has a row for."""
BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
"""Of the plot."""


def memory(
    network: NetworkName = "vgg9",
    batch: Annotated[int, typer.Option("--batch", min=1, help="Images at a time.")] = 50,
    time_steps: Annotated[int, typer.Option("--time-steps", "-T", min=1, help="Time steps T.")] = 8,
    width: NetworkWidth = 1.0,
    dataset: NetworkDataset = None,
    output: Annotated[
        Path,
        typer.Option(
            "--json", metavar="FILE", help="The JSON report; the plot goes beside it.", callback=pictured_file
        ),
    ] = Path("build/memory.json"),
) -> None:
    """Print the memory of weights and membranes at 32, 8, 5, 4 and 2 bits, and draw the membranes' share against batch.

    Two accountings: a membrane for every time step, as back-propagation through time keeps it and as the MINT paper
    counts, and one for each neuron, as inference needs it. For VGG-9 on CIFAR-10 the paper's values stand beside ours;
    the other methods' rows are as the paper lists them, for their own larger networks, and by formula for this one.
    """
    from mint.plots import plot_membrane_share
    from model.config import Precision
    from model.costs.footprint import (
        PAPER,
        PAPER_BATCH,
        PAPER_NEURONS,
        PAPER_TIME_STEPS,
        PAPER_WEIGHTS,
        footprint,
        neurons,
        weights,
    )
    from model.training.named import integers

    found = integers(network, Precision(8, 8), width=width, time_steps=None, dataset=dataset)
    size = {"weights": weights(found), "neurons": neurons(found), "batch": batch, "time_steps": time_steps}
    paper = tuple(size.values()) == (PAPER_WEIGHTS, PAPER_NEURONS, PAPER_BATCH, PAPER_TIME_STEPS)
    listed = {row.weight_width: row.megabytes for row in PAPER if row.method == "MINT"} if paper else {}
    rows = [_row(found, bits, bits, batch, time_steps) | {"paper": listed.get(bits)} for bits in WIDTHS]
    others = [
        {"method": row.method, "accuracy": row.accuracy, "listed_batch": row.batch, "paper": row.megabytes}
        | _row(found, row.weight_width, row.membrane_width, batch, time_steps)
        for row in PAPER
    ]
    console.print(
        f"{found.name}: {size['weights']:,} weights, {size['neurons']:,} neurons; batch {batch}, T = {time_steps}"
    )
    _print_rows(rows)
    _print_others(others)
    series = {
        label: {
            str(count): footprint(found, weight_width=8, membrane_width=8, batch=count, time_steps=steps).membrane_share
            for count in BATCHES
        }
        for label, steps in ((f"a membrane for each of T = {time_steps} time steps", time_steps), ("held once", 1))
    }
    write_json(
        output,
        {"network": found.name, **size, "unit": "MiB", "rows": rows, "comparison": others, "membrane_share": series},
    )
    plot_membrane_share(series, found.name, beside(output, f"{output.stem}.png"))
    console.print(f"written: {output}, and its plot as .png and .svg", soft_wrap=True)


def _row(network: "Network", weight_width: int, membrane_width: int, batch: int, time_steps: int) -> dict[str, Any]:
    """Both accountings in MiB."""
    from model.costs.footprint import footprint

    every, once = (
        footprint(network, weight_width=weight_width, membrane_width=membrane_width, batch=batch, time_steps=steps)
        for steps in (time_steps, 1)
    )
    return {
        "weight_width": weight_width,
        "membrane_width": membrane_width,
        "every_step": every.mebibytes,
        "held_once": once.mebibytes,
        "membrane_share": every.membrane_share,
    }


def _print_rows(rows: list[dict[str, Any]]) -> None:
    from rich.table import Table

    table = Table()
    for heading in ("bits", "every time step", "MINT paper", "saved", "share of U", "held once"):
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(
            str(row["weight_width"]),
            f"{row['every_step']:,.2f}",
            "" if row["paper"] is None else f"{row['paper']:.2f}",
            f"{100 * (1 - row['every_step'] / rows[0]['every_step']):.1f} %",
            f"{100 * row['membrane_share']:.1f} %",
            f"{row['held_once']:,.2f}",
        )
    print_wide(table, "MiB of weights and membranes")


def _print_others(others: list[dict[str, Any]]) -> None:
    from rich.table import Table

    table = Table()
    for heading in ("method", "W/U", "accuracy, %", "batch", "MB, as listed", "MiB, this network"):
        table.add_column(heading, justify="left" if heading == "method" else "right")
    for other in others:
        table.add_row(
            other["method"],
            f"{other['weight_width']}/{other['membrane_width']}",
            f"{other['accuracy']:.2f}",
            str(other["listed_batch"]),
            f"{other['paper']:,.2f}",
            f"{other['every_step']:,.2f}",
        )
    print_wide(table, "the paper's comparison on CIFAR-10, of networks that differ; the last column is of this one")
