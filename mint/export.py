"""``mint export``: from a training run to a bundle."""

from pathlib import Path
from typing import Annotated

import typer

from mint.console import console


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a training run.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where the bundle goes.")],
    network: Annotated[
        str | None, typer.Option("--network", metavar="NAME", help="Only where the file of the network has moved.")
    ] = None,
) -> None:
    """Write the bundle of a training run: the integers of its best epoch on the validation split."""
    from mint.train import builder
    from model import bundle as bundles
    from model.config import ConfigError, Precision
    from model.training import checkpoint
    from model.training.export import to_network

    tensors, notes = checkpoint.read(run / "best.safetensors")
    recipe = notes["recipe"]
    if recipe["precision"] is None:
        raise ConfigError(f"{run}: the network was trained in float32, which has no integers; train it with widths")
    module = builder(network or recipe["network"])(Precision(**recipe["precision"]))
    checkpoint.restore(tensors, module)
    provenance = {"dataset": recipe["dataset"], "recipe": recipe}
    result = to_network(module.eval(), name=recipe["network"].rpartition(":")[2], provenance=provenance)
    bundles.write(result, output)
    console.print(f"written: {output}, {output.stat().st_size:,} bytes", soft_wrap=True)
    console.print(f"next: mint check {output}", soft_wrap=True)
