"""``mint golden``: every integer of a network on given images."""

from pathlib import Path
from typing import Annotated

import typer

from mint.console import console
from mint.output import arrays_file, beside
from mint.report import write_json


def golden(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="A bundle.")],
    images: Annotated[
        Path,
        typer.Option(
            "--input", metavar="FILE", help="NumPy file: pixels [N, C, H, W], or spikes or counts [T, N, C, H, W]."
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Where the .npz file goes.", callback=arrays_file)
    ],
) -> None:
    """Run the golden integer model and store every spike, potential and membrane.

    For every spiking layer the file has NAME.spikes (before pooling), NAME.potential (H) and NAME.membrane (the stored
    code after the reset), each [T, N, C, H, W], and logits [N, classes].
    """
    import numpy as np

    from model.datasets.inputs import read_images
    from model.files.replacing import replacing
    from model.golden.network import classify, run
    from model.network import bundle as bundles

    network = bundles.read(bundle)
    found = run(network, read_images(images, network))
    with replacing(output) as temporary, temporary.open("wb") as target:
        np.savez_compressed(target, **found)  # type: ignore[arg-type]
    report = beside(output, f"{output.stem}.json")
    shapes = {key: {"type": str(values.dtype), "shape": list(values.shape)} for key, values in found.items()}
    classes = [int(c) for c in classify(found["logits"].astype(np.int64))]
    write_json(report, {"bundle": str(bundle), "input": str(images), "arrays": shapes, "classes": classes})
    for key, values in found.items():
        console.print(f"{key:20} {values.dtype!s:6} {list(values.shape)}", soft_wrap=True)
    console.print(f"classes: {' '.join(map(str, classes[:20]))}{' …' if len(classes) > 20 else ''}", soft_wrap=True)
    console.print(f"written: {output}, {report}", soft_wrap=True)
