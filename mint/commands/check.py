"""``mint check``: what is in a bundle, and whether it can be run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mint.console import console, messages

if TYPE_CHECKING:
    from model.network.graph import Layer
    from model.network.network import Network


def check(bundle: Annotated[Path, typer.Argument(metavar="FILE", help="A bundle.")]) -> None:
    """Print a bundle layer by layer with the widths that follow from it, or say in one sentence what is wrong.

    Checks types, shapes, ranges, keys and version; warns of thresholds that are never or always reached.
    """
    from model.network import bundle as bundles
    from model.network.graph import State

    network = bundles.read(bundle)
    shape = "×".join(map(str, network.input_shape))
    lasts = ", state that lasts" if network.state == State.STREAM else ""
    console.print(
        f"{network.name}: {network.inputs} {shape}, T = {network.time_steps}, readout {network.readout}{lasts}",
        soft_wrap=True,
    )
    width = max(len(layer.name) for layer in network.layers)
    lines = (
        f"{layer.name if index == 0 else '':{width}}  {line}"
        for layer in network.layers
        for index, line in enumerate(described(network, layer))
    )
    console.print("\n".join(lines), soft_wrap=True)
    for key, value in network.accuracy.items():
        console.print(f"recorded {key.replace('_', ' ')}: {value}", soft_wrap=True)
    if "command" in network.provenance:
        console.print(f"made by: {network.provenance['command']}", soft_wrap=True)
    for sentence in network.warnings():
        messages.print(f"warning: {sentence}", style="yellow", soft_wrap=True)
    console.print("ok")


def described(network: "Network", layer: "Layer") -> list[str]:
    """What the layer does, what it holds, and the widths that follow."""
    from model.network.graph import LayerKind

    origins = []
    for source in layer.sources:
        size = f"{source.weight.shape[2]}×{source.weight.shape[2]} " if layer.kind == LayerKind.CONV else ""
        geometry = f" stride {source.stride} padding {source.padding}" if layer.kind == LayerKind.CONV else ""
        origins.append(f"{layer.kind} {size}of {source.origin}{geometry}")
    if layer.skip:
        origins.append(f"identity of {layer.skip}")
    if layer.pool:
        origins.append(f"then {layer.pool.kind} pooling {layer.pool.size}×{layer.pool.size}")
    low, high = network.potential_range(layer)
    neurons = "×".join(map(str, network.shapes[layer.name]))
    weights = sum(source.weight.size for source in layer.sources)
    held = f"{layer.widths}, {weights:,} weights, {neurons} neurons"
    reach = f"{'potentials' if layer.spiking else 'logits'} {low.min():,} to {high.max():,}"
    if layer.neuron is not None:
        held += f", {layer.neuron.describe()}"
    if layer.threshold is not None:
        reach += f", thresholds {layer.threshold.min():,} to {layer.threshold.max():,}"
    return [", ".join(origins), held, f"{reach}: {network.accumulator_width(layer)} bits of accumulator"]
