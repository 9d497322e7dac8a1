"""``mint export``: from a training run to a bundle."""

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from mint.console import console
from mint.options import DataDir, RunDataset
from mint.output import bundle_file
from mint.progress import counting
from mint.report import tool_versions


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
    from model.network import bundle
    from model.training.finish import reopened

    trained = reopened(run, dataset, data_dir)
    with counting("comparing with the golden model") as progress:
        network = trained.network(tool_versions(), progress)
    bundle.write(network, output)
    print_equality(network.accuracy)
    print_bundle(output)
    console.print(f"next: mint check {shlex.quote(str(output))}", soft_wrap=True)


def print_equality(accuracy: dict[str, Any]) -> None:
    """That the comparison of all test images found no difference."""
    from model.training.finish import equality

    equal = equality(accuracy["differing"], accuracy["compared_with_golden"])
    console.print(f"trained model = golden model on {accuracy['test_images']:,} test images: {equal}", soft_wrap=True)


def print_bundle(path: Path) -> None:
    """That it was written."""
    console.print(f"written: {path}, {path.stat().st_size:,} bytes", soft_wrap=True)
