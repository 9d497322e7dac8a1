"""``mint formal``: what is proved, for all inputs and for ever."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mint.console import console, messages, print_time
from mint.options import ReportFile
from mint.report import checked_libraries, write_json

if TYPE_CHECKING:
    from hdl.formal.proof import Record

WORKERS = 2

NOTE = """\
A proof is by induction over k cycles, from any state of the design's registers: nothing bounds the time.
A cover is something that the proof is about and that a run was found for. docs/verification.md lists
what is proved, and what is assumed."""


def formal(
    liberty: Annotated[
        list[Path] | None,
        typer.Option(
            "--liberty",
            metavar="FILE",
            help="Standard-cell library whose netlists are compared, .lib or .lib.gz; may be given several times. "
            "Without it, Debian's qflow-tech-osu035 if it is installed; the generic cells always.",
        ),
    ] = None,
    output: ReportFile = Path("build/formal.json"),
) -> None:
    """Prove that elements, neuron units, array and accelerator do what they should, and that synthesis changes nothing.

    For all nine pairs of widths, by induction, with Yosys alone. Takes 17 minutes of processor time, in two
    processes. Ends with an error and a counterexample if a proof fails.

    The JSON report is a list of records; the command and the tool versions are beside it, in formal.meta.json.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from hdl.formal.catalogue import catalogue, prove_all
    from hdl.synthesis.flows import Library
    from hdl.synthesis.liberty import libraries

    used = [Library(), *map(Library, libraries(liberty))]
    checksums = checked_libraries(used)
    makes = catalogue(used)
    records: list[Record] = []
    with Progress(
        TextColumn("proving"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=messages
    ) as progress:
        task = progress.add_task("", total=len(makes))
        for record in prove_all(makes, WORKERS):
            records.append(record)
            progress.advance(task)

    records.sort(key=lambda record: (record.proof, record.configuration))
    write_json(output, [asdict(record) for record in records], checksums)
    print_table(records)
    console.print(NOTE, soft_wrap=True)
    console.print(f"written: {output}", soft_wrap=True)
    print_time()
    failures = [record.counterexample for record in records if record.counterexample is not None]
    for failure in failures:
        messages.print(f"\n{failure}", style="red", markup=False, soft_wrap=True)
    if failures:
        raise typer.Exit(1)


def print_table(records: list["Record"]) -> None:
    """A row for each thing that is proved, all its configurations together."""
    from rich import box
    from rich.table import Table

    table = Table(title="proved", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    table.add_column("configurations")
    for name in ("proved", "k", "covers", "seconds"):
        table.add_column(name, justify="right")
    for proof in dict.fromkeys(record.proof for record in records):
        of_proof = [record for record in records if record.proof == proof]
        held = [record for record in of_proof if record.counterexample is None]
        table.add_row(
            proof,
            span([record.configuration for record in of_proof]),
            f"{len(held)} of {len(of_proof)}",
            ", ".join(sorted({record.method.rpartition(" ")[2] for record in held})),
            str(sum(len(record.covers) for record in held)),
            f"{sum(record.seconds for record in of_proof):.0f}",
        )
    console.print(table)


def span(configurations: list[str]) -> str:
    """The first and the last of them."""
    first, last = configurations[0], configurations[-1]
    return first if first == last else f"{first} … {last}"
