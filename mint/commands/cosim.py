"""``mint cosim``: images through the generated Verilog, every number against the golden model."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mint.console import console, messages
from mint.options import (
    AskedLanes,
    AskedMembraneWidth,
    AskedWeightWidth,
    Bundle,
    Columns,
    DataDir,
    Dataflow,
    DatasetName,
    ImageFile,
    LabelFile,
    LanesPerNeuronUnit,
    Rows,
)
from mint.output import report_file
from mint.report import write_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from model.accelerator.config import AcceleratorConfig
    from model.network.network import Network
    from sim.harness.cosimulation import Waits

TOPS = ("accelerator", "array")


@dataclass(frozen=True)
class Case:
    """What is simulated: a network, its images, where and how."""

    network: "Network"
    images: "NDArray[Any]"
    folder: Path
    simulator: str
    waits: "Waits"


@dataclass(frozen=True)
class Found:
    """What the report says: a title, the numbers for the table, and those for the file."""

    title: str
    rows: list[tuple[str, str]]
    numbers: dict[str, Any]
    logits: list[list[int]]
    first: str | None


def cosim(
    weight_width: AskedWeightWidth = None,
    membrane_width: AskedMembraneWidth = None,
    images: Annotated[
        int, typer.Option("--images", min=1, help="Test images, or those of --input, from the first on.")
    ] = 1,
    bundle: Bundle = None,
    dataset: DatasetName = None,
    data_dir: DataDir = None,
    file: ImageFile = None,
    labels: LabelFile = None,
    top: Annotated[str, typer.Option("--top", metavar="NAME", help="accelerator or array.")] = "accelerator",
    lanes: AskedLanes = None,
    lanes_per_neuron_unit: LanesPerNeuronUnit = None,
    dataflow: Dataflow = "skip",
    idle: Annotated[
        int, typer.Option("--idle", min=0, max=255, help="Of 256: how often an input waits before a beat.")
    ] = 0,
    stall: Annotated[
        int, typer.Option("--stall", min=0, max=255, help="Of 256: how often a result is refused for a cycle.")
    ] = 0,
    rows: Rows = 16,
    columns: Columns = 8,
    simulator: Annotated[str, typer.Option("--simulator", metavar="NAME", help="icarus or verilator.")] = "icarus",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FOLDER", help="Where the files go; without it, build/w2u2 and so on."),
    ] = None,
) -> None:
    """Run test images through the generated Verilog and compare every number with the golden model.

    Compared are the potential H, the spike and the stored membrane U of every neuron and time step, the logits, and
    the class. The accelerator takes images and gives classes; it gets the first image once more at the end, so that
    the interval of every image is seen, and without waits the cycles must be those of `mint estimate`. For the array,
    the bench is host and memory: it feeds tile after tile, and hands what the array put out to the next layer.

    Writes the Verilog with its observation port to FOLDER/cosim, in which one run at a time is at work, and the counts
    to FOLDER/cosim.json. The exit status is 1 if a number differs. An image of 28 x 28 pixels takes from ten seconds to
    a minute on Icarus.
    """
    import numpy as np

    from model.datasets.inputs import images_for
    from model.errors import require
    from model.files.folders import work_folder
    from model.network.choice import choose
    from sim.harness.cosimulation import Waits
    from sim.harness.simulators import SIMULATORS, SimulationError, installed

    require(top in TOPS, f"top {top!r}; choose one of: {', '.join(TOPS)}")
    require(simulator in SIMULATORS, f"simulator {simulator!r}; choose one of: {', '.join(SIMULATORS)}")
    installed(simulator)
    precision, path, network = choose(bundle, weight_width, membrane_width)
    require(network is not None, f"no network of {precision} ships; name yours with --bundle")
    assert network is not None
    assert path is not None
    given = images_for(network, dataset, data_dir, file, labels)

    folder = output or Path("build") / str(precision)
    report_file(folder / "cosim.json")
    with work_folder(folder / "cosim") as work:
        case = Case(network, given.first(network, images), work, simulator, Waits(idle, stall))
        try:
            if top == "array":
                found = _array(case, rows, columns)
            else:
                from mint.accelerator import accelerator_config, cycles_by

                config = accelerator_config(
                    network, lanes, lanes_per_neuron_unit, dataflow, cycles=cycles_by(network, given), retire=True
                )
                found = _accelerator(case, config, dataflow)
        except SimulationError as error:
            messages.print(f"error: {error}", style="red", soft_wrap=True)
            raise typer.Exit(1) from error
        classes = np.array(found.logits).argmax(1)
        accuracy = None if given.labels is None else 100 * float((classes == given.labels[:images]).mean())
        identity = {"top": top, "bundle": path.name, "dataset": given.name, "simulator": simulator}
        write_json(folder / "cosim.json", {**identity, "accuracy": accuracy, **found.numbers})
    shown = [] if accuracy is None else [("accuracy", f"{accuracy:.1f} %")]
    _print(f"{path.name} on {found.title}, {simulator}", [*found.rows, *shown])
    console.print(f"written: {folder / 'cosim.json'}", soft_wrap=True)
    if found.first:
        console.print(f"first mismatch: {found.first}", style="red", soft_wrap=True)
        raise typer.Exit(1)


def _accelerator(case: Case, config: "AcceleratorConfig", dataflow: str) -> Found:
    """The whole network in one module; the cycles that it took must be those that were estimated."""
    import numpy as np

    from mint.accelerator import rows_of
    from model.accelerator.estimate import measured
    from sim.accelerator import cosim as accelerator_cosim

    estimate = measured(case.network, config, case.images)
    prepared = accelerator_cosim.prepare(
        case.network,
        case.images,
        case.folder,
        lanes=config.lanes,
        lanes_per_neuron_unit=config.lanes_per_neuron_unit,
        dataflow=config.choices,
        cycles_an_image=int(estimate.intervals.mean()),
    )
    outcomes = _watched(
        prepared.expected_cycles,
        lambda watch: accelerator_cosim.run(prepared, waits=case.waits, simulator=case.simulator, on_cycles=watch),
    )
    cycles, bound = float(np.mean(outcomes.intervals)), float(estimate.bound.mean())
    first = outcomes.first
    plain = not case.waits.idle and not case.waits.stall
    if plain and first is None and outcomes.intervals != estimate.intervals.tolist():
        image = int(np.flatnonzero(np.array(outcomes.intervals) != estimate.intervals)[0])
        first = f"image {image}: {outcomes.intervals[image]} cycles, estimated {estimate.intervals[image]}"
    numbers = {
        "dataflow": dataflow,
        "layers": {layer.name: rows_of(layer.dataflow, layer.rows) for layer in config.layers},
        "waits": {"idle": case.waits.idle, "stall": case.waits.stall},
        "lanes": config.lanes,
        "lanes_per_neuron_unit": config.lanes_per_neuron_unit,
        "input_width": config.input_width,
        "images": outcomes.images,
        "comparisons": outcomes.comparisons,
        "mismatches": outcomes.mismatches,
        "first_mismatch": first,
        "cycles": cycles,
        "bound_cycles": bound,
        "estimated_cycles": float(estimate.intervals.mean()),
        "intervals": outcomes.intervals,
        "latency": outcomes.latency,
        "simulated_cycles": outcomes.cycles,
        "seconds": round(outcomes.seconds, 3),
        "cycles_per_second": round(outcomes.cycles_per_second),
    }
    rows = [
        *_counts(outcomes.images, outcomes.comparisons, outcomes.mismatches),
        ("cycles an image", f"{cycles:,.1f}"),
        ("  estimated", f"{estimate.intervals.mean():,.1f}"),
        ("  zero-skip bound", f"{bound:,.1f}"),
        ("  cycles / bound", f"{cycles / bound:.3f}" if bound else "-"),
        ("latency of the first", f"{outcomes.latency:,}"),
        ("input port, bits", f"{config.input_width}"),
        ("cycles per second", f"{outcomes.cycles_per_second:,.0f}"),
    ]
    return Found(f"{config.lanes} lanes, {dataflow}", rows, numbers, outcomes.logits, first)


def _array(case: Case, rows: int, columns: int) -> Found:
    """The systolic array with the bench as its host."""
    from sim.array import cosim

    prepared = cosim.prepare(case.network, case.images, case.folder, rows=rows, columns=columns)
    outcomes = _watched(
        prepared.cycles, lambda watch: cosim.run(prepared, waits=case.waits, simulator=case.simulator, on_cycles=watch)
    )
    numbers = {
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
    }
    shown = [
        *_counts(outcomes.images, outcomes.comparisons, outcomes.mismatches),
        ("cycles", f"{outcomes.total_cycles:,}"),
        *((f"  {layer}", f"{cycles:,}") for layer, cycles in outcomes.cycles.items()),
        ("cycles per second", f"{outcomes.cycles_per_second:,.0f}"),
    ]
    return Found(f"{rows} x {columns} processing elements", shown, numbers, outcomes.logits, outcomes.first)


def _counts(images: int, comparisons: int, mismatches: int) -> list[tuple[str, str]]:
    return [("images", f"{images:,}"), ("comparisons", f"{comparisons:,}"), ("mismatches", f"{mismatches:,}")]


def _watched(total: int, simulation: "Callable[[Callable[[int], None]], Any]") -> Any:
    """Run a simulation beside a progress bar in cycles."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    done = TextColumn("{task.completed:,} of {task.total:,} cycles")
    with Progress(
        TextColumn("simulating"), BarColumn(), done, TimeElapsedColumn(), TimeRemainingColumn(), console=messages
    ) as progress:
        task = progress.add_task("", total=total)
        outcomes = simulation(lambda cycles: progress.update(task, completed=cycles))
        progress.update(task, completed=total)
    return outcomes


def _print(title: str, rows: list[tuple[str, str]]) -> None:
    from rich.table import Table

    console.print(title, soft_wrap=True)
    table = Table(show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for row in rows:
        table.add_row(*row)
    console.print(table)
