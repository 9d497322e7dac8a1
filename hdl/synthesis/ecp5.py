"""A whole design on a Lattice ECP5, on pins of its own: what it takes and how fast it is."""

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hdl.synthesis.place_and_route import nextpnr
from hdl.verilog.yosys import run_script
from model.errors import require
from model.files.home import plain_temporary

DEVICES = {"12k": "CABGA381", "25k": "CABGA381", "45k": "CABGA381", "85k": "CABGA756"}
"""The package of each size that is taken, for the most pins."""


@dataclass(frozen=True)
class Step:
    """One piece of the slowest path: through a cell, or along a wire from it."""

    cell: str
    kind: str
    delay_ns: float


@dataclass(frozen=True)
class Chip:
    """What was placed and routed. ``block_ram`` are DP16KD of 18 kbit; ``lut`` include carries and small memories."""

    device: str
    package: str
    seed: int
    target_mhz: float
    lut: int
    flip_flops: int
    block_ram: int
    dsp: int
    pins: int
    fmax_mhz: float
    logic_ns: float
    routing_ns: float
    critical_path: tuple[Step, ...]
    """From register to register; a register's own times count as logic."""
    path_modules: tuple[str, ...]
    """The modules that it passes, in order."""


def route(texts: Mapping[str, str], top: str, device: str, seed: int = 1, target_mhz: float = 100.0) -> Chip:
    """Map module ``top`` of ``mint.v`` in ``texts`` with Yosys, place and route it with nextpnr.

    ``texts`` has the files that the Verilog reads, too. The result depends on the seed, as every placement does.
    """
    require(device in DEVICES, f"device {device!r}; choose one of: {', '.join(DEVICES)}")
    with tempfile.TemporaryDirectory(prefix="mint-", dir=plain_temporary()) as name:
        folder = Path(name)
        for file, text in texts.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(text, encoding="utf-8")
        run_script(
            ["read_verilog mint.v", f"hierarchy -check -top {top}", f"synth_ecp5 -top {top} -json netlist.json"],
            folder,
        )
        report = nextpnr(folder, seed, target_mhz, device, DEVICES[device])
    return _chip(report, device, seed, target_mhz)


def _chip(report: dict[str, Any], device: str, seed: int, target_mhz: float) -> Chip:
    used = {cell: count["used"] for cell, count in report["utilization"].items()}
    (clock,) = report["fmax"].values()
    path = next(path["path"] for path in report["critical_paths"] if path["from"] == path["to"])
    steps = tuple(Step(step["from"]["cell"], step["type"], round(step["delay"], 3)) for step in path)
    routing = sum(step.delay_ns for step in steps if step.kind == "routing")
    logic = sum(step.delay_ns for step in steps if step.kind != "routing")
    return Chip(
        device=device,
        package=DEVICES[device],
        seed=seed,
        target_mhz=target_mhz,
        lut=used["TRELLIS_COMB"],
        flip_flops=used["TRELLIS_FF"],
        block_ram=used["DP16KD"],
        dsp=used["MULT18X18D"] + used["ALU54B"],
        pins=used["TRELLIS_IO"],
        fmax_mhz=round(clock["achieved"], 1),
        logic_ns=round(logic, 2),
        routing_ns=round(routing, 2),
        critical_path=steps,
        path_modules=tuple(dict.fromkeys(_module(step.cell) for step in steps)),
    )


def _module(cell: str) -> str:
    """The submodule that a cell of the flat netlist came from; what Yosys adds has a dollar sign or capitals."""
    name = re.split(r"\$|_[A-Z]", cell)[0].split(".")
    return ".".join(name[:-1]) or "top"
