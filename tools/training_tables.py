"""The tables of training."""

import statistics
from collections.abc import Sequence
from typing import Any

from tools.tables import Rows, table


def _spread(values: Sequence[float]) -> str:
    mean = f"{statistics.mean(values):.2f}"
    return f"{mean} ± {statistics.stdev(values):.2f}" if len(values) > 1 else mean


@table("exactness", "exactness", tools=("torch", "numpy"))
def exactness(found: list[Any]) -> Rows:
    """Numbers that differ between trained and golden model, and how many of each layer's neurons spike."""
    (run,) = found
    networks: dict[str, list[Any]] = {}
    for one in run["networks"]:
        networks.setdefault(one["network"], []).append(one)
    widths = [f"w{one['bits']}u{one['bits']}" for one in next(iter(networks.values()))]
    heading: list[object] = [
        "network",
        "images",
        "numbers compared at each width",
        f"differing at {' / '.join(widths)}",
        "spikes of the layers, %",
    ]
    rows: list[list[object]] = [heading]
    for name, each in networks.items():
        (compared,) = {one["compared"] for one in each}
        (images,) = {one["images"] for one in each}
        differing = " / ".join(f"{one['differing']:,}" for one in each)
        spikes = " / ".join(f"{100 * one['least_density']:.0f}–{100 * one['greatest_density']:.0f}" for one in each)
        rows.append([f"`{name}`", images, f"{compared:,}", differing, spikes])
    return rows


@table("training", "training", tools=("torch",))
def training(found: list[Any]) -> Rows:
    """Runs of the large networks: what was trained, for how long, how well, and whether the integers are the same."""
    heading = ["network", "data set", "bits", "epochs", "seconds per epoch", "validation, %", "test, %", "differ"]
    rows: list[list[object]] = [[*heading]]
    for run in found:
        recipe, accuracy = run["recipe"], run["accuracy"]
        width = recipe["width"]
        precision = recipe["precision"]
        rows.append(
            [
                f"`{recipe['network']}`"
                + (f" × {width:g}" if width != 1 else "")
                + (", then" * bool(recipe.get("initial"))),
                recipe["dataset"],
                f"w{precision['weight_width']}u{precision['membrane_width']}" if precision else "float32",
                recipe["epochs"],
                f"{run['epoch_seconds']:.0f}",
                f"{accuracy['validation']:.2f}" if accuracy.get("validation") else None,
                f"{accuracy['test']:.2f}",
                f"{accuracy['differing']} of {accuracy['compared_with_golden']:,}" if precision else None,
            ]
        )
    return rows


@table("ablation", "ablation", tools=("torch",))
def ablation(found: list[Any]) -> Rows:
    """Parts of a recipe, each alone."""
    (run,) = found
    return _compared(run["rows"])


@table("ablation-together", "ablation", tools=("torch",))
def ablation_together(found: list[Any]) -> Rows:
    """Parts on top of those that helped."""
    (run,) = found
    return _compared(run["together"])


@table("ablation-gap", "ablation_gap", tools=("torch",))
def ablation_gap(found: list[Any]) -> Rows:
    """Where the points go."""
    (run,) = found
    return _compared(run["gap"])


def _compared(measured: list[Any]) -> Rows:
    """Mean and standard deviation over seeds, and of the difference from the first row's of the same seed."""
    rows: list[list[object]] = [["row", "seeds", "validation, %", "each seed", "against the first row"]]
    baseline = _by_seed(measured[0])
    for row in measured:
        accuracy = _by_seed(row)
        difference = [one - baseline[seed] for seed, one in accuracy.items()]
        each = " / ".join(f"{accuracy[seed]:.2f}" if seed in accuracy else "–" for seed in baseline)
        against = None if row is measured[0] else _spread(difference)
        rows.append([row["row"], len(accuracy), _spread([*accuracy.values()]), each, against])
    return rows


def _by_seed(row: dict[str, Any]) -> dict[int, float]:
    """A row's accuracies; where it does not say of which seeds, they are of all."""
    accuracy = row["accuracy"]
    return dict(zip(row.get("seed", range(len(accuracy))), accuracy, strict=True))


@table("leaks", "leaks", tools=("torch",))
def leaks(found: list[Any]) -> Rows:
    """The LIF family where order in time matters: accuracy over seeds, and the share of neurons that spike."""
    (run,) = found
    rows: list[list[object]] = [["leak", "reset", "bits", "test, %", "each seed", "spikes, %", "differ"]]
    for each in run:
        weight, membrane = each["bits"]
        one_by_one = " / ".join(f"{one:.2f}" for one in each["test"])
        reset = "–" if each["leak"] == 0 else each["reset"]
        spikes = f"{100 * statistics.mean(each['density']):.1f}"
        differ = f"{each['differing']} of {each['compared']:,}"
        rows.append(
            [f"{each['leak']:g}", reset, f"w{weight}u{membrane}", _spread(each["test"]), one_by_one, spikes, differ]
        )
    return rows


