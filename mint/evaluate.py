"""``mint evaluate``: accuracy, spike density and operations of the integer model."""

from pathlib import Path
from typing import Annotated

import typer

from mint.console import console, messages
from mint.options import Bundle, DataDir, DatasetName, JsonFile, MembraneWidth, WeightWidth
from mint.report import write_json


def evaluate(
    bundle_file: Annotated[
        Path | None, typer.Argument(metavar="[BUNDLE]", help="A bundle.", show_default=False)
    ] = None,
    weight_width: WeightWidth = 4,
    membrane_width: MembraneWidth = 4,
    bundle: Bundle = None,
    dataset: DatasetName = None,
    data_dir: DataDir = None,
    output: JsonFile = Path("build/evaluate.json"),
) -> None:
    """Print the accuracy of the integers on all test images, and per layer spike density and operations.

    A layer's density is the share of its neurons that spike in a time step. Its operations are the weights added for an
    image: one per spike (or set bit of a pixel) at an input; dense counts the silent inputs as well.
    """
    from dataclasses import asdict

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.table import Table

    from mint.shipped import chosen
    from model import bundle as bundles
    from model import datasets
    from model.config import Precision
    from model.evaluation import evaluate as run

    path = chosen(bundle_file or bundle, Precision(weight_width, membrane_width))
    network = bundles.read(path)
    name = dataset or str(network.provenance.get("dataset", "fashion-mnist"))
    split = datasets.load(name, data_dir).test
    columns = TextColumn("evaluating"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=messages, transient=True) as progress:
        task = progress.add_task("", total=len(split))
        result = run(network, split, lambda images: progress.advance(task, images))
    console.print(f"{path.stem} on {name}: {result.accuracy:.2f} % of {result.images:,} test images", soft_wrap=True)
    table = Table()
    for heading in ("layer", "neurons", "density", "operations", "dense"):
        table.add_column(heading, justify="left" if heading == "layer" else "right")
    for layer in result.layers:
        spiking = network.layer(layer.name).spiking
        table.add_row(
            layer.name,
            f"{layer.neurons:,}",
            f"{100 * layer.density:.1f} %" if spiking else "",
            f"{layer.operations:,.0f}",
            f"{layer.dense_operations:,}",
        )
    console.print(table)
    write_json(output, {"bundle": path.name, "dataset": name, "split": "test", **asdict(result)})
    console.print(f"written: {output}", soft_wrap=True)
