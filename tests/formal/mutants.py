"""Planted bugs: a component whose source says something else in one place, and proofs that have to see it."""

from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from hdl.formal.proof import Proof, ProofError, prove


def mutant(component: type, old: str, new: str) -> type:
    """The component from a source with ``new`` in the one place of ``old``."""
    module = import_module(component.__module__)
    source = Path(module.__file__).read_text()
    assert source.count(old) == 1, f"{old} is in {source.count(old)} places"
    namespace = {"__name__": component.__module__}
    exec(compile(source.replace(old, new), module.__file__, "exec"), namespace)
    return namespace[component.__name__]


def with_harness(proof: Proof, old: str, new: str) -> Proof:
    """The proof with another law or assumption."""
    assert proof.harness.count(old) == 1, f"{old} is in {proof.harness.count(old)} places"
    return replace(proof, harness=proof.harness.replace(old, new))


def check_refuted(proof: Proof, explain: bool = False) -> str:
    """Assert that the proof fails, and not for an error of another kind; the message."""
    with pytest.raises(ProofError, match=r"it does not hold|does not prove it") as caught:
        prove(replace(proof, covers=()), explain)
    return str(caught.value)
