"""``mint estimate``: what the accelerator will take, before any synthesis."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mint import api
from mint.console import console, print_wide
from mint.options import (
    AskedLanes,
    AskedMembraneWidth,
    AskedWeightWidth,
    Bundle,
    DataDir,
    Dataflow,
    DatasetName,
    ImageFile,
    InputStream,
    LanesPerNeuronUnit,
    State,
)
from mint.output import pictured_file
from mint.plots import plot_estimate
from mint.progress import counting
from mint.report import write_json
from model.files.text import printable

if TYPE_CHECKING:
    from model.network.network import Network

ARRAY = (16, 8)
"""Rows and columns of the dense systolic array beside which the cycles are put."""

EXACT = "exact: the cycles of the hardware, mean of {count} {source}"
EXPECTED = (
    "expected, not measured: every bit that a layer reads is set independently with the density given; "
    "exact cycles of {count} such random inputs"
)


def estimate(
    weight_width: AskedWeightWidth = None,
    membrane_width: AskedMembraneWidth = None,
    bundle: Bundle = None,
    network: Annotated[
        str | None,
        typer.Option("--network", metavar="NAME", help="A shape in place of a bundle: vgg9, vgg16, resnet19."),
    ] = None,
    lanes: AskedLanes = None,
    lanes_per_neuron_unit: LanesPerNeuronUnit = None,
    dataflow: Dataflow = "skip",
    input_stream: InputStream = "frames",
    state: State = None,
    images: Annotated[
        int | None,
        typer.Option(
            "--images",
            min=1,
            help="Images, from the first on (100; of --input, all); with --density, random inputs (1).",
        ),
    ] = None,
    density: Annotated[
        str | None,
        typer.Option(
            "--density",
            metavar="D[,D...]",
            help="No images: share of set bits, 0 to 1, of all spikes, or of what each layer reads.",
        ),
    ] = None,
    pixel_density: Annotated[
        float, typer.Option("--pixel-density", metavar="D", help="Set bits of pixels, with a single --density.")
    ] = 0.5,
    dataset: DatasetName = None,
    data_dir: DataDir = None,
    file: ImageFile = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FOLDER", help="Where the files go; without it, build/w2u2 and so on."),
    ] = None,
) -> None:
    """Print cycles, zero-skip bound, traffic and memories of the accelerator, layer by layer, without building it.

    With images the cycles are exact: those of the hardware, whose hand-shakes are recurrences over the words that it
    reads. With --density they are an expectation, labelled as such. The bound counts a cycle for each set input bit and
    group of output channels, from the golden model; utilisation is the share of lanes that add a weight, of all lanes
    in all cycles. Lanes in rows add a weight for several inputs at once: such a layer may need fewer cycles than the
    bound.

    Writes FOLDER/estimate.json, and the chart as .png and .svg.
    """
    from model.accelerator.report import describe
    from model.errors import require

    require(
        density is None or file is None, "--density is without images, and --input a file of them; give one of them"
    )
    chosen, folder, title = _network(bundle, network, weight_width, membrane_width, density)
    target = (output or folder) / "estimate.json"
    pictured_file(target)
    if density is None:
        asked, kind = _images(chosen, images, dataset, data_dir, file)
    else:
        asked, kind = _densities(chosen, images or 1, density, pixel_density)
    with counting("counting", stays=density is None) as progress:
        found = api.estimate(
            chosen,
            **asked,
            lanes=lanes,
            lanes_per_neuron_unit=lanes_per_neuron_unit,
            dataflow=dataflow,
            input_stream=input_stream,
            state=state,
            progress=progress,
        )
    report = describe(found, _dense(chosen)) | {"dataflow": dataflow}
    write_json(target, {"network": title, "exact": density is None, "kind": kind, **report})
    heading = f"{title}, {dataflow}, {found.config.lanes} lanes, {found.config.lanes_per_neuron_unit} a neuron unit"
    plot_estimate(report["layers"], heading if density is None else f"{heading}; expected", target.with_suffix(".svg"))
    _print(report, heading, kind)
    console.print(f"written: {target}, and its chart as .png and .svg", soft_wrap=True)


def _network(
    bundle: Path | None, shape: str | None, weight_width: int | None, membrane_width: int | None, density: str | None
) -> tuple["Network", Path, str]:
    """The network, where its report goes, and its name."""
    from model.config import Precision
    from model.errors import require
    from model.network.choice import DEFAULT_WIDTH, choose
    from model.network.shapes import SHAPES

    if shape is None:
        precision, path, network = choose(bundle, weight_width, membrane_width)
        require(network is not None, f"no network of {precision} ships; name yours with --bundle")
        assert network is not None
        assert path is not None
        return network, Path("build") / str(precision), printable(path.name)
    require(bundle is None, "--network is an untrained shape, and --bundle a trained network; give one of them")
    require(shape in SHAPES, f"network {shape!r} is no shape that is known; choose one of: {', '.join(SHAPES)}")
    require(density is not None, f"{shape} is untrained, its spikes mean nothing; give --density")
    precision = Precision(*(DEFAULT_WIDTH if width is None else width for width in (weight_width, membrane_width)))
    return SHAPES[shape](precision), Path("build") / shape, f"{shape} of {precision}, untrained"


def _images(
    network: "Network", images: int | None, dataset: str | None, data_dir: Path | None, file: Path | None
) -> tuple[dict[str, Any], str]:
    """The images that are counted, those that decide, and what they are."""
    from model.datasets.inputs import images_for

    given = images_for(network, dataset, data_dir, file)
    asked = images or (given.count(network) if file else 100)
    kind = EXACT.format(count=f"{asked:,}", source=given.kind)
    return {"images": given.first(network, asked), "chosen_on": given.values}, kind


def _densities(network: "Network", draws: int, density: str, pixel_density: float) -> tuple[dict[str, Any], str]:
    """The density of what each layer reads, and what an estimate by them is."""
    from model.errors import UserError

    try:
        densities = [float(each) for each in density.split(",")]
    except ValueError:
        raise UserError(f"density {density!r}; give a number, or one for each layer with commas") from None
    if len(densities) == 1:
        densities *= len(network.layers)
        if network.inputs.static:
            densities[0] = pixel_density
    return {"densities": densities, "draws": draws}, EXPECTED.format(count=f"{draws:,}")


def _dense(network: "Network") -> dict[str, int]:
    """Cycles of every layer on the dense array; none of networks that it does not run."""
    from dataclasses import replace

    from hdl.array.tiling import tilings
    from model.array import LARGEST_TIME_STEPS
    from model.network.graph import Readout, State
    from model.neurons import Lif

    leaky = all(isinstance(each, Lif) for each in network.neurons)
    if network.readout != Readout.SUM or not leaky or network.time_steps > LARGEST_TIME_STEPS:
        return {}
    network = replace(network, state=State.IMAGE)  # which changes no cycles
    config = network.array_config(rows=ARRAY[0], columns=ARRAY[1])
    return {name: tiling.cycles for name, tiling in tilings(network, config).items()}


def _print(report: dict[str, Any], heading: str, kind: str) -> None:
    from rich import box
    from rich.table import Table

    from model.accelerator.choose import rows_of

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("layer")
    table.add_column("rows")
    dense = f"dense array\n{ARRAY[0]} x {ARRAY[1]}, cycles"
    columns = ("cycles", "bound", "ratio", "density\n%", "lanes at\nwork %", dense, "weights\nread, kbit")
    for column in (*columns, "inputs\nread, kbit", "spikes written\nand merged, kbit"):
        table.add_column(column, justify="right")
    sums = dict.fromkeys(("weights_read", "inputs_read", "spikes"), 0.0)
    for layer in report["layers"]:
        bits = layer["traffic_bits"]
        spikes = bits["spikes_written"] + bits["spikes_merged"]
        for key, value in (*bits.items(), ("spikes", spikes)):
            if key in sums:
                sums[key] += value
        moved = (bits["weights_read"], bits["inputs_read"], spikes)
        table.add_row(
            layer["layer"],
            rows_of(layer["dataflow"], layer["rows"]),
            *_numbers(layer),
            *(f"{each / 1e3:,.1f}" for each in moved),
        )
    table.add_section()
    table.add_row(
        "all",
        "",
        *_numbers(report | {"cycles": report["interval_cycles"]}),
        *(f"{each / 1e3:,.1f}" for each in sums.values()),
    )
    print_wide(table, heading)
    memories = ", ".join(f"{name} {bits:,}" for name, bits in report["memory_bits"].items() if bits)
    interval = f"{report['interval_cycles']:,.1f}"
    layers = f"{report['cycles']:,.1f} ({report['least_cycles']:,} to {report['most_cycles']:,})"
    load = f"{report['load_cycles']:,} ({report['input_beats']:,} beats of {report['input_width']} bits)"
    for line in (
        kind,
        f"all layers, cycles per image: {layers}",
        f"loading an image: {load}, while the one before is computed",
        f"so a stream of these images gives a class every {interval} cycles, {report['ratio']:.3f} x the bound",
        f"latency from the first input beat to the class, both included: {report['latency_cycles']:,.1f} cycles",
        *_asynchronous(report),
        *_response(report),
        f"memory bits: {memories}; all {sum(report['memory_bits'].values()):,}",
        f"kept of a neuron: {_kept(report)}",
    ):
        console.print(line, soft_wrap=True)


def _asynchronous(report: dict[str, Any]) -> list[str]:
    """Of time steps that come as packets."""
    found = report["asynchronous"]
    if found is None:
        return []
    response = f"{found['response_cycles']:,.1f} (at most {found['most_response_cycles']:,})"
    lines = [f"from a time step's last input beat to its class, both included: {response} cycles, a layer at a time"]
    if found["overlap"]:
        own = found["overlap"]
        lines.append(
            f"layers that overlapped, each with {report['lanes']} lanes of its own, would give a class every "
            f"{own['cycles']:,.1f} cycles, {own['at_once']:.2f} of {len(report['layers'])} layers at work on average"
        )
    return lines


def _response(report: dict[str, Any]) -> list[str]:
    """Of events, what passes after the last one."""
    if "response_cycles" not in report:
        return []
    return [f"from the beat that ends its last time step, both included: {report['response_cycles']:,.1f} cycles"]


def _kept(report: dict[str, Any]) -> str:
    """Membranes, sums or inputs of earlier time steps, and where they are."""
    if report["membrane_bits"]:
        return f"membranes, {report['membrane_bits']:,} bits at the lanes, no memory and no traffic"
    if report["past_sum_bits"]:
        return f"no membrane; sums of earlier time steps, {report['past_sum_bits']:,} bits at the lanes, no traffic"
    if report["history_bits"]:
        return f"no membrane and no sum; inputs of earlier time steps, {report['history_bits']:,} bits of the memories"
    bits = sum(layer["traffic_bits"]["membranes"] for layer in report["layers"])
    if not report["memory_bits"].get("membranes"):
        return "nothing" + (
            f" but the last layer's sums; {bits / 1e3:,.1f} kbit an image to and from their memory" if bits else ""
        )
    return f"membranes in a memory, with the last layer's sums; {bits / 1e3:,.1f} kbit an image to and from it"


def _numbers(entry: dict[str, Any]) -> list[str]:
    """Columns that a layer and the sum of all have."""
    cycles, bound, dense = entry["cycles"], entry["bound_cycles"], entry["dense_cycles"]
    return [
        f"{cycles:,.1f}",
        f"{bound:,.1f}",
        f"{cycles / bound:.3f}" if bound else "-",
        f"{100 * entry['density']:.1f}" if "density" in entry else "",
        f"{100 * entry['utilisation']:.1f}",
        "-" if dense is None else f"{dense:,}",
    ]
