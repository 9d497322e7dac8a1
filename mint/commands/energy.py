"""``mint energy``: what an inference takes, by the formulas of the simulator that the MINT paper cites."""

from pathlib import Path
from typing import Annotated

import typer

from mint.console import console, messages, print_wide
from mint.options import DataDir, JsonFile, NetworkDataset, NetworkName, NetworkWidth
from mint.report import write_json


def energy(
    network: NetworkName = "vgg9",
    bits: Annotated[int, typer.Option("--bits", metavar="BITS", help="Of weights and membranes, 2 to 8.")] = 4,
    density: Annotated[
        float | None,
        typer.Option(
            "--density",
            metavar="SHARE",
            help="Share of every layer's inputs that spike.",
            show_default="measured of a bundle, else 0.1",
        ),
    ] = None,
    images: Annotated[int, typer.Option("--images", min=1, help="Test images that a bundle is measured on.")] = 1000,
    time_steps: Annotated[
        int | None, typer.Option("--time-steps", "-T", min=1, help="Time steps T.", show_default="4")
    ] = None,
    width: NetworkWidth = 1.0,
    dataset: NetworkDataset = None,
    data_dir: DataDir = None,
    output: JsonFile = Path("build/energy.json"),
) -> None:
    """Print the energy of an inference layer by layer, of computation and of memory.

    A bundle is run on test images of its data set, and the share of its inputs that spike is measured; an untrained
    network has the one that --density says. The energies are those of SATA's formulas (model/costs/sata.py): of a
    simulator's 16-bit operations and memories scaled by bits, not of the array that this project generates.
    """
    from dataclasses import asdict

    from rich.table import Table

    from model import datasets
    from model.config import Precision
    from model.costs.evaluation import evaluate
    from model.costs.sata import energies, input_densities
    from model.datasets import Split
    from model.training.named import integers

    found = integers(network, Precision(bits, bits), width=width, time_steps=time_steps, dataset=dataset)
    measured = None
    if density is None and Path(network).suffix == ".safetensors":
        name = datasets.of_network(dataset, found.provenance)
        test = datasets.taken_by(found, name, data_dir).test
        measured = f"{min(images, len(test)):,} test images of {name}"
        messages.print(f"measuring on {measured}")
        densities = input_densities(evaluate(found, Split(test.images[:images], test.labels[:images])))
    else:
        densities = {layer.name: 0.1 if density is None else density for layer in found.layers}
    layers = energies(found, densities)
    table = Table()
    for heading in ("layer", "inputs that spike", "additions", "neurons", "DRAM", "SRAM", "scratchpad"):
        table.add_column(heading, justify="left" if heading == "layer" else "right")
    for layer in layers:
        values = (layer.additions, layer.updates, layer.dram, layer.sram, layer.scratchpad)
        table.add_row(layer.name, f"{100 * layer.density:.1f} %", *(f"{value / 1e6:.4f}" for value in values))
    compute, memory = (sum(getattr(layer, part) for layer in layers) for part in ("compute", "memory"))
    widths = found.widths
    source = f"measured on {measured}" if measured else "assumed"
    print_wide(table, f"{found.name}, {widths}, T = {found.time_steps}, density {source}; 10⁶ units of the simulator")
    console.print(
        f"compute {compute / 1e6:.3f}, memory {memory / 1e6:.3f}: memory is {memory / compute:.0f} times compute"
    )
    write_json(
        output,
        {
            "network": found.name,
            "precision": widths,
            "time_steps": found.time_steps,
            "density": source,
            "compute": compute,
            "memory": memory,
            "layers": [asdict(layer) for layer in layers],
        },
    )
    console.print(f"written: {output}", soft_wrap=True)
