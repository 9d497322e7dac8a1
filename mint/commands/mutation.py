"""``mint mutation``: small faults in the hardware, and which of them the benches notice."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from mint.console import console, messages
from mint.options import ReportFile
from mint.report import write_json

if TYPE_CHECKING:
    from hdl.formal.mutation import Mutant
    from sim.harness.mutants import Campaign, Outcome

WORKERS = 2
UNNOTICED = "unnoticed"
SETTLED_TOGETHER = 20
"""Mutants that are left, in a task: what is stopped in it is lost."""
GOAL = 95.0


class Of(StrEnum):
    """What is mutated."""

    ARRAY = "array"
    ACCELERATOR = "accelerator"


MUTANTS = {Of.ARRAY: 600, Of.ACCELERATOR: 1040}


def mutation(
    of: Annotated[Of, typer.Option("--of", help="The dense array, or the accelerator's components.")] = Of.ARRAY,
    mutants: Annotated[
        int | None, typer.Option("--mutants", min=1, help="How many in all: 600 of the array, 1040 of the accelerator.")
    ] = None,
    minutes: Annotated[float, typer.Option("--minutes", min=0, help="Start no more of them after so long.")] = 60,
    output: ReportFile = Path("build/mutation.json"),
) -> None:
    """Put small faults into the hardware, one at a time, and count those that the benches notice.

    Yosys makes the mutants of the array's processing element, neuron unit and own control, or of the accelerator's
    components: a bit is inverted, stuck, or inverted by another. A mutant is killed when its component's bench or that
    of the whole fails. The others go to a proof; those that are proved to do the same as the design do not count, all
    others are listed. A simulation that dies kills nothing.

    What was found is kept in a folder beside FILE, for as long as design and benches are the same: the same command
    goes on where it was stopped. The exit status is 1 if not all are done, or if too few are killed in some module.
    """
    from importlib import import_module

    from model.files.folders import work_folder
    from sim.harness.simulators import installed

    installed("icarus")
    if of == Of.ACCELERATOR and output == Path("build/mutation.json"):
        output = output.with_name("mutation_accelerator.json")
    with work_folder(output.parent / output.stem) as folder:
        campaign: Campaign = import_module(f"sim.{of}.mutants").campaign(folder.resolve())
        listed, outcomes = judged(campaign, mutants or MUTANTS[of], minutes, folder.resolve())
    report = summary(listed, outcomes)
    write_json(output, {"goal": GOAL, **campaign.about, **report})
    print_summary(report)
    console.print(f"written: {output}", soft_wrap=True)
    if report["waiting"]:
        messages.print(f"{report['waiting']} mutants are not done; the same command goes on with them", style="yellow")
    lowest = min(module["score"] for module in report["modules"].values())
    if report["waiting"] or report["errors"] or lowest < GOAL:
        raise typer.Exit(1)


Outcomes = dict[str, dict[str, dict[str, str]]]
"""By module, and by the mutant's command."""


