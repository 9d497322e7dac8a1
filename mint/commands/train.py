"""``mint train``: the options and the recipe that they make, trained for one seed or several."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mint import api
from mint.commands.export import print_bundle, print_equality
from mint.console import console, messages
from mint.options import DataDir, with_recipe
from mint.output import bundle_file, report_file
from mint.progress import training
from mint.report import write_json
from model.training.named import NAMES

if TYPE_CHECKING:
    from model.config import Precision
    from model.datasets import Dataset
    from model.training.recipe import Recipe


@with_recipe
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
    leak: Annotated[
        float | None,
        typer.Option(
            "--leak",
            metavar="SHARE",
            min=0,
            max=1,
            help="Share of a potential that is left after a time step: 0, 1/2, 3/4 … 31/32 or 1, the nearest one.",
            show_default="0.5",
        ),
    ] = None,
    reset: Annotated[
        str | None,
        typer.Option(
            "--reset",
            metavar="KIND",
            help="What a spike leaves of a potential: zero, nothing; subtract, what passes the threshold; none, all.",
            show_default="zero",
        ),
    ] = None,
    levels: Annotated[
        str | None,
        typer.Option(
            "--levels",
            metavar="NAME",
            help="Of weights, instead of their bits: binary, ternary, pow2-5 or pow2-7 (powers of two and 0).",
        ),
    ] = None,
    quantiser: Annotated[
        str,
        typer.Option(
            "--quantiser",
            metavar="NAME",
            help="How weights become levels: learned-step; sigmoids, soft steps that harden, from a float32 run.",
        ),
    ] = "learned-step",
    neuron: Annotated[
        str,
        typer.Option(
            "--neuron",
            metavar="KIND",
            help="lif, which keep a membrane; memory-free, which add the sums of a window of time steps.",
        ),
    ] = "lif",
    window: Annotated[
        int | None,
        typer.Option("--window", metavar="STEPS", help="Time steps in it: 1 to 8.", show_default="4"),
    ] = None,
    taps: Annotated[
        str | None,
        typer.Option(
            "--taps", metavar="KIND", help="Its powers of two: learned, or fixed 1, 1/2 …", show_default="learned"
        ),
    ] = None,
    dilation: Annotated[
        str | None,
        typer.Option(
            "--dilation",
            metavar="STEPS",
            help="From tap to tap, 1 to 8; sawtooth: 1, 2, 3, 1 … by layer.",
            show_default="1",
        ),
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
    data_dir: DataDir = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same network.")] = 0,
    seeds: Annotated[
        int, typer.Option("--seeds", min=1, help="Train this many seeds, from --seed on; prints mean and s.d.")
    ] = 1,
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
    **given: Any,
) -> None:
    """Train a network with quantised weights and membranes, and write its bundle.

    The epoch that is best on the validation split is kept; the test split is used once, at the end. Ctrl-C or a
    kill loses at most one epoch: the same command goes on where it stopped and ends in the same result. Under torchrun
    its processes share every batch, a GPU each with --device cuda.
    """
    from dataclasses import replace

    from model import datasets
    from model.errors import require
    from model.files.replacing import replacing
    from model.training import parallel
    from model.training.session import checked_device

    require(
        not (float32 and output), "a float32 network has no integers, so no bundle; leave out --float32 or --output"
    )
    require(
        bits is None or (weight_width is None and membrane_width is None),
        "--bits is both widths; give it, or -W and -U",
    )
    require(network_name is None or network is None, f"two networks, {network_name} and {network}; name one")
    require(
        not float32 or (leak is None and reset is None and neuron == "lif" and quantiser == "learned-step"),
        "a float32 network has no levels, leaks by 1/2 and is reset to zero; leave out --float32, or --quantiser, "
        "--leak, --reset and --neuron",
    )
    require(
        levels is None or (bits is None and weight_width is None and not float32),
        "--levels are the weights'; leave out --bits, -W and --float32, or --levels",
    )
    require(neuron in ("lif", "memory-free"), f"neuron {neuron!r}; choose lif or memory-free")
    require(
        neuron != "lif" or (window is None and taps is None and dilation is None),
        "--window, --taps and --dilation are those of memory-free neurons; add --neuron memory-free",
    )
    weights = weights_of(bits if weight_width is None else weight_width, levels, quantiser)
    if float32:
        precision = None
    elif neuron == "lif":
        precision = precision_of(weights, bits, membrane_width, leak, reset)
    else:
        require(
            membrane_width is None and leak is None and reset is None,
            "memory-free neurons have no membrane, no leak and no reset; leave out -U, --leak and --reset",
        )
        precision = memory_free(weights, window, taps, dilation)
    name = network_name or network or ("fashion" if precision and precision.weight_width == 2 else "pooled")
    recipe = api.recipe(name, precision, **given)
    require(
        output is None or str(output) != recipe.teacher, f"{output} is the teacher; choose another name for the bundle"
    )
    place = parallel.start(checked_device(device))
    with parallel.first_alone():  # which downloads what is not there
        data = datasets.load(recipe.dataset, data_dir, framing=recipe.framing)
    if data.note and parallel.rank() == 0:
        messages.print(data.note, soft_wrap=True)
    root = run or Path("runs")
    if seeds > 1:
        report_file(root / f"{seedless(recipe)}-seeds.json")
    results = []
    for number in range(seed, seed + seeds):
        trained = train_one(replace(recipe, seed=number), data, root, place)
        results.append(trained.result)
        if output is not None and number == seed and parallel.rank() == 0:
            with replacing(output) as temporary:
                temporary.write_bytes(trained.bundle.read_bytes())
            print_bundle(output)
    first = parallel.rank() == 0
    parallel.stop()
    if seeds > 1 and first:
        print_seeds(seedless(recipe), results, root)


def weights_of(width: int | None, levels: str | None, quantiser: str) -> dict[str, Any]:
    """What the options say of weights."""
    from model.config import LEVELS
    from model.errors import require

    if levels is not None:
        require(levels in LEVELS, f"levels {levels!r}; choose one of {', '.join(LEVELS)}")
    width, code = LEVELS[levels] if levels else (4 if width is None else width, "narrow")
    return {"weight_width": width, "weight_code": code, "quantiser": quantiser}


def precision_of(
    weights: dict[str, Any], bits: int | None, membrane_width: int | None, leak: float | None, reset: str | None
) -> "Precision":
    """What the options say of weights and neurons; says what it takes instead of a leak that no neuron has."""
    from model.config import Precision
    from model.errors import require
    from model.neurons.lif import nearest_leak

    found = Precision.leak if leak is None else nearest_leak(leak)
    require(
        found > 0 or membrane_width is None,
        f"--membrane-width {membrane_width} with leak 0, which keeps nothing; leave out one of them",
    )
    membranes = (bits or 4 if membrane_width is None else membrane_width) if found else 0
    precision = Precision(**weights, membrane_width=membranes, leak=found, reset=reset or Precision.reset)
    if leak is not None and found not in (0, 1 / 2, 1):
        wanted, measured = math.log(0.5) / math.log(found), precision.lif().half_life
        messages.print(
            f"leak {found:g}{'' if found == leak else f', the nearest to {leak:g}'}: half of a potential is left after "
            f"{wanted:.1f} time steps; of the greatest code of {membranes} bits after {measured}",
            soft_wrap=True,
        )
    elif leak is not None and found != leak:
        messages.print(f"leak {found:g}, the nearest to {leak:g}")
    return precision


def memory_free(weights: dict[str, Any], window: int | None, taps: str | None, dilation: str | None) -> "Precision":
    """What the options say of weights and of neurons without membranes."""
    from model.config import LEARNED, SAWTOOTH, Precision
    from model.errors import require

    apart = dilation or "1"
    require(apart == "sawtooth" or apart in tuple("12345678"), f"dilation {apart!r}; choose 1 to 8, or sawtooth")
    return Precision(
        **weights,
        membrane_width=0,
        neuron_family="memory-free",
        window=4 if window is None else window,
        taps=taps or LEARNED,
        dilation=SAWTOOTH if apart == "sawtooth" else int(apart),
    )


def train_one(recipe: "Recipe", data: "Dataset", root: Path, device: str) -> api.Training:
    """Train one seed, unless that is done, and print what it came to; of several processes the first one prints."""
    from model.training import parallel

    folder = root / recipe.name
    if parallel.rank() > 0:
        return api.train(recipe, root, data=data, device=device)
    with training(recipe, folder) as listener:
        found = api.train(recipe, root, data=data, device=device, listener=listener)
    report = folder / "result.json"
    if found.before:
        messages.print(f"{recipe.name}: trained before, see {report}", soft_wrap=True)
        return found
    scores = found.result["accuracy"]
    if recipe.precision is not None:
        print_equality(scores)
        print_bundle(found.bundle)
    chosen = "no validation split" if recipe.refit else f"validation {scores['validation']:.2f} %"
    epoch = found.result["best_epoch"] + 1
    console.print(f"{recipe.name}: test {scores['test']:.2f} %, {chosen} (epoch {epoch})")
    console.print(f"written: {report}", soft_wrap=True)
    return found


def print_seeds(label: str, results: list[dict[str, Any]], root: Path) -> None:
    """Mean and deviation over the seeds, printed and reported."""
    import statistics

    accuracies = [result["accuracy"]["test"] for result in results]
    mean, deviation = statistics.mean(accuracies), statistics.stdev(accuracies)
    console.print(f"{label}: {mean:.2f} ± {deviation:.2f} % of the test split, {len(results)} seeds")
    target = root / f"{label}-seeds.json"
    write_json(target, {"mean": mean, "standard_deviation": deviation, "accuracies": accuracies, "runs": results})
    console.print(f"written: {target}", soft_wrap=True)


def seedless(recipe: "Recipe") -> str:
    """The recipe's name without its seed."""
    return recipe.name.rpartition("-seed")[0]
