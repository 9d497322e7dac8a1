"""``mint cosim``: images through the generated Verilog, every number against the golden model."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mint.console import console, messages
from mint.options import AskedMembraneWidth, AskedWeightWidth, Bundle, Columns, DataDir, DatasetName, Rows
from mint.report import write_json

if TYPE_CHECKING:
    from sim.cosim import Cosimulation, Outcomes


def cosim(
    weight_width: AskedWeightWidth = None,
    membrane_width: AskedMembraneWidth = None,
    images: Annotated[int, typer.Option("--images", min=1, help="Test images, from the first on.")] = 1,
    bundle: Bundle = None,
    dataset: DatasetName = None,
    data_dir: DataDir = None,
    rows: Rows = 16,
    columns: Columns = 8,
    simulator: Annotated[str, typer.Option("--simulator", metavar="NAME", help="icarus or verilator.")] = "icarus",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FOLDER", help="Where the files go; without it, build/w2u2 and so on."),
    ] = None,
) -> None:
    """Run test images through the generated Verilog and compare every number with the golden model.

    The bench is the array's host and memory: it reads the memory images, feeds tile after tile, and hands what the
    array put out to the next layer. Compared are the potential H, the spike and the stored membrane U of every neuron
    and time step, and the logits. Without waits, the cycles must be those that the host expects.

    Writes the Verilog with its observation port to FOLDER/cosim and the counts to FOLDER/cosim.json. The exit status is
    1 if a number differs. An image of 28 x 28 pixels takes from ten seconds to a minute.
    """
    import numpy as np

    from mint.choice import choose
    from model import datasets
    from model.config import require
    from sim.cosim import prepare
    from sim.simulators import SIMULATORS, SimulationError, installed

    require(simulator in SIMULATORS, f"simulator {simulator!r}; choose one of: {', '.join(SIMULATORS)}")
    installed(simulator)
    precision, path, network = choose(bundle, weight_width, membrane_width)
    require(network is not None, f"no network of {precision} ships; name yours with --bundle")
    assert network is not None
    assert path is not None
    name = dataset or str(network.provenance.get("dataset", "fashion-mnist"))
    test = datasets.load(name, data_dir).test
    require(images <= len(test), f"{images} images; the test set of {name} has {len(test)}")

    folder = output or Path("build") / str(precision)
    prepared = prepare(network, test.images[:images], folder / "cosim", rows=rows, columns=columns)
    try:
        outcomes = _run(prepared, simulator)
    except SimulationError as error:
        messages.print(f"error: {error}", style="red", soft_wrap=True)
        raise typer.Exit(1) from error
    accuracy = 100 * float((np.array(outcomes.logits).argmax(1) == test.labels[:images]).mean())
    write_json(
        folder / "cosim.json",
        {
            "bundle": path.name,
            "dataset": name,
            "rows": rows,
            "columns": columns,
            "images": outcomes.images,
            "comparisons": outcomes.comparisons,
            "mismatches": outcomes.mismatches,
            "first_mismatch": outcomes.first,
            "cycles": outcomes.total_cycles,
            "layers": outcomes.cycles,
            "seconds": round(outcomes.seconds, 3),
            "cycles_per_second": round(outcomes.cycles_per_second),
            "accuracy": accuracy,
            "simulator": simulator,
        },
    )
    _print(outcomes, f"{path.name} on {rows} x {columns} processing elements, {simulator}", accuracy)
    console.print(f"written: {folder / 'cosim.json'}", soft_wrap=True)
    if outcomes.mismatches:
        raise typer.Exit(1)


def _run(prepared: "Cosimulation", simulator: str) -> "Outcomes":
    """Run it beside a progress bar in cycles."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    from sim.cosim import run

    done = TextColumn("{task.completed:,} of {task.total:,} cycles")
    with Progress(
        TextColumn("simulating"), BarColumn(), done, TimeElapsedColumn(), TimeRemainingColumn(), console=messages
    ) as progress:
        task = progress.add_task("", total=prepared.cycles)
        outcomes = run(prepared, simulator=simulator, on_cycles=lambda cycles: progress.update(task, completed=cycles))
        progress.update(task, completed=outcomes.total_cycles)
    return outcomes


def _print(outcomes: "Outcomes", title: str, accuracy: float) -> None:
    from rich.table import Table

    console.print(title, soft_wrap=True)
    table = Table(show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for what, number in (
        ("images", f"{outcomes.images:,}"),
        ("comparisons", f"{outcomes.comparisons:,}"),
        ("mismatches", f"{outcomes.mismatches:,}"),
        ("accuracy", f"{accuracy:.1f} %"),
        ("cycles", f"{outcomes.total_cycles:,}"),
        *((f"  {layer}", f"{cycles:,}") for layer, cycles in outcomes.cycles.items()),
        ("cycles per second", f"{outcomes.cycles_per_second:,.0f}"),
    ):
        table.add_row(what, number)
    console.print(table)
    if outcomes.first:
        console.print(f"first mismatch: {outcomes.first}", style="red", soft_wrap=True)
