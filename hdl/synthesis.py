"""Synthesis flows: from Verilog to cells of a standard-cell library or of an FPGA family.

Every number comes from Yosys alone: there is no placement, no routing and no vendor's tool behind it, so
compare numbers of one flow with each other.
"""

import json
import re
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from hdl.liberty import GENERIC, read_library
from hdl.yosys import run_script

RIPPLE_ADDER = Path(__file__).with_name("ripple_adder.v")

UNUSABLE = ("*lpflow*", "*probe*")
"""Cells that a designer places by hand (isolation, probes), which mapping by function would pick."""

MULTIPLIERS = ("$mul", "$macc", "$macc_v2", "$div", "$divfloor", "$mod", "$modfloor")
"""Operators that no design of this project, but the baseline, may hold before technology mapping."""

MULTIPLIER_SCRIPT = "-script +strash;dc2;&get,-n;&nf;&put"
"""For designs with multipliers: on those, ABC's own script takes minutes."""


@dataclass(frozen=True)
class Cost:
    """What a design takes in one flow; ``None`` where the flow has no such thing."""

    flip_flops: int
    gate_equivalents: float | None = None
    area_um2: float | None = None
    lut: int | None = None
    dsp: int | None = None


def _count(cells: dict[str, int], pattern: str) -> int:
    return sum(number for cell, number in cells.items() if re.fullmatch(pattern, cell))


def _run(verilog: str, top: str, commands: list[str], liberty: str = "") -> dict[str, dict[str, Any]]:
    """Run ``commands`` on a design, in a folder of its own; give back the reports that they write there."""
    prepare = [
        "read_verilog design.v",
        f"hierarchy -check -top {top}",
        "proc",
        # The module that an array holds once per element is done once and counted once per instance. Flat, an array
        # takes three times as long and comes out within two percent. The baseline's multipliers likewise.
        f"setattr -mod -set keep_hierarchy 1 {top}_pe* {top}_unit*",
        "flatten",
        # Amaranth names the elements of an array `name[0]`, which abc9 takes for a bit of `name`.
        "rename -hide *",
    ]
    with tempfile.TemporaryDirectory(prefix="mint-") as name:
        folder = Path(name)
        (folder / "design.v").write_text(verilog)
        (folder / "cells.lib").write_text(liberty)
        run_script([*prepare, *commands], folder)
        return {report.stem: json.loads(report.read_text())["design"] for report in folder.glob("*.json")}


def operators(verilog: str, top: str) -> dict[str, int]:
    """Cells of a design before technology mapping, by type: adders, multiplexers, registers."""
    return _run(verilog, top, ["opt", "tee -q -o operators.json stat -json"])["operators"]["num_cells_by_type"]


class Library:
    """Mapping to a standard-cell library; without one, to a few generic cells."""

    def __init__(self, path: Path = GENERIC) -> None:
        self.generic = path == GENERIC
        self.name, self.text = read_library(path)

    def _map(self, verilog: str, top: str) -> tuple[float, int]:
        """Area in the library's unit, and flip-flops."""
        avoid = " ".join(f"-dont_use {cell}" for cell in UNUSABLE)
        script = MULTIPLIER_SCRIPT if " * " in verilog else ""
        reports = _run(
            verilog,
            top,
            [
                f"synth -flatten -top {top} -run begin:check -extra-map {RIPPLE_ADDER}",
                "tee -q -o gates.json stat -json",
                f"dfflibmap -liberty cells.lib {avoid}",
                f"abc -liberty cells.lib {avoid} {script}",
                "opt_clean",
                "tee -q -o cells.json stat -json -liberty cells.lib",
            ],
            self.text,
        )
        return float(reports["cells"]["area"]), _count(reports["gates"]["num_cells_by_type"], r"\$_.*DFF.*")

    @cached_property
    def nand2_area(self) -> float:
        """Area of the library's cell that a single NAND maps to."""
        nand = "module nand2(input a, input b, output y); assign y = ~(a & b); endmodule"
        return self._map(nand, "nand2")[0]

    def measure(self, verilog: str, top: str) -> Cost:
        """Synthesise a design; the generic cells have no area in um2."""
        area, flip_flops = self._map(verilog, top)
        gate_equivalents = round(area / self.nand2_area, 1)
        return Cost(flip_flops, gate_equivalents, None if self.generic else round(area, 1))


@dataclass(frozen=True)
class Fpga:
    """Mapping to an FPGA family; its multipliers are at hand, so that using none of them says something.

    ``luts`` are the cells that take lookup tables, with how many.
    """

    name: str
    synth: str
    luts: tuple[tuple[str, int], ...]
    flip_flop: str
    dsp: str

    def measure(self, verilog: str, top: str) -> Cost:
        """Synthesise a design and count its cells."""
        reports = _run(verilog, top, [f"{self.synth} -top {top}", "tee -q -o cells.json stat -json"])
        cells = reports["cells"]["num_cells_by_type"]
        return Cost(
            flip_flops=_count(cells, self.flip_flop),
            lut=sum(number * _count(cells, pattern) for pattern, number in self.luts),
            dsp=_count(cells, self.dsp),
        )


FPGAS = (
    Fpga("xc7", "synth_xilinx -family xc7 -flatten -noiopad", ((r"LUT\d|INV|SRL\w+", 1),), r"FD[RSCP]E", r"DSP\w+"),
    # A carry cell of ECP5 takes two lookup tables; those of the others sit behind tables that are counted.
    Fpga("ecp5", "synth_ecp5", ((r"LUT4", 1), (r"CCU2C", 2)), r"TRELLIS_FF", r"MULT\w+|ALU\w+"),
    Fpga("ice40", "synth_ice40 -dsp", ((r"SB_LUT4", 1),), r"SB_DFF\w*", r"SB_MAC16"),
)

Flow = Library | Fpga
