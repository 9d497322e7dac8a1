"""``mint watch``: the class while a recording runs."""

from pathlib import Path
from typing import Annotated, Any

import typer

from mint.console import console
from mint.options import DataDir, DatasetName, ImageFile, PicturedFile
from mint.report import write_json


def watch(
    bundle: Annotated[
        Path, typer.Argument(metavar="BUNDLE", help="A bundle of a network that takes spikes or counts.")
    ],
    dataset: DatasetName = None,
    data_dir: DataDir = None,
    file: ImageFile = None,
    recordings: Annotated[
        int | None,
        typer.Option("--recordings", min=1, help="Test recordings, one after the other, as one.", show_default="6"),
    ] = None,
    step_us: Annotated[
        int | None,
        typer.Option(
            "--step-us", metavar="MICROSECONDS", min=1, help="Of a time step, instead of that of the network's set."
        ),
    ] = None,
    output: PicturedFile = Path("build/watch.json"),
) -> None:
    """Run the golden model on a recording whose state lasts, and draw the logits of the last T steps at every step.

    A window is T time steps: after each the accelerator gives a class (mint cosim --dataflow streaming --state stream).
    """
    from dataclasses import replace

    from rich.table import Table

    from mint.plots import plot_logits
    from model.costs.evaluation import require_classes
    from model.datasets import EVENTS, of_network
    from model.datasets.events.sets import is_recording
    from model.datasets.inputs import images_for
    from model.errors import require
    from model.golden.network import classify
    from model.golden.rolling import rolling
    from model.network import bundle as bundles

    network = bundles.read(bundle)
    require(network.layers[-1].channels > 1, f"{bundle}: it has one class, which is always the answer; give another")
    require(
        file is None or recordings is None,
        "--recordings are of a data set's test split, and --input is all that a file has; leave out one of them",
    )
    if step_us is not None:
        name = file.name if file else of_network(dataset, network.provenance)
        require(
            is_recording(file) if file else name in EVENTS,
            f"{name} has no recordings to cut into frames; leave out --step-us",
        )
        network = replace(network, provenance=network.provenance | {"framing": {"step_us": step_us}})
    given = images_for(network, dataset, data_dir, file)
    images, labels, count = given.values, given.labels, recordings or 6
    if labels is not None:
        require_classes(network, labels)
    if file is None:
        images = given.first(network, count)
    logits = rolling(network, images)
    ends = range(network.time_steps - 1, len(logits), network.time_steps)
    windows: list[dict[str, Any]] = []
    for end, found in zip(ends, classify(logits[ends]), strict=True):
        label = None if labels is None else int(labels[len(windows)])
        ordered = sorted(map(int, logits[end]))
        windows.append({"end": end + 1, "class": int(found), "label": label, "logit": ordered[-1], "next": ordered[-2]})
    names = network.provenance.get("class_names") or [str(number) for number in range(logits.shape[1])]
    source = given.source if file else f"{count} test recordings of {given.name}"
    report = {"network": bundle.name, "source": source, "time_steps": network.time_steps, "class_names": names}
    report |= {"windows": windows, "logits": logits.tolist()}
    write_json(output, report)
    plot_logits(report, output.with_suffix(".svg"))
    table = Table()
    for heading in ("steps", "class", "label", "logit", "next"):
        table.add_column(heading, justify="right")
    for each in windows:
        shown = (each["end"], names[each["class"]], "" if each["label"] is None else names[each["label"]])
        table.add_row(*map(str, shown), f"{each['logit']:,}", f"{each['next']:,}")
    console.print(f"{bundle.name} on {source}, T = {network.time_steps}", soft_wrap=True)
    console.print(table)
    if labels is not None:
        right = sum(each["class"] == each["label"] for each in windows)
        console.print(f"{right} of {len(windows)} windows are classified right")
    console.print(f"written: {output}, and its picture as .png and .svg", soft_wrap=True)
