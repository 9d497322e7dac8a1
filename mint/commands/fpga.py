"""``mint fpga``: a network's accelerator on an FPGA, placed and routed."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mint.console import console, messages
from mint.options import (
    AskedLanes,
    AskedMembraneWidth,
    AskedWeightWidth,
    Bundle,
    DataDir,
    Dataflow,
    DatasetName,
    InputStream,
    LanesPerNeuronUnit,
    MemoryLimit,
)
from mint.output import report_file
from mint.report import write_json
from model.files.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hdl.synthesis.ecp5 import Chip

NOTE = """\
Yosys and nextpnr for a Lattice ECP5; LUT include carries and small memories, a block RAM has 18 kbit. The clock is
that of paths between registers, the ports are the chip's pins."""

TEST_IMAGES = 1000
XC7 = "xc7"


def fpga(
    weight_width: AskedWeightWidth = None,
    membrane_width: AskedMembraneWidth = None,
    bundle: Bundle = None,
    lanes: AskedLanes = None,
    lanes_per_neuron_unit: LanesPerNeuronUnit = None,
    dataflow: Dataflow = "skip",
    input_stream: InputStream = "frames",
    memory_kbit: MemoryLimit = None,
    device: Annotated[
        str, typer.Option("--device", metavar="SIZE", help="ECP5 of 12k, 25k, 45k or 85k tables; xc7: mapped only.")
    ] = "85k",
    target_mhz: Annotated[
        float, typer.Option("--target-mhz", min=1, help="The clock that nextpnr is asked for.")
    ] = 100.0,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Place and route as often; the median counts.")] = 1,
    images: Annotated[
        int | None,
        typer.Option("--images", min=1, help="Test images whose cycles are averaged, from the first on (1,000)."),
    ] = None,
    dataset: DatasetName = None,
    data_dir: DataDir = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="The report; without it, build/w4u4/fpga.json and so on.",
            callback=report_file,
        ),
    ] = None,
) -> None:
    """Place and route a network's accelerator on an ECP5: LUT, flip-flops, block RAM, DSP, clock, images per second.

    Images per second are the clock divided by the cycles from class to class, those of `mint estimate`: the layers' or
    the input port's, whichever are more. They are the mean of the first test images of the network's data set; of drawn
    ones where the set is not at hand, and then it says so. Takes some minutes a seed.

    With --device xc7, the cells of a Xilinx 7-series FPGA are counted in the flow in which others' RTL was measured;
    nothing is placed, and there is no clock.
    """
    from statistics import median

    from hdl.folder.description import MODULE
    from hdl.folder.files import design_files
    from hdl.synthesis.ecp5 import route
    from model.accelerator.choose import accelerator_config
    from model.accelerator.estimate import measured
    from model.datasets.samples import some_images
    from model.errors import require
    from model.network.choice import choose

    precision, path, network = choose(bundle, weight_width, membrane_width)
    require(network is not None, f"no network of {precision} ships; name yours with --bundle")
    assert network is not None
    assert path is not None
    config = accelerator_config(
        network,
        lanes,
        lanes_per_neuron_unit,
        dataflow,
        input_stream=input_stream,
        memory_kbit=memory_kbit,
        dataset=dataset,
        data_dir=data_dir,
    )
    stimulus, source = some_images(
        network, images or TEST_IMAGES, dataset, data_dir, fewer=images is None, download=True
    )
    count = stimulus.shape[network.inputs.axis]
    cycles = float(measured(network, config, stimulus).intervals.mean())
    identity = {
        "bundle": path.name,
        "dataflow": dataflow,
        "input_stream": input_stream,
        "lanes": config.lanes,
        "lanes_per_neuron_unit": config.lanes_per_neuron_unit,
        "cycles_an_image": cycles,
        "images": count,
        "cycles_source": f"mean of {count:,} images, {source}",
    }
    _, texts = design_files(network, config)
    if device == XC7:
        _xc7(texts, identity, output or Path("build") / str(precision) / "xc7.json")
        return
    chips: list[Chip] = []
    for seed in range(1, seeds + 1):
        with messages.status(f"placing and routing {printable(path.name)} on an ECP5 {device}, {seed} of {seeds}"):
            chips.append(route(texts, MODULE, device, seed, target_mhz))

    clock = median(chip.fmax_mhz for chip in chips)
    report = {
        **identity,
        "seeds": seeds,
        "fmax_mhz": clock,
        "images_per_second": round(clock * 1e6 / cycles, 1),
        "runs": [asdict(chip) for chip in chips],
    }
    target = output or Path("build") / str(precision) / "fpga.json"
    write_json(target, report)
    shown = min(chips, key=lambda chip: abs(chip.fmax_mhz - clock))
    _print(report, shown, f"{path.name}, {dataflow}, {config.lanes} lanes, on an ECP5 {device} ({shown.package})")
    console.print(f"written: {target}", soft_wrap=True)


def _xc7(texts: "Mapping[str, str]", identity: dict[str, Any], target: Path) -> None:
    """Count cells, write and print them."""
    from hdl.folder.description import MODULE
    from hdl.synthesis.xc7 import FLOW, cells

    with messages.status(f"mapping {identity['bundle']} to xc7"):
        found = asdict(cells(texts, MODULE))
    write_json(target, identity | {"flow": FLOW} | found)
    console.print(f"{identity['bundle']}, {identity['lanes']} lanes, {FLOW}", soft_wrap=True)
    numbers = ", ".join(f"{name} {number:,}" for name, number in found.items())
    console.print(numbers, soft_wrap=True)
    console.print(f"cycles: {identity['cycles_an_image']:,.1f}, {identity['cycles_source']}", soft_wrap=True)
    console.print(f"written: {target}", soft_wrap=True)


def _print(report: dict[str, Any], chip: "Chip", title: str) -> None:
    from rich.table import Table

    console.print(title, soft_wrap=True)
    seeds = report["seeds"]
    table = Table(show_header=False)
    table.add_column()
    table.add_column(justify="right")
    rows = (
        ("LUT", f"{chip.lut:,}"),
        ("flip-flops", f"{chip.flip_flops:,}"),
        ("block RAM", f"{chip.block_ram:,}"),
        ("DSP", f"{chip.dsp:,}"),
        ("pins", f"{chip.pins:,}"),
        (f"clock, MHz, {f'median of {seeds} seeds' if seeds > 1 else 'one seed'}", f"{report['fmax_mhz']:.1f}"),
        ("cycles per image", f"{report['cycles_an_image']:,.1f}"),
        ("images per second", f"{report['images_per_second']:,.0f}"),
    )
    for row in rows:
        table.add_row(*row)
    console.print(table)
    console.print(f"cycles: {report['cycles_source']}", soft_wrap=True)
    console.print(
        f"slowest path: {chip.logic_ns} ns logic, {chip.routing_ns} ns wires, through {', '.join(chip.path_modules)}",
        soft_wrap=True,
    )
    console.print(NOTE, soft_wrap=True)
