"""Synthesis flows: from Verilog to cells of a standard-cell library or of an FPGA family.

Every number comes from Yosys alone: there is no placement, no routing and no vendor's tool behind it, so
compare numbers of one flow with each other.
"""

import copy
import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from hdl.synthesis.cells import read_cells
from hdl.synthesis.liberty import GENERIC, read_library
from hdl.verilog.yosys import run_script
from model.files.home import plain_temporary

RIPPLE_ADDER = Path(__file__).with_name("ripple_adder.v")
KEEP_CODES = 'setattr -set fsm_encoding "none" w:*'
"""States keep the codes that they are written with: one-hot ones would be two flip-flops more in an array."""

AREA_MAP = "strash;dch,-f;amap,-m"
MAP = "strash;dch,-f;map,-B,0.9"
"""ABC's commands: the smallest that it finds, and one that keeps paths shorter."""

MULTIPLIER_MAP = "strash;dc2;&get,-n;&nf;&put"
"""For designs with multipliers: on those, the others take minutes."""


@dataclass(frozen=True)
class Sizing:
    """How a module becomes cells: ABC's commands, and for a period what it buffers and sizes for."""

    name: str
    mapping: str
    fanout: int
    load: float
    """Of every output, in inputs of the smallest inverter."""
    up: float
    down: float
    """Shares of the period: cells grow until paths take ``up`` of it, and shrink as long as they take ``down``."""


ELEMENT = Sizing("element", AREA_MAP, fanout=4, load=2.5, up=0.6, down=0.65)
EDGE = Sizing("edge", MAP, fanout=8, load=16, up=0.55, down=0.6)
"""An element drives the next one; what is around it drives a pin of one in every row."""

CLOCK_GATE = "clock_gating_integrated_cell"
"""What a library calls its clock gates."""

UNUSABLE = ("*lpflow*", "*probe*")
"""Cells that a designer places by hand (isolation, probes), which mapping by function would pick."""

MULTIPLIERS = ("$mul", "$macc", "$macc_v2", "$div", "$divfloor", "$mod", "$modfloor")
"""Operators that no design of this project, but the baseline, may hold before technology mapping."""


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


def _run(
    verilog: str, top: str, commands: list[str], liberty: str = "", files: Mapping[str, str] | None = None
) -> Path:
    """Run ``commands`` on a design, in a new folder; the caller removes the folder."""
    prepare = [
        "read_verilog design.v",
        f"hierarchy -check -top {top}",
        "proc",
        # The module that an array holds once per element is done once and counted once per instance. Flat, an array
        # takes three times as long and comes out within two percent. The baseline's multipliers likewise.
        f"setattr -mod -set keep_hierarchy 1 {top}_pe* {top}_unit*",
        "flatten",
        KEEP_CODES,
        # Amaranth names the elements of an array `name[0]`, which abc9 takes for a bit of `name`.
        "rename -hide *",
    ]
    folder = Path(tempfile.mkdtemp(prefix="mint-", dir=plain_temporary()))
    try:
        (folder / "design.v").write_text(verilog, encoding="utf-8")
        (folder / "cells.lib").write_text(liberty, encoding="utf-8")
        for name, text in (files or {}).items():
            (folder / name).write_text(text, encoding="utf-8")
        run_script([*prepare, *commands], folder)
    except BaseException:
        shutil.rmtree(folder)
        raise
    return folder


def _reports(verilog: str, top: str, commands: list[str]) -> dict[str, dict[str, Any]]:
    """Run ``commands`` on a design; give back the JSON reports that they write."""
    folder = _run(verilog, top, commands)
    try:
        return {
            report.stem: json.loads(report.read_text(encoding="utf-8"))["design"] for report in folder.glob("*.json")
        }
    finally:
        shutil.rmtree(folder)


def operators(verilog: str, top: str) -> dict[str, int]:
    """Cells of a design before technology mapping, by type: adders, multiplexers, registers."""
    return _reports(verilog, top, ["opt", "tee -q -o operators.json stat -json"])["operators"]["num_cells_by_type"]


@dataclass(frozen=True)
class Netlist:
    """A design in cells of a library: what its area is, and its timing, are of these cells."""

    verilog: str
    area: float
    flip_flops: int
    modules: dict[str, float]
    """Area by module, each once."""
    delay_ns: float | None = None
    """The longest path in a module as ABC's stime sees it; None without a period."""


