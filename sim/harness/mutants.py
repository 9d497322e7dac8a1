"""What becomes of mutants, and what a campaign of them needs to know of the modules that are mutated."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hdl.formal.mutation import Mutant


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant: ``killed`` by a bench, ``equivalent``, ``survived`` or an ``error``; or it is
    ``unnoticed`` by its own bench, and still has to be settled."""

    status: str
    why: str


@dataclass(frozen=True)
class Mutated:
    """A module that is mutated.

    Parameters
    ----------
    key : str
        Names all that an outcome depends on.
    draw : callable
        So many mutants, made in a folder.
    judge, settle : callable
        What becomes of some of them, and of those that ``judge`` leaves, found in a folder; another process has to be
        able to run it.
    share : float
        Its part of all mutants.
    """

    key: str
    draw: Callable[[int, Path], list[Mutant]]
    judge: Callable[[Sequence[Mutant], Path], list[Outcome]]
    share: float
    settle: Callable[[Sequence[Mutant], Path], list[Outcome]] | None = None


@dataclass(frozen=True)
class Campaign:
    """The modules by name; what they are part of, for the report; how many mutants of one are judged together."""

    modules: Mapping[str, Mutated]
    about: Mapping[str, Any]
    group: int


def fingerprint(text: str, sources: Iterable[Path]) -> str:
    """Names a design together with the files ``sources`` of the benches that judge it."""
    digest = hashlib.sha256(text.encode())
    for path in sorted(sources):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
