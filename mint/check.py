"""``mint check``: what is in a bundle, and whether it can be run."""

from pathlib import Path
from typing import Annotated

import typer

from mint.console import console, messages


def check(bundle: Annotated[Path, typer.Argument(metavar="FILE", help="A bundle.")]) -> None:
    """Print a bundle layer by layer with the widths that follow from it, or say in one sentence what is wrong.

    Checks types, shapes, ranges, keys and version; warns of thresholds that are never or always reached.
    """
    from rich.table import Table

    from model import bundle as bundles

    network = bundles.read(bundle)
    shape = "×".join(map(str, network.input_shape))
    console.print(f"{network.name}: {network.input_kind} {shape}, T = {network.time_steps}")
    table = Table()
    for heading in ("layer", "from", "kind", "W/U", "r", "weights", "neurons", "pool", "H", "threshold", "accumulator"):
        table.add_column(heading, justify="left" if heading in ("layer", "from", "kind", "pool") else "right")
    for layer in network.layers:
        low, high = network.potential_range(layer)
        source = layer.sources[0]
        kind = layer.kind
        if kind == "conv":
            size = source.weight.shape[2]
            kind += f" {size}×{size} stride {source.stride} pad {source.padding}"
        origins = [s.origin for s in layer.sources] + ([f"+{layer.skip}"] if layer.skip else [])
        table.add_row(
            layer.name,
            ", ".join(origins),
            kind,
            f"{layer.precision.weight_width}/{layer.precision.membrane_width}",
            str(layer.leak) if layer.spiking else "",
            f"{sum(s.weight.size for s in layer.sources):,}",
            "×".join(map(str, network.shapes[layer.name])),
            f"{layer.pool.kind} {layer.pool.size}" if layer.pool else "",
            f"{low.min()} … {high.max()}",
            f"{layer.threshold.min()} … {layer.threshold.max()}" if layer.threshold is not None else "",
            f"{network.accumulator_width(layer)} bits",
        )
    console.print(table)
    for key, value in network.accuracy.items():
        console.print(f"recorded {key.replace('_', ' ')}: {value}")
    if "command" in network.provenance:
        console.print(f"made by: {network.provenance['command']}", soft_wrap=True)
    for sentence in network.warnings():
        messages.print(f"[yellow]warning:[/] {sentence}", soft_wrap=True)
    console.print("ok")