class Library:
    """Mapping to a standard-cell library; without one, to a few generic cells.

    Elements are mapped for area, their adders ripple. What is around them has prefix adders and, if the library
    has cells for it, gated clocks in place of registers that hold. With a ``period_ns``, all adders are prefix
    adders, and cells are buffered and sized for it; the generic cells have no timing.
    """

    def __init__(
        self,
        path: Path = GENERIC,
        period_ns: float | None = None,
        element: Sizing = ELEMENT,
        edge: Sizing = EDGE,
    ) -> None:
        self.generic = path == GENERIC
        self.element, self.edge = element, edge
        self.name, self.text = read_library(path)
        self.period_ns = None if self.generic else period_ns

    def netlist(self, verilog: str, top: str) -> Netlist:
        """Synthesise a design."""
        avoid = " ".join(f"-dont_use {cell}" for cell in UNUSABLE)
        element = " ".join(re.findall(rf"^module ({top}_pe\w*)", verilog, re.MULTILINE))
        units = re.findall(rf"^module ({top}_unit\w*)", verilog, re.MULTILINE)
        element_sizing, edge_sizing = self.element, self.edge
        if " * " in verilog:
            element_sizing, edge_sizing = (replace(each, mapping=MULTIPLIER_MAP) for each in (self.element, self.edge))
        # A design that is an element itself is mapped like one.
        inner = element or (top if "_pe" in top else "")
        outer = [] if inner == top else [top, *units]
        prefix = "techmap -map +/techmap.v"
        ripple = f"{prefix} -map {RIPPLE_ADDER}"
        folder = _run(
            verilog,
            top,
            [
                f"synth -flatten -top {top} -run begin:fine",
                "opt -fast -full",
                "memory_map",
                "opt -undriven -fine",
                *([f"{ripple if self.period_ns is None else prefix} {inner}"] if inner else []),
                *([ripple if self.generic else prefix] if outer else []),
                "opt -fast",
                "tee -q -o gates.json stat -json",
                *([f"clockgate -liberty cells.lib -min_net_size 4 {avoid}"] if CLOCK_GATE in self.text else []),
                f"dfflibmap -liberty cells.lib {avoid}",
                *([f"abc -liberty cells.lib {avoid} {self._script(element_sizing)} {inner}"] if inner else []),
                *(f"abc -liberty cells.lib {avoid} {self._script(edge_sizing)} {module}" for module in outer),
                "opt_clean",
                "tee -q -o cells.json stat -json -liberty cells.lib",
                "write_verilog -noattr -noexpr -simple-lhs netlist.v",
            ],
            self.text,
            {}
            if self.period_ns is None
            else {f"{each.name}.sdc": self._constraints(each) for each in (self.element, self.edge)},
        )
        try:
            gates = json.loads((folder / "gates.json").read_text(encoding="utf-8"))["design"]["num_cells_by_type"]
            cells = json.loads((folder / "cells.json").read_text(encoding="utf-8"))
            delays = re.findall(r"Delay = *([\d.]+) ps", (folder / "yosys.log").read_text(encoding="utf-8"))
            return Netlist(
                (folder / "netlist.v").read_text(encoding="utf-8"),
                float(cells["design"]["area"]),
                _count(gates, r"\$_.*DFF.*"),
                {name.removeprefix("\\"): float(module["area"]) for name, module in cells["modules"].items()},
                max((float(delay) / 1000 for delay in delays), default=None),
            )
        finally:
            shutil.rmtree(folder)

    def _script(self, sizing: Sizing) -> str:
        """ABC's script, in the form that Yosys takes."""
        if self.period_ns is None:
            return f"-script +{sizing.mapping}"
        up, down = (round(1000 * self.period_ns * share) for share in (sizing.up, sizing.down))
        buffered = f"topo;buffer,-p,-N,{sizing.fanout};topo;upsize,-D,{up};dnsize,-D,{down};stime,-p"
        return f"-constr {sizing.name}.sdc -script +{sizing.mapping};{buffered}"

    def _constraints(self, sizing: Sizing) -> str:
        """What drives a module's inputs and what its outputs drive.

        A register's output is an input here, as weak as the smallest inverter.
        """
        inverter = min((cell for cell in read_cells(self.text) if cell.computes("01")), key=lambda cell: cell.area)
        return f"set_driving_cell {inverter.name}\nset_load {sizing.load * inverter.capacitance} [all_outputs]\n"

    @cached_property
    def nand2_area(self) -> float:
        """Area of the library's cell that a single NAND maps to."""
        nand = "module nand2_pe(input a, input b, output y); assign y = ~(a & b); endmodule"
        return self._unsized.netlist(nand, "nand2_pe").area

    @property
    def _unsized(self) -> "Library":
        library = copy.copy(self)
        library.period_ns = None
        return library

    def measure(self, verilog: str, top: str) -> Cost:
        """Synthesise a design; the generic cells have no area in um2."""
        netlist = self.netlist(verilog, top)
        gate_equivalents = round(netlist.area / self.nand2_area, 1)
        return Cost(netlist.flip_flops, gate_equivalents, None if self.generic else round(netlist.area, 1))


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
        reports = _reports(verilog, top, [f"{self.synth} -top {top}", "tee -q -o cells.json stat -json"])
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
