"""Planted faults: files of a co-simulation that were changed after they were prepared."""

from dataclasses import replace
from typing import TypeVar

from sim.harness.job import VERILOG, digest

Cosimulation = TypeVar("Cosimulation")


def as_it_lies_there(prepared: Cosimulation) -> Cosimulation:
    """``prepared`` with the digests of what is in its folder now; otherwise its outcomes would be refused."""
    folder, player = prepared.folder, prepared.folder / "player.v"
    design = digest((folder / VERILOG).read_bytes())
    text = player.read_text(encoding="utf-8")
    player.write_text(text.replace(prepared.digests[VERILOG], design), encoding="utf-8")
    digests = {name: digest((folder / name).read_bytes()) for name in prepared.digests}
    return replace(prepared, digests=digests)
