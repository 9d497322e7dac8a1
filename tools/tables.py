"""Tables of the pages: how one is made of a report's content."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.errors import UserError

ROOT = Path(__file__).parent.parent
REPORTS = ROOT / "docs" / "results"
BUNDLES = ROOT / "bundles"

Run = dict[str, Any]
"""One run of a command: ``command``, ``tools``, and what it found as ``found``, a list of records or an object."""

Rows = Sequence[Sequence[object]]
"""The first row is the heading; ``None`` is an empty place."""


class ResultsError(UserError):
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


def count(number: float | None) -> str | None:
    return None if number is None else f"{number:,.0f}"


def read_report(name: str) -> list[Run]:
    """The runs of a report in docs/results."""
    path = REPORTS / f"{name}.json"
    if not path.exists():
        raise ResultsError(f"{path.name} is missing; take one with --update {name} FILE")
    runs: list[Run] = json.loads(path.read_text(encoding="utf-8"))
    return runs
