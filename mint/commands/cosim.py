"""``mint cosim``: images through the generated Verilog, every number against the golden model."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mint import api
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
    InputStream,
    LabelFile,
    LanesPerNeuronUnit,
    Rows,
    State,
)
from mint.output import report_file
from mint.progress import counting
from mint.report import write_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from model.network.network import Network
    from sim.accelerator.comparison import Comparison
    from sim.harness.cosimulation import Waits

TOPS = ("accelerator", "array")


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
    input_stream: InputStream = "frames",
    state: State = None,
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
    from model.network.choice import choose
    from sim.harness.cosimulation import Waits
    from sim.harness.simulators import SimulationError, installed

    require(top in TOPS, f"top {top!r}; choose one of: {', '.join(TOPS)}")
    installed(simulator)
    precision, path, network = choose(bundle, weight_width, membrane_width)
    require(network is not None, f"no network of {precision} ships; name yours with --bundle")
    assert network is not None
    assert path is not None
    given = images_for(network, dataset, data_dir, file, labels)

    folder = output or Path("build") / str(precision)
    report_file(folder / "cosim.json")
    taken = given.first(network, images)
    waits = Waits(idle, stall)
    try:
        with counting("simulating", " cycles", stays=True) as progress:
            if top == "array":
                require(
                    (state, input_stream) == (None, "frames"),
                    "state and input stream are the accelerator's; leave --top array out",
                )
                found = _array(network, taken, folder / "cosim", rows, columns, waits, simulator, progress)
            else:
                compared = api.cosim(
                    network,
                    taken,
                    folder / "cosim",
                    lanes=lanes,
                    lanes_per_neuron_unit=lanes_per_neuron_unit,
                    dataflow=dataflow,
                    input_stream=input_stream,
                    state=state,
                    chosen_on=given.values,
                    idle=idle,
                    stall=stall,
                    simulator=simulator,
                    progress=progress,
                )
                found = _accelerator(compared, dataflow)
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


def _accelerator(compared: "Comparison", dataflow: str) -> Found:
    """The whole network in one module; the cycles that it took must be those that were estimated."""
    numbers = compared.report()
    cycles, bound = numbers["cycles"], numbers["bound_cycles"]
    rows = [
        *_counts(numbers),
        ("cycles per image", f"{cycles:,.1f}"),
        ("  estimated", f"{numbers['estimated_cycles']:,.1f}"),
        ("  zero-skip bound", f"{bound:,.1f}"),
        ("  cycles / bound", f"{cycles / bound:.3f}" if bound else "-"),
        ("latency of the first", f"{numbers['latency']:,}"),
        *([("  from its last beat", f"{numbers['response']:,}")] if compared.config.events else []),
        ("input port, bits", f"{numbers['input_width']}"),
        ("cycles per second", f"{numbers['cycles_per_second']:,}"),
    ]
    title = f"{numbers['lanes']} lanes, {dataflow}"
    return Found(title, rows, {"dataflow": dataflow, **numbers}, compared.outcomes.logits, compared.first)


def _array(
    network: "Network",
    images: "NDArray[Any]",
    folder: Path,
    rows: int,
    columns: int,
    waits: "Waits",
    simulator: str,
    progress: "Callable[[int, int], None]",
) -> Found:
    """The systolic array with the bench as its host."""
    from model.files.folders import work_folder
    from sim.array import cosim

    with work_folder(folder) as work:
        prepared = cosim.prepare(network, images, work, rows=rows, columns=columns)
        outcomes = cosim.run(
            prepared, waits=waits, simulator=simulator, on_cycles=lambda cycles: progress(cycles, prepared.cycles)
        )
    numbers = outcomes.report()
    shown = [
        *_counts(numbers),
        ("cycles", f"{outcomes.total_cycles:,}"),
        *((f"  {layer}", f"{cycles:,}") for layer, cycles in outcomes.cycles.items()),
        ("cycles per second", f"{numbers['cycles_per_second']:,}"),
    ]
    title = f"{rows} x {columns} processing elements"
    return Found(title, shown, {"rows": rows, "columns": columns, **numbers}, outcomes.logits, outcomes.first)


def _counts(numbers: dict[str, Any]) -> list[tuple[str, str]]:
    return [(key, f"{numbers[key]:,}") for key in ("images", "comparisons", "mismatches")]


def _print(title: str, rows: list[tuple[str, str]]) -> None:
    from rich.table import Table

    console.print(title, soft_wrap=True)
    table = Table(show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for row in rows:
        table.add_row(*row)
    console.print(table)