@table("window-speed", "window_speed", tools=("torch",))
def window_speed(found: list[Any]) -> Rows:
    """Milliseconds of a step against T."""
    (run,) = found
    found_steps = next(iter(run["steps"].values()))
    rows: list[list[object]] = [["", "", *(f"T = {steps}, ms" for steps in found_steps)]]
    for network, steps in run["steps"].items():
        for name in next(iter(steps.values())):
            rows.append([network, name, *(f"{1000 * one[name]['wall_seconds']:,.0f}" for one in steps.values())])
    return rows


@table("schemes", "schemes", tools=("torch",))
def schemes(found: list[Any]) -> Rows:
    """Neurons and weights of three papers on the same work: accuracy over seeds."""
    rows: list[list[object]] = [
        ["network", "weights, neuron or quantiser", "test, %", "each seed", "spikes, %", "differ"]
    ]
    for network, each in ((_task(run), each) for run in found for each in run["rows"]):
        differ = f"{each['differing']} of {each['compared']:,}" if "compared" in each else "–"
        spread = _spread(each["test"]) if len(each["test"]) > 1 else f"{each['test'][0]:.2f}"
        one_by_one = " / ".join(f"{one:.2f}" for one in each["test"])
        spikes = f"{100 * statistics.mean(each['density']):.1f}"
        rows.append([network, each["row"], spread, one_by_one, spikes, differ])
    return rows


def _task(run: dict[str, Any]) -> str:
    """The network, and its set if it is not the usual one."""
    return f"`{run['network']}`" + (f" on {run['dataset']}" if "dataset" in run else "")


@table("scheme-costs", "schemes", tools=("torch",))
def scheme_costs(found: list[Any]) -> Rows:
    """What the first seed's network of every row costs in two orders of the time steps."""
    run = found[0]
    heads = ("kept", "cycles", "additions")
    rows: list[list[object]] = [
        ["", "weights, bit", "of float32", *heads, *(f"streaming: {head}" for head in heads), "response, cycles"]
    ]
    for each in run["rows"]:
        if "skip" not in each:
            continue
        inside, outside = each["skip"], each["streaming"]
        keys = ("kept_bits", "cycles", "additions")
        rows.append(
            [
                each["row"],
                f"{inside['weight_bits']:,}",
                f"1/{32 * each['weights'] / inside['weight_bits']:.1f}",
                *(f"{inside[key]:,.0f}" for key in keys),
                *(f"{outside[key]:,.0f}" for key in (*keys, "response_cycles")),
            ]
        )
    return rows


@table("activations", "activations", tools=("torch",))
def activations(found: list[Any]) -> Rows:
    """Activations of k bits where windows see k frames."""
    (run,) = found
    rows: list[list[object]] = [["bits", "test, %", "each seed", "kept, bit", "additions"]]
    for each in run["rows"]:
        one_by_one = " / ".join(f"{one:.2f}" for one in each["test"])
        rows.append(
            [each["bits"], _spread(each["test"]), one_by_one, f"{each['kept_bits']:,}", f"{each['additions']:,.0f}"]
        )
    return rows


@table("training-memory", "training_memory", tools=("torch",))
def training_memory(found: list[Any]) -> Rows:
    """What a step keeps for the backward pass, against T."""
    steps = list(found[0]["bytes"])
    rows: list[list[object]] = [["network", "bits", "batch", *(f"T = {t}, MiB" for t in steps)]]
    for run in found:
        name = f"`{run['network']}`" + (f" × {run['width']:g}" if run["width"] != 1 else "")
        sizes = [f"{run['bytes'][t] / 2**20:,.0f}" for t in steps]
        rows.append([name, f"w{run['bits']}u{run['bits']}", run["batch"], *sizes])
    return rows


@table("race", "race", tools=("torch",))
def race(found: list[Any]) -> Rows:
    """Medians of a step, as seconds per epoch, and how many times ours."""
    (run,) = found
    rows: list[list[object]] = [
        ["", "seconds per epoch", "times ours", "processor seconds per step", "times ours, processor time"]
    ]
    for name, one in run["results"].items():
        times = one["times_ours"]
        rows.append(
            [
                name,
                f"{one['epoch_seconds']:.1f}",
                f"{times['wall_seconds']:.2f}",
                f"{one['processor_seconds']:.3f}",
                f"{times['processor_seconds']:.2f}",
            ]
        )
    return rows
