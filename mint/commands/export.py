"""``mint export``: from a training run to a bundle."""

import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mint.console import console, messages
from mint.options import DataDir, RunDataset
from mint.output import bundle_file

if TYPE_CHECKING:
    from model.datasets import Dataset
    from model.training.network import SpikingNetwork
    from model.training.recipe import Recipe


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a training run.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Where the bundle goes.", callback=bundle_file)
    ],
    dataset: RunDataset = None,
    data_dir: DataDir = None,
) -> None:
    """Write the bundle of a training run: the integers of its best epoch on the validation split.

    Before that, the trained model in evaluation mode and the golden model run all test images, and every potential,
    spike, membrane and logit is compared; a single difference is an error. `mint train` ends with the same.
    """
    from mint.training import built_for, sources_of
    from model import datasets
    from model.config import Precision
    from model.errors import UserError, require
    from model.training import checkpoint
    from model.training.recipe import Recipe

    tensors, notes = checkpoint.read(run / "best.safetensors")
    fields: dict[str, Any] = notes["recipe"]
    if fields["precision"] is None:
        raise UserError(f"{run}: the network was trained in float32, which has no integers; train it with widths")
    recipe = Recipe(**{**fields, "precision": Precision(**fields["precision"])})
    data = datasets.load(dataset or recipe.dataset, data_dir)
    same = sources_of(recipe, data) == recipe.sources if data.provenance else data.name == recipe.dataset
    require(
        same,
        f"{run}: it was trained on {recipe.dataset}, and {data.name} is another data set, or the run's network file, "
        "teacher or initial weights were changed since; name the run's own with --dataset",
    )
    module = built_for(recipe, data)(recipe.precision)
    checkpoint.restore(tensors, module)
    validation = None if recipe.refit else notes["history"][-1]["accuracy"]
    write_bundle(recipe, module.eval(), data, validation, [output])
    console.print(f"next: mint check {shlex.quote(str(output))}", soft_wrap=True)


def write_bundle(
    recipe: "Recipe", module: "SpikingNetwork", data: "Dataset", validation: float | None, paths: Iterable[Path | None]
) -> dict[str, Any]:
    """Compare with the golden model, evaluate on the test split, write; returns the bundle's ``accuracy``."""
    from dataclasses import asdict, replace

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from mint.report import tool_versions
    from model.datasets import for_network
    from model.errors import Defect
    from model.files.text import all_printable, printable
    from model.golden.network import classify
    from model.network import bundle as bundles
    from model.network.validation import LONGEST_NAME
    from model.training.equality import compare
    from model.training.export import to_network

    recorded = replace(recipe, dataset=data.name)  # of a user's file its name, not where it lies
    provenance = {
        "command": recorded.command,
        "dataset": data.name,
        **data.provenance,
        "recipe": asdict(recorded),
        "tools": tool_versions(),
    }
    name = recipe.network.rpartition(":")[2] + (f"-x{recipe.width:g}" if recipe.width != 1 else "")
    # Names of files may hold anything; a bundle's text does not.
    network = to_network(module, name=printable(name)[:LONGEST_NAME], provenance=all_printable(provenance))
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=messages, transient=True) as progress:
        task = progress.add_task("comparing with the golden model", total=len(data.test))
        found = compare(module, network, for_network(data.test.images), lambda images: progress.advance(task, images))
    equal = f"{found.differing} of {found.compared:,} potentials, spikes, membranes and logits differ"
    if found.differing:
        raise Defect(f"trained model and golden model are not equal: {equal}")
    console.print(f"trained model = golden model on {len(data.test):,} test images: {equal}", soft_wrap=True)
    correct = int((classify(found.logits) == data.test.labels).sum())
    scores: dict[str, Any] = {"test": 100 * correct / len(data.test), "test_images": len(data.test), "unit": "percent"}
    if validation is not None:
        scores["validation"] = validation
    scores |= {"compared_with_golden": found.compared, "differing": found.differing}
    network = replace(network, accuracy=scores)
    for path in filter(None, paths):
        bundles.write(network, path)
        console.print(f"written: {path}, {path.stat().st_size:,} bytes", soft_wrap=True)
    return scores
