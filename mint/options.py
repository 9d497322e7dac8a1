"""Options that several commands have, spelt and explained once."""

import inspect
from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from mint.output import pictured_file, report_file
from model.training.settings import Settings

WeightWidth = Annotated[int, typer.Option("--weight-width", "-W", metavar="BITS", help="Bits of a weight, 2 to 8.")]
MembraneWidth = Annotated[
    int, typer.Option("--membrane-width", "-U", metavar="BITS", help="Bits of a stored membrane, 2 to 8.")
]
Rows = Annotated[int, typer.Option("--rows", min=1, max=256, help="Rows of the array: output positions.")]
Columns = Annotated[int, typer.Option("--columns", min=1, max=256, help="Columns of the array: output channels.")]
LanesPerNeuronUnit = Annotated[
    int | None,
    typer.Option(
        "--lanes-per-neuron-unit", min=1, help="Lanes that share a neuron unit; without it, 1, or 16 if all is linear."
    ),
]
Bundle = Annotated[
    Path | None,
    typer.Option("--bundle", metavar="FILE", help="Trained network; without it, the shipped one of these widths."),
]
DatasetName = Annotated[
    str | None,
    typer.Option(
        "--dataset",
        metavar="NAME",
        help="fashion-mnist, mnist, cifar10, tiny-imagenet, digits, moving-digits, or recordings that are cut as the "
        "network's were: n-mnist, dvs-gesture, cifar10-dvs, n-caltech101; or your own: FILE.npz with arrays x and y, "
        "or a folder of images by class; without it, the network's own.",
    ),
]
RunDataset = Annotated[
    str | None,
    typer.Option("--dataset", metavar="NAME", help="Where the run's own file or folder of images lies by now."),
]
DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", metavar="DIR", help="Folder of the set's files; also the variable MINT_DATA."),
]
AskedWeightWidth = Annotated[
    int | None,
    typer.Option("--weight-width", "-W", metavar="BITS", help="Bits of a weight, 2 to 8; else the bundle's or 4."),
]
AskedMembraneWidth = Annotated[
    int | None,
    typer.Option("--membrane-width", "-U", metavar="BITS", help="Bits of a membrane, 2 to 8; else the bundle's or 4."),
]
NetworkName = Annotated[
    str, typer.Argument(metavar="[NETWORK]", help="A network by name, your own as file.py:Name, or a bundle.")
]
NetworkWidth = Annotated[
    float, typer.Option("--width", metavar="FACTOR", help="Multiplies the channels of VGG and ResNet.")
]
NetworkDataset = Annotated[
    str | None,
    typer.Option("--dataset", metavar="NAME", help="Whose images it takes; without it, the network's usual ones."),
]
AskedRows = Annotated[
    int | None, typer.Option("--rows", min=1, max=256, help="Rows of the array: output positions; without it, 16.")
]
AskedColumns = Annotated[
    int | None, typer.Option("--columns", min=1, max=256, help="Columns of the array: output channels; without it, 8.")
]
AskedLanes = Annotated[
    int | None,
    typer.Option("--lanes", metavar="N", help="Output channels at a time of the accelerator; without it, 128."),
]
ImageFile = Annotated[
    Path | None,
    typer.Option(
        "--input",
        metavar="FILE",
        help="In place of a data set: .npy file of pixels [N, C, H, W], or spikes or counts [T, N, C, H, W]; or .npz "
        "file with x and y as a data set has them, spikes or counts [N, T, C, H, W].",
    ),
]
LabelFile = Annotated[
    Path | None,
    typer.Option("--labels", metavar="FILE", help="Classes of --input's images, integers in a .npy file."),
]
Dataflow = Annotated[
    str,
    typer.Option(
        "--dataflow",
        metavar="NAME",
        help="skip: no cycle for a zero; lanes cut in rows where that applies, time-parallel: of time steps, systolic: "
        "of positions; auto: the fastest of all for each layer; streaming, not of pixels: one time step after another.",
    ),
]
InputStream = Annotated[
    str,
    typer.Option(
        "--input-stream",
        metavar="NAME",
        help="frames: a beat for every position and time step; events, not of pixels: a beat for every event, with x, "
        "y and channel, and one that ends each time step, so that silent pixels cost none.",
    ),
]
State = Annotated[
    str | None,
    typer.Option(
        "--state",
        metavar="NAME",
        help="image: membranes start at 0 with every image; stream, of the dataflow streaming: they last until a "
        "packet begins a recording; without it, what the bundle says.",
    ),
]
MemoryLimit = Annotated[
    str | None,
    typer.Option(
        "--memory-kbit",
        metavar="N",
        help="Refuse an accelerator whose memories are larger: all together, or some by themselves, as in "
        "weights=2000,spikes=200; the others are parameters, input, membranes and sums.",
    ),
]
ReportFile = Annotated[
    Path,
    typer.Option("--output", "-o", metavar="FILE", help="Where the JSON report goes.", callback=report_file),
]
PicturedFile = Annotated[
    Path,
    typer.Option("--output", "-o", metavar="FILE", help="Where the JSON report goes.", callback=pictured_file),
]
JsonFile = Annotated[
    Path, typer.Option("--json", metavar="FILE", help="Where the JSON report goes.", callback=report_file)
]


def with_recipe(command: Callable[..., None]) -> Callable[..., None]:
    """``command`` with an option for each field of ``Settings`` that has words for one; it gets those that were given.

    They stand in the help after the command's parameter ``network``; paths come as text.
    """
    described = [field for field in fields(Settings) if field.metadata]
    options = [_recipe_option(field) for field in described]
    own = [each for each in inspect.signature(command).parameters.values() if each.kind is not each.VAR_KEYWORD]
    place = [each.name for each in own].index("network") + 1

    @wraps(command)
    def called(**values: Any) -> None:
        for field in described:
            value = values.pop(field.name)
            if value is not None and value is not False:
                values[field.name] = str(value) if isinstance(value, Path) else value
        command(**values)

    called.__signature__ = inspect.Signature([*own[:place], *options, *own[place:]])  # type: ignore[attr-defined]
    called.__annotations__ = {each.name: each.annotation for each in (*own, *options)}
    return called


def _recipe_option(field: Any) -> inspect.Parameter:
    """The option of one field: none given is ``None``, or ``False`` of a switch."""
    words = field.metadata
    switch = field.type is bool
    kind = field.type if field.type in (int, float, bool) else int if field.type == int | None else str
    if kind is str and field.default is None:  # of the fields of text, the optional ones are files
        kind = Path
    option = typer.Option(
        f"--{field.name.replace('_', '-')}",
        *filter(None, [words["short"]]),
        min=words["least"],
        metavar=words["metavar"] or None,
        help=words["help"],
        show_default=words["usual"] or True,
    )
    return inspect.Parameter(
        field.name,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        default=False if switch else None,
        annotation=Annotated[bool if switch else kind | None, option],
    )
