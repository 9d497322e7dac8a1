"""``mint train``: the options and the recipe that they make, trained for one seed or several."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mint.console import console
from mint.options import DataDir
from mint.output import bundle_file, report_file
from mint.report import write_json
from mint.training import built_for, checked_device, run_folder, sources_of, train_one
from model.training.named import NAMES

if TYPE_CHECKING:
    from model.training.recipe import Recipe


def train(
    network_name: Annotated[
        str | None,
        typer.Argument(metavar="[NETWORK]", help="The network, as --network has it.", show_default=False),
    ] = None,
    bits: Annotated[
        int | None, typer.Option("--bits", metavar="BITS", help="Bits of weights and membranes, 2 to 8.")
    ] = None,
    weight_width: Annotated[
        int | None,
        typer.Option("--weight-width", "-W", metavar="BITS", help="Bits of a weight, 2 to 8.", show_default="4"),
    ] = None,
    membrane_width: Annotated[
        int | None,
        typer.Option("--membrane-width", "-U", metavar="BITS", help="Bits of a membrane, 2 to 8.", show_default="4"),
    ] = None,
    network: Annotated[
        str | None,
        typer.Option(
            "--network",
            metavar="NAME",
            help=f"{NAMES}, or your own as file.py:Name.",
            show_default="fashion with 2-bit weights, else pooled",
        ),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            "--dataset",
            metavar="NAME",
            help="fashion-mnist, mnist, cifar10, tiny-imagenet or digits; or your own: FILE.npz with arrays x and y, "
            "or a folder of images by class.",
            show_default="the network's usual one",
        ),
    ] = None,
    data_dir: DataDir = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            "--epochs", min=1, help="Passes over the training split.", show_default="15, digits 12, VGG and ResNet 200"
        ),
    ] = None,
    learning_rate: Annotated[
        float | None,
        typer.Option(
            "--learning-rate",
            min=0,
            help="Of AdamW; cosine to 0.",
            show_default="0.002, of VGG and ResNet over √width, digits 0.01",
        ),
    ] = None,
    weight_decay: Annotated[
        float | None, typer.Option("--weight-decay", min=0, help="Of AdamW.", show_default="0.0001")
    ] = None,
    warmup: Annotated[
        int | None,
        typer.Option(
            "--warmup",
            min=0,
            metavar="EPOCHS",
            help="Let the learning rate rise at first.",
            show_default="0, VGG and ResNet 5, at most a tenth of the epochs",
        ),
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option("--batch-size", min=1, help="Images a step.", show_default="128")
    ] = None,
    width: Annotated[
        float | None,
        typer.Option("--width", metavar="FACTOR", help="Multiplies the channels of VGG and ResNet.", show_default="1"),
    ] = None,
    time_steps: Annotated[
        int | None, typer.Option("--time-steps", "-T", min=1, help="T of VGG and ResNet.", show_default="4")
    ] = None,
    ends_bits: Annotated[
        int | None,
        typer.Option(
            "--ends-bits", metavar="BITS", help="Of first and last layer of VGG and ResNet.", show_default="as others"
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same network.")] = 0,
    seeds: Annotated[
        int, typer.Option("--seeds", min=1, help="Train this many seeds, from --seed on; prints mean and s.d.")
    ] = 1,
    augment: Annotated[
        int | None,
        typer.Option(
            "--augment",
            min=0,
            metavar="PIXELS",
            help="Mirror images and move them by up to this.",
            show_default="VGG and ResNet 4, tiny-imagenet 8, digits and clothes none",
        ),
    ] = None,
    label_smoothing: Annotated[
        float | None,
        typer.Option(
            "--label-smoothing",
            metavar="SHARE",
            help="Share of a label that all classes have.",
            show_default="0, VGG and ResNet 0.1",
        ),
    ] = None,
    mixup: Annotated[
        float | None,
        typer.Option("--mixup", metavar="ALPHA", help="Mix two images by a share of Beta(α, α).", show_default="0"),
    ] = None,
    cutmix: Annotated[
        float | None,
        typer.Option("--cutmix", metavar="ALPHA", help="The same with a rectangle of the other.", show_default="0"),
    ] = None,
    teacher: Annotated[
        Path | None,
        typer.Option(
            "--teacher", metavar="BUNDLE", help="A trained bundle whose logits are learned beside the labels."
        ),
    ] = None,
    step_loss: Annotated[
        float | None,
        typer.Option(
            "--step-loss",
            metavar="SHARE",
            help="Share of the loss that is each time step's own.",
            show_default="0, VGG and ResNet 1",
        ),
    ] = None,
    membrane_loss: Annotated[
        float | None,
        typer.Option(
            "--membrane-loss", metavar="WEIGHT", help="Of the distance from the teacher's membranes.", show_default="0"
        ),
    ] = None,
    initial: Annotated[
        Path | None,
        typer.Option(
            "--initial", metavar="RUN", help="Start from the weights of a run's best epoch, of more bits for example."
        ),
    ] = None,
    leak_search: Annotated[
        int | None,
        typer.Option(
            "--leak-search",
            min=0,
            metavar="EPOCHS",
            help="After these, search each layer's leak r.",
            show_default="0, never",
        ),
    ] = None,
    statistics_batches: Annotated[
        int | None,
        typer.Option(
            "--statistics-batches",
            min=0,
            metavar="BATCHES",
            help="Measure batch norm's statistics on so many before each validation.",
            show_default="0, running ones; VGG and ResNet 10",
        ),
    ] = None,
    refit: Annotated[
        bool,
        typer.Option("--refit", help="Train on the validation split too and keep the last epoch; choose before."),
    ] = False,
    float32: Annotated[bool, typer.Option("--float32", help="Train the unquantised network, for comparison.")] = False,
    device: Annotated[str, typer.Option("--device", metavar="NAME", help="cpu or cuda.")] = "cpu",
    run: Annotated[
        Path | None, typer.Option("--run", metavar="DIR", help="Folder of the runs.", show_default="runs")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where the first seed's bundle goes as well.",
            callback=bundle_file,
        ),
    ] = None,
) -> None:
    """Train a network with quantised weights and membranes, and write its bundle.

    The epoch that is best on the validation split is kept; the test split is used once, at the end. Ctrl-C or a
    kill loses at most one epoch: the same command goes on where it stopped and ends in the same result. Under torchrun
    its processes share every batch, a GPU each with --device cuda.
    """
    import statistics
    from dataclasses import replace

    from model import datasets
    from model.config import Precision
    from model.errors import require
    from model.training import parallel
    from model.training.recipe import usual

    require(
        not (float32 and output), "a float32 network has no integers, so no bundle; leave out --float32 or --output"
    )
    require(
        bits is None or (weight_width is None and membrane_width is None),
        "--bits is both widths; give it, or -W and -U",
    )
    require(network_name is None or network is None, f"two networks, {network_name} and {network}; name one")
    widths = (bits or 4 if width is None else width for width in (weight_width, membrane_width))
    precision = None if float32 else Precision(*widths)
    name = network_name or network or ("fashion" if precision and precision.weight_width == 2 else "pooled")
    asked = {
        "dataset": dataset,
        "epochs": epochs,
        "learning_rate": learning_rate,
        "weight_decay": weight_decay,
        "warmup": warmup,
        "batch_size": batch_size,
        "width": width,
        "time_steps": time_steps,
        "ends_bits": ends_bits,
        "augment": augment,
        "label_smoothing": label_smoothing,
        "mixup": mixup,
        "cutmix": cutmix,
        "teacher": str(teacher) if teacher else None,
        "step_loss": step_loss,
        "membrane_loss": membrane_loss,
        "initial": str(initial) if initial else None,
        "leak_search": leak_search,
        "statistics_batches": statistics_batches,
        "refit": refit,
    }
    given: dict[str, Any] = {key: value for key, value in asked.items() if value is not None}
    if epochs is not None:
        given.setdefault("warmup", min(usual(name).warmup, epochs // 10))
    recipe = replace(
        usual(name, dataset, 1.0 if width is None else width),
        precision=precision,
        **given,
    )
    require(output is None or output != teacher, f"{output} is the teacher; choose another name for the bundle")
    place = parallel.start(checked_device(device))
    with parallel.first_alone():  # which downloads what is not there
        data = datasets.load(recipe.dataset, data_dir)
    recipe = replace(recipe, sources=sources_of(recipe, data))
    build = built_for(recipe, data)
    root = run or Path("runs")
    if seeds > 1:
        report_file(root / f"{seedless(recipe)}-seeds.json")
    results = []
    for number in range(seed, seed + seeds):
        recipe = replace(recipe, seed=number)
        where = output if number == seed else None
        with run_folder(root / recipe.name) as folder:
            results.append(train_one(recipe, build, data, folder, where, place))
    first = parallel.rank() == 0
    parallel.stop()
    if seeds > 1 and first:
        accuracies = [result["accuracy"]["test"] for result in results]
        mean, deviation = statistics.mean(accuracies), statistics.stdev(accuracies)
        label = seedless(recipe)
        console.print(f"{label}: {mean:.2f} ± {deviation:.2f} % of the test split, {seeds} seeds")
        report = {"mean": mean, "standard_deviation": deviation, "accuracies": accuracies, "runs": results}
        write_json(root / f"{label}-seeds.json", report)
        console.print(f"written: {root / f'{label}-seeds.json'}", soft_wrap=True)


def seedless(recipe: "Recipe") -> str:
    """The recipe's name without its seed."""
    return recipe.name.rpartition("-seed")[0]
