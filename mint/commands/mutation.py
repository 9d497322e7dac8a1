"""``mint mutation``: small faults in the hardware, and which of them the benches notice."""

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mint.console import console, messages
from mint.options import ReportFile
from mint.report import write_json

if TYPE_CHECKING:
    from hdl.formal.mutation import Mutant

WORKERS = 2
GROUP = 20
"""Mutants that share a simulation."""

GOAL = 95.0
SEED = 1


def mutation(
    mutants: Annotated[
        int, typer.Option("--mutants", min=1, help="How many in all: a quarter each in element and neuron unit.")
    ] = 600,
    minutes: Annotated[float, typer.Option("--minutes", min=0, help="Start no more of them after so long.")] = 60,
    output: ReportFile = Path("build/mutation.json"),
) -> None:
    """Put small faults into the hardware, one at a time, and count those that the benches notice.

    Yosys makes the mutants of the processing element, the neuron unit and the array's own control: a bit is inverted,
    stuck, or inverted by another. A mutant is killed when its component's bench or the array's fails or never ends. The
    others go to a proof; those that are proved to do the same as the design do not count, all others are listed.

    What was found is kept in the folder mutation beside FILE, for as long as design, benches and golden model are the
    same: the same command goes on where it was stopped. The exit status is 1 if not all are done, or if too few are
    killed.
    """
    from model.files.folders import work_folder
    from sim.harness.simulators import installed

    installed("icarus")
    with work_folder(output.parent / "mutation") as folder:
        listed, outcomes = judged(mutants, minutes, folder)
    report = summary(listed, outcomes)
    write_json(output, {"seed": SEED, "goal": GOAL, "array": array(), **report})
    print_summary(report)
    console.print(f"written: {output}", soft_wrap=True)
    if report["waiting"]:
        messages.print(f"{report['waiting']} mutants are not done; the same command goes on with them", style="yellow")
    if report["waiting"] or report["errors"] or report["score"] < GOAL:
        raise typer.Exit(1)


def judged(mutants: int, minutes: float, folder: Path) -> tuple[dict[str, list["Mutant"]], dict[str, dict[str, str]]]:
    """The mutants of each module, and by their commands what is known about them after so long."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context
    from time import monotonic

    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    from hdl.formal.mutation import design_text, list_mutants
    from sim.array.mutants import CONFIG, MODULES, fingerprint, judge

    started = monotonic()
    text = design_text(CONFIG)
    known = Progressed(folder / "outcomes.jsonl", fingerprint(text))
    shares = shared(mutants)
    listed = {
        module: list_mutants(text, module, shares[module], SEED, (folder / module).resolve()) for module in MODULES
    }
    groups = [
        group
        for of_module in listed.values()
        for group in grouped([each for each in of_module if each.command not in known.outcomes], GROUP)
    ]
    total = sum(map(len, listed.values()))
    columns = (TextColumn("mutants"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    # Processes, because a simulation changes its process's environment; spawned, because threads are running.
    with (
        Progress(*columns, console=messages) as progress,
        ProcessPoolExecutor(WORKERS, get_context("spawn")) as pool,
    ):
        task = progress.add_task("", total=total, completed=total - sum(map(len, groups)))
        running: dict[Any, list[Mutant]] = {}
        while groups or running:
            while groups and len(running) < WORKERS and monotonic() - started < 60 * minutes:
                group = groups.pop(0)
                place = (folder / f"run{len(groups)}").resolve()
                running[pool.submit(judge, text, group, place)] = group
            if not running:
                break
            done = first_done(running)
            for mutant, outcome in zip(running.pop(done), done.result(), strict=True):
                known.add(mutant, outcome.status, outcome.why)
                progress.advance(task)
    return listed, known.outcomes


class Progressed:
    """What is known about mutants, by their command; every line of the file is one of them."""

    def __init__(self, path: Path, key: str) -> None:
        self.path = path
        self.key = key
        self.outcomes: dict[str, dict[str, str]] = {}
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                try:
                    entry = json.loads(line)
                except json.JSONDecodeError:
                    continue  # the line that was being written when the last run was killed
                if entry["key"] == key and entry["status"] != "error":
                    self.outcomes[entry["command"]] = entry

    def add(self, mutant: "Mutant", status: str, why: str) -> None:
        entry = {"key": self.key, "command": mutant.command, "status": status, "why": why}
        self.outcomes[mutant.command] = entry
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")


def shared(mutants: int) -> dict[str, int]:
    """How many of ``mutants`` each module gets: half of them the control, which has the most cells."""
    quarter = mutants // 4
    return {"processing_element": quarter, "neuron_unit": quarter, "systolic_array": mutants - 2 * quarter}


def grouped(mutants: list["Mutant"], size: int) -> list[list["Mutant"]]:
    return [mutants[start : start + size] for start in range(0, len(mutants), size)]


def first_done(running: dict[Any, Any]) -> Any:
    from concurrent.futures import FIRST_COMPLETED, wait

    return next(iter(wait(running, return_when=FIRST_COMPLETED).done))


def array() -> dict[str, Any]:
    """The array that is mutated, for the report."""
    from dataclasses import asdict

    from sim.array.mutants import CONFIG

    return asdict(CONFIG)


def score(counts: dict[str, int]) -> float:
    """Percent killed of those that are not proved equivalent."""
    judged = counts["killed"] + counts["survived"] + counts["error"]
    return round(100 * counts["killed"] / judged, 2) if judged else 0.0


def summary(listed: dict[str, list["Mutant"]], outcomes: dict[str, dict[str, str]]) -> dict[str, Any]:
    """Counts for each module and in all, and every mutant with what became of it."""
    statuses = ("killed", "equivalent", "survived", "error", "waiting")
    modules: dict[str, dict[str, Any]] = {}
    entries = []
    for module, mutants in listed.items():
        counts = Counter(dict.fromkeys(statuses, 0))
        for mutant in mutants:
            outcome = outcomes.get(mutant.command, {"status": "waiting", "why": ""})
            counts[outcome["status"]] += 1
            entries.append(
                {
                    "module": module,
                    "cell": mutant.option("cell"),
                    "port": f"{mutant.option('port')}[{mutant.option('portbit')}]",
                    "mode": mutant.option("mode"),
                    "source": mutant.line,
                    "status": outcome["status"],
                    "why": outcome["why"],
                    "command": mutant.command,
                }
            )
        modules[module] = {"mutants": len(mutants), **counts, "score": score(counts)}
    total = {status: sum(module[status] for module in modules.values()) for status in statuses}
    return {
        "mutants": len(entries),
        "killed": total["killed"],
        "equivalent": total["equivalent"],
        "survived": total["survived"],
        "errors": total["error"],
        "waiting": total["waiting"],
        "score": score(total),
        "modules": modules,
        "list": entries,
    }


def print_summary(report: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table(title="mutants", title_justify="left")
    table.add_column("module")
    for column in ("mutants", "killed", "equivalent", "survived", "killed, %"):
        table.add_column(column, justify="right")
    for name, counts in {**report["modules"], "all": report}.items():
        numbers = (counts["mutants"], counts["killed"], counts["equivalent"], counts["survived"])
        table.add_row(name, *map(str, numbers), f"{counts['score']:.1f}")
    console.print(table)
    for status, title in (("survived", "not noticed"), ("error", "not tried")):
        for each in report["list"]:
            if each["status"] == status:
                where = f"{each['module']}, {each['cell']} {each['port']}, {each['mode']}"
                console.print(f"{title}: {where}: {each['source']} ({each['why']})", style="red", soft_wrap=True)