def judged(
    campaign: "Campaign", mutants: int, minutes: float, folder: Path
) -> tuple[dict[str, list["Mutant"]], Outcomes]:
    """The mutants of each module, and what is known about them after so long."""
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

    started = monotonic()
    modules = campaign.modules
    known = Progressed(folder / "outcomes.jsonl", {name: module.key for name, module in modules.items()})
    listed = {name: module.draw(round(mutants * module.share), folder / "list") for name, module in modules.items()}
    judging = [
        Task(name, group, modules[name].judge)
        for name, of_module in listed.items()
        for group in grouped([each for each in of_module if each.command not in known.outcomes[name]], campaign.group)
    ]
    settling = [
        Task(name, group, settle)
        for name, of_module in listed.items()
        if (settle := modules[name].settle)
        for group in grouped([each for each in of_module if known.status(name, each) == UNNOTICED], SETTLED_TOGETHER)
    ]
    left = sum(len(task.mutants) for task in [*judging, *settling])
    total = sum(map(len, listed.values()))
    columns = (TextColumn("mutants"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    # Processes, because a simulation changes its process's environment; spawned, because threads are running.
    with (
        Progress(*columns, console=messages) as progress,
        ProcessPoolExecutor(WORKERS, get_context("spawn")) as pool,
    ):
        task = progress.add_task("", total=total, completed=total - left)
        running: dict[Any, Task] = {}
        number = 0
        while judging or settling or running:
            while (judging or settling) and len(running) < WORKERS and monotonic() - started < 60 * minutes:
                next_task = (judging or settling).pop(0)
                running[pool.submit(next_task.run, next_task.mutants, folder / f"run{number}")] = next_task
                number += 1
            if not running:
                break
            done = first_done(running)
            finished = running.pop(done)
            unnoticed = []
            for mutant, outcome in zip(finished.mutants, done.result(), strict=True):
                known.add(finished.name, mutant, outcome.status, outcome.why)
                if outcome.status == UNNOTICED:
                    unnoticed.append(mutant)
                else:
                    progress.advance(task)
            if settle := modules[finished.name].settle:
                settling += [Task(finished.name, group, settle) for group in grouped(unnoticed, SETTLED_TOGETHER)]
    return listed, known.outcomes


class Task(NamedTuple):
    """Mutants of a module that one process judges."""

    name: str
    mutants: list["Mutant"]
    run: "Callable[[Sequence[Mutant], Path], list[Outcome]]"


class Progressed:
    """What is known about mutants, by module and command; every line of the file is one of them."""

    def __init__(self, path: Path, keys: Mapping[str, str]) -> None:
        self.path = path
        self.keys = keys
        self.outcomes: Outcomes = {name: {} for name in keys}
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                try:
                    entry = json.loads(line)
                except json.JSONDecodeError:
                    continue  # the line that was being written when the last run was killed
                if entry["key"] == keys.get(entry["module"]) and entry["status"] != "error":
                    self.outcomes[entry["module"]][entry["command"]] = entry

    def status(self, name: str, mutant: "Mutant") -> str:
        return self.outcomes[name].get(mutant.command, {}).get("status", "waiting")

    def add(self, name: str, mutant: "Mutant", status: str, why: str) -> None:
        entry = {"module": name, "key": self.keys[name], "command": mutant.command, "status": status, "why": why}
        self.outcomes[name][mutant.command] = entry
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")


def grouped(mutants: list["Mutant"], size: int) -> list[list["Mutant"]]:
    return [mutants[start : start + size] for start in range(0, len(mutants), size)]


def first_done(running: dict[Any, Any]) -> Any:
    from concurrent.futures import FIRST_COMPLETED, wait

    return next(iter(wait(running, return_when=FIRST_COMPLETED).done))


def score(counts: dict[str, int]) -> float:
    """Percent killed of those that are not proved equivalent."""
    judged = counts["killed"] + counts["survived"] + counts["error"]
    return round(100 * counts["killed"] / judged, 2) if judged else 0.0


def summary(listed: dict[str, list["Mutant"]], outcomes: Outcomes) -> dict[str, Any]:
    """Counts for each module and in all, and every mutant with what became of it."""
    statuses = ("killed", "equivalent", "survived", "error", "waiting")
    modules: dict[str, dict[str, Any]] = {}
    entries = []
    for module, mutants in listed.items():
        counts = Counter(dict.fromkeys(statuses, 0))
        for mutant in mutants:
            outcome = outcomes[module].get(mutant.command, {"status": "waiting", "why": ""})
            status = "waiting" if outcome["status"] == UNNOTICED else outcome["status"]
            counts[status] += 1
            entries.append(
                {
                    "module": module,
                    "cell": mutant.option("cell"),
                    "port": f"{mutant.option('port')}[{mutant.option('portbit')}]",
                    "mode": mutant.option("mode"),
                    "source": mutant.line,
                    "status": status,
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
    for column in ("mutants", "killed", "equivalent", "survived", "waiting", "killed, %"):
        table.add_column(column, justify="right")
    for name, counts in {**report["modules"], "all": report}.items():
        numbers = (counts["mutants"], counts["killed"], counts["equivalent"], counts["survived"], counts["waiting"])
        table.add_row(name, *map(str, numbers), f"{counts['score']:.1f}")
    console.print(table)
    for status, title in (("survived", "not noticed"), ("error", "not tried")):
        for each in report["list"]:
            if each["status"] == status:
                where = f"{each['module']}, {each['cell']} {each['port']}, {each['mode']}"
                console.print(f"{title}: {where}: {each['source']} ({each['why']})", style="red", soft_wrap=True)
