"""The measured tables of README.md and docs/results.md, written from the reports in docs/results.

    python -m tools.results                                 write the tables: `make results`
    python -m tools.results --update area build/area.json   take a new report first: `make results UPDATE="..."`
    python -m tools.results --check                         write nothing; say what would change

A report is what a `mint` command wrote, of its own accord with its command and the versions of its tools; docs/results
has it as it was, except for the seconds that it took. A table stands between two comments, `<!-- table: NAME -->` and
`<!-- end -->`.

A new table is a function in one of the modules of tables that turns a report's content into a heading and rows, with
:func:`tools.tables.table` above it, and the two comments where it should stand. A new report needs nothing else. A new
picture is a function with :func:`picture` above it.
"""

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mint.plots import plot_area, plot_breakdown, plot_generation, plot_logits, plot_membrane_share
from mint.report import write_text
from model.files.replacing import replacing
from model.network import bundle
from tools import accelerator_tables, array_tables, event_tables, paper_tables, tables, training_tables
from tools.tables import TABLES, ResultsError, Run, Table, read_report

ROOT = tables.ROOT
MODULES = (array_tables, accelerator_tables, paper_tables, training_tables, event_tables)
"""Whose tables there are."""
PAGES = (ROOT / "README.md", *(ROOT / f"docs/{page}.md" for page in ("results", "schemes", "training", "events")))

TABLE = re.compile(r"^<!-- table: (\S+) -->\n(.*?)^<!-- end -->$", re.MULTILINE | re.DOTALL)
IDENTIFIER = re.compile(rb"\b([a-z])[0-9a-f]{10}\b")
MADE_BY = ("command", "tools")
TIMES = ("seconds", "cycles_per_second")
"""What differs from run to run."""

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

    Of the scales, those of the most and of the fewest bits, and no element beside an array of such: lines between them
    would hide the numbers.
    """
    timed = [record for run in read_report("timing") for record in run["found"]]
    if any(record["design"] == "uq_array" for record in timed):
        timed = [record for record in timed if record["design"] != "uq_pe"]
    bits = {record["scale_bits"] for record in timed if record["scale_bits"]}
    timed = [record for record in timed if record["scale_bits"] in (None, min(bits), max(bits))]
    areas = [record for run in read_report("area") for record in run["found"]]
    limits = [record for record in areas if record["design"] == "gate_limit"]
    plot_area([*timed, *limits], timed[0]["flow"], path, endings=[".svg"])


@picture("breakdown.svg")
def breakdown_picture(path: Path) -> None:
    run = read_report("breakdown")[-1]["found"]
    plot_breakdown(run["shares"], run["flow"], path, endings=[".svg"])


@picture("memory.svg")
def memory_picture(path: Path) -> None:
    run = read_report("memory")[0]["found"]
    plot_membrane_share(run["membrane_share"], run["network"], path, endings=[".svg"])


@picture("generation.svg")
def generation_picture(path: Path) -> None:
    run = read_report("generation")[-1]["found"]
    title = f"mint verilog, {run['precision']}, {run['lanes']} lanes"
    plot_generation(run["networks"], title, path, endings=[".svg"])


@picture("watch.svg")
def watch_picture(path: Path) -> None:
    plot_logits(read_report("watch")[0]["found"], path, endings=[".svg"])


@picture("watch_nmnist.svg")
def watch_nmnist_picture(path: Path) -> None:
    plot_logits(read_report("watch")[1]["found"], path, endings=[".svg"])


# From reports to pages.


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
        checksums = {name: known for run in runs for name, known in run["tools"].items() if name in flows}
        named = (f"{flow} ({checksums[flow][:19]}…)" if flow in checksums else flow for flow in flows)
        parts.append(f"{word}: {', '.join(named)}.")
    versions = dict.fromkeys(
        f"{tool} {run['tools'][tool]}" for tool in made.tools for run in runs if tool in run["tools"]
    )
    commands = dict.fromkeys(f"`{run['command']}`" for run in runs)
    return " ".join([*parts, f"Tools: {', '.join(versions)}.", f"Made by {', '.join(commands)}."])


def drawn(name: str) -> bytes:
    """A picture as its report has it, whatever the processor.

    Matplotlib names what is used again by a hash of numbers whose last bits differ from one processor to another.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        PICTURES[name](path)
        names: dict[bytes, bytes] = {}
        return IDENTIFIER.sub(
            lambda match: names.setdefault(match[0], b"%s%010d" % (match[1], len(names))), path.read_bytes()
        )


def validation_accuracy(name: str) -> float | None:
    """What a shipped bundle says of the epoch that it is from; no command measures it again. A refit has none."""
    found = bundle.read(tables.BUNDLES / name).accuracy.get("validation")
    return None if found is None else float(found)


def fill(page: Path) -> str:
    """A page's text with its tables as the reports have them."""
    text = page.read_text(encoding="utf-8")
    starts, ends = (len(re.findall(rf"^<!-- {word}\b", text, re.MULTILINE)) for word in ("table", "end"))
    if not starts == ends == len(TABLE.findall(text)):
        raise ResultsError(
            f"{page.name}: every `<!-- table: NAME -->` needs an `<!-- end -->`, each on a line of its own"
        )
    return TABLE.sub(lambda match: f"<!-- table: {match[1]} -->\n{markdown(match[1], page)}<!-- end -->", text)


# From build/ to reports.


def read_run(path: Path) -> Run:
    """What a command wrote: an object with its command and tools, or a list with a ``.meta.json`` beside it."""
    found = json.loads(path.read_text(encoding="utf-8"))
    made_by = (
        found if isinstance(found, dict) else json.loads(path.with_suffix(".meta.json").read_text(encoding="utf-8"))
    )
    if any(key not in made_by for key in MADE_BY):
        raise ResultsError(f"{path} does not say which command and tools made it")
    if isinstance(found, dict):
        found = {key: value for key, value in found.items() if key not in MADE_BY}
    return {**{key: made_by[key] for key in MADE_BY}, "found": _timeless(found)}


def _timeless(found: Any) -> Any:
    """Without what differs from run to run, wherever it stands."""
    if isinstance(found, dict):
        return {key: _timeless(value) for key, value in found.items() if key not in TIMES}
    return [_timeless(value) for value in found] if isinstance(found, list) else found


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
    write_text(tables.REPORTS / f"{name}.json", json.dumps(runs, indent=1) + "\n")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.results", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--update", nargs="+", metavar=("NAME", "FILE"), help="take a report's new files")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a page differs")
    chosen = parser.parse_args(arguments)
    if chosen.update:
        update(chosen.update[0], map(Path, chosen.update[1:]))
    wanted = {page: fill(page).encode() for page in PAGES} | {tables.REPORTS / name: drawn(name) for name in PICTURES}
    differ = [path for path, content in wanted.items() if not path.exists() or path.read_bytes() != content]
    for path in differ:
        if not chosen.check:
            with replacing(path) as temporary:
                temporary.write_bytes(wanted[path])
        print(f"{'differs' if chosen.check else 'written'}: {path.relative_to(ROOT)}")
    if chosen.check and differ:
        raise ResultsError("run `make results`")


if __name__ == "__main__":
    try:
        main()
    except (ResultsError, OSError, json.JSONDecodeError) as error:
        sys.exit(f"error: {error}")
