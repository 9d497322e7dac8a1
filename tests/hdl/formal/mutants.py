"""Planted bugs: a component whose source says something else in one place, and proofs that have to see it."""

from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from hdl.formal.proof import Proof, ProofError, prove


def mutant(component: type, old: str, new: str, *uses: str) -> type:
    """The component from a source with ``new`` in the one place of ``old``.

    The place is in the component's own module, or in the last one of ``uses``: modules, the first of which the
    component's uses, which uses the next one, and so on.
    """
    *users, last = component.__module__, *uses
    namespace = _namespace(last, old, new)
    for user in reversed(users):
        changed, namespace = namespace, _namespace(user)
        namespace.update({name: value for name, value in changed.items() if name in namespace and name[0] != "_"})
    return namespace[component.__name__]


def _namespace(name: str, old: str = "", new: str = "") -> dict[str, object]:
    """What a module defines, from a changed source."""
    module = import_module(name)
    source = Path(module.__file__).read_text(encoding="utf-8")
    assert not old or source.count(old) == 1, f"{old} is in {source.count(old)} places"
    namespace = {"__name__": name}
    exec(compile(source.replace(old, new) if old else source, module.__file__, "exec"), namespace)
    return namespace


def with_harness(proof: Proof, old: str, new: str) -> Proof:
    """The proof with another law or assumption."""
    assert proof.harness.count(old) == 1, f"{old} is in {proof.harness.count(old)} places"
    return replace(proof, harness=proof.harness.replace(old, new))


def check_refuted(proof: Proof, explain: bool = False) -> str:
    """Assert that the proof fails, and not for an error of another kind; the message."""
    with pytest.raises(ProofError, match=r"it does not hold|does not prove it") as caught:
        prove(replace(proof, covers=()), explain)
    return str(caught.value)


def some_now(count: int, bugs: Sequence[tuple[Any, ...]]) -> list[Any]:
    """The first ``count`` of planted bugs for every run of the tests, the others for the nightly one."""
    return [*bugs[:count], *(pytest.param(*bug, marks=pytest.mark.nightly) for bug in bugs[count:])]
