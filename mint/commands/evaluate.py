"""``mint evaluate``: accuracy, spike density and operations of the integer model."""

from pathlib import Path
from typing import Annotated

import typer

from mint.console import console, messages
from mint.options import Bundle, DataDir, DatasetName, ImageFile, JsonFile, LabelFile, MembraneWidth, WeightWidth
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
    file: ImageFile = None,
    labels: LabelFile = None,
    output: JsonFile = Path("build/evaluate.json"),
) -> None:
    """Print the accuracy of the integers on all test or given images, and per layer spike density and operations.

    A layer's density is the share of its neurons that spike in a time step. Its operations are the weights added for an
    image: one per spike (or set bit of a pixel) at an input; dense counts the silent inputs as well.
    """
    from dataclasses import asdict

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.table import Table

    from model.config import Precision
    from model.costs.evaluation import evaluate as run
    from model.datasets import Split, for_network
    from model.datasets.inputs import images_for
    from model.errors import UserError
    from model.network import bundle as bundles
    from model.network.shipped import chosen

    path = chosen(bundle_file or bundle, Precision(weight_width, membrane_width))
    network = bundles.read(path)
    given = images_for(network, dataset, data_dir, file, labels)
    if given.labels is None:
        raise UserError(f"{given.source}: it has no labels, so there is no accuracy; name their file with --labels")
    split = Split(for_network(given.values), given.labels)
    columns = TextColumn("evaluating"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=messages, transient=True) as progress:
        task = progress.add_task("", total=len(split))
        result = run(network, split, lambda images: progress.advance(task, images))
    console.print(
        f"{path.stem} on {given.name}: {result.accuracy:.2f} % of {result.images:,} "
        f"{'images' if file else 'test images'}, {100 * result.ties / result.images:.2f} % of them ties",
        soft_wrap=True,
    )
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
    write_json(
        output, {"bundle": path.name, "dataset": given.name, "split": "input" if file else "test", **asdict(result)}
    )
    console.print(f"written: {output}", soft_wrap=True)
