"""How fast a netlist is: OpenSTA on the cells whose area is reported, before wires."""

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hdl.synthesis.designs import Variant
from hdl.synthesis.flows import Library, Netlist
from model.errors import UserError, require
from model.files.home import plain_temporary

PROGRAM = "sta"
"""OpenSTA's, from Debian's package opensta."""


class TimingError(UserError):
    """OpenSTA is missing or stopped; the text is for the user."""


@dataclass(frozen=True)
class Timing:
    """The slowest path of a netlist with ideal clock and without wires; inputs come with the clock."""

    critical_path_ns: float
    """The shortest period with which every path is in time: gates, and the register's setup."""
    cells: tuple[str, ...]
    """The cells that the path passes, from register to register."""


@dataclass(frozen=True)
class Record:
    """A design in cells sized for a period: an entry of ``timing.json``; its area is that of the same netlist."""

    design: str
    weight_width: int
    membrane_width: int
    rows: int
    columns: int
    scale_bits: int | None
    flow: str
    period_ns: float
    critical_path_ns: float
    clock_mhz: float
    abc_delay_ns: float
    """What ABC's stime finds between registers and module ports: no setup, no register's own delay."""
    gate_equivalents: float
    area_um2: float
    flip_flops: int
    cells: tuple[str, ...]


def critical_path(netlist: Netlist, top: str, library: Library, period_ns: float) -> Timing:
    """Static timing analysis of ``netlist``."""
    if shutil.which(PROGRAM) is None:
        raise TimingError(f"OpenSTA's program {PROGRAM} is not installed, or not on the PATH: apt install opensta")
    with tempfile.TemporaryDirectory(prefix="mint-", dir=plain_temporary()) as name:
        folder = Path(name)
        # OpenSTA reads structural Verilog, in which nothing is signed.
        (folder / "netlist.v").write_text(netlist.verilog.replace(" signed ", " "), encoding="utf-8")
        (folder / "cells.lib").write_text(library.text, encoding="utf-8")
        (folder / "script.tcl").write_text(
            f"""read_liberty cells.lib
read_verilog netlist.v
link_design {top}
create_clock -name clk -period {period_ns} [get_ports clk]
report_checks -path_delay max -digits 4
""",
            encoding="utf-8",
        )
        run = subprocess.run(
            [PROGRAM, "-exit", "script.tcl"], cwd=folder, capture_output=True, encoding="utf-8", check=False
        )
    slack = re.search(r"(-?[\d.]+)\s+slack", run.stdout)
    if slack is None or "Error" in run.stdout + run.stderr or "black box" in run.stdout + run.stderr:
        lines = [line for line in (run.stdout + run.stderr).splitlines() if "Error" in line or "black box" in line]
        raise TimingError(f"OpenSTA found no timing of {top}: {lines[0] if lines else 'no path'}")
    cells = re.findall(r"\S+/\S+ \((\w+)\)", run.stdout)
    return Timing(round(period_ns - float(slack[1]), 4), tuple(cells))


def measure(variant: Variant, library: Library, rows: int, columns: int) -> Record:
    """Synthesise a design for the library's period, and analyse that netlist."""
    assert library.period_ns is not None
    netlist = library.netlist(variant.verilog(rows, columns), variant.design)
    require(netlist.delay_ns is not None, f"{library.name} has no timing: ABC reports no delay")
    assert netlist.delay_ns is not None
    timing = critical_path(netlist, variant.design, library, library.period_ns)
    return Record(
        design=variant.design,
        weight_width=variant.precision.weight_width,
        membrane_width=variant.precision.membrane_width,
        rows=1 if variant.single else rows,
        columns=1 if variant.single else columns,
        scale_bits=variant.scale_bits,
        flow=library.name,
        period_ns=library.period_ns,
        critical_path_ns=timing.critical_path_ns,
        clock_mhz=round(1000 / timing.critical_path_ns, 1),
        abc_delay_ns=netlist.delay_ns,
        gate_equivalents=round(netlist.area / library.nand2_area, 1),
        area_um2=round(netlist.area, 1),
        flip_flops=netlist.flip_flops,
        cells=timing.cells,
    )
