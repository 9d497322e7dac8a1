"""Mutants: a design with one small fault each, made by Yosys; and the proof that a mutant has no fault after all.

A mutant that no bench notices says that something is not tested, unless it is the same design in other
words: a counter's value that never occurs, a bit that nobody reads. Then Yosys builds both designs over
the same inputs, and ABC proves that no sequence of inputs makes their outputs differ.
"""

import re
import shlex
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from importlib.util import find_spec
from itertools import zip_longest
from pathlib import Path
from typing import Any
from unittest import mock

from amaranth.hdl import ClockSignal, Instance, Module, ResetSignal, Value
from amaranth.lib import wiring

from hdl.array.neuron_unit import NeuronUnit
from hdl.array.processing_element import ProcessingElement
from hdl.array.systolic_array import SystolicArray
from hdl.verilog.text import verilog_text
from hdl.verilog.yosys import run_script
from model.array import ArrayConfig

DESIGN = "design.v"
READ = (f"read_verilog {DESIGN}", "proc", "opt_clean", "zinit")
"""Registers begin at 0, with inverters where they do not: a fault at an output would leave the initial value behind."""

NETLIST = ("techmap", "dffunmap", "simplemap", "opt_clean", "aigmap", "opt_clean")
"""To and-gates and flip-flops. No other optimisation comes before the proof: it is the proof's work."""


class Verdict(Enum):
    """What a proof said."""

    SAME = "same"
    DIFFERENT = "different"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Mutant:
    """One fault: Yosys's command for it, and the line of the design that it is in."""

    command: str
    line: str

    def __post_init__(self) -> None:
        assert self.command.startswith("mutate -mode ")

    def option(self, name: str) -> str:
        """An option of the command; the first of several, nothing where it has none."""
        words = shlex.split(self.command.replace("\\", "\\\\"))
        return words[words.index(f"-{name}") + 1] if f"-{name}" in words else ""

    def __str__(self) -> str:
        port = f"{self.option('port')}[{self.option('portbit')}]"
        return f"{self.option('module')}: {self.option('mode')} of {self.option('cell')} {port}: {self.line}"


def design_text(config: ArrayConfig) -> str:
    """Verilog of an array whose processing elements are all one module, likewise its neuron units.

    Modules are called by their stems. In the text that users get, Amaranth may shape a module after the
    place of an instance; here a mutant is a fault of all instances, and a bench of the component fits.
    """
    with mock.patch.object(ProcessingElement, "elaborate", instance("processing_element")):
        with mock.patch.object(NeuronUnit, "elaborate", instance("neuron_unit")):
            array = verilog_text(SystolicArray(config), "systolic_array")
    element = verilog_text(ProcessingElement(config), "processing_element")
    return array + element + verilog_text(NeuronUnit(config), "neuron_unit")


def instance(module: str, without: Sequence[str] = ()) -> Callable[[wiring.Component, object], Module]:
    """An ``elaborate`` that leaves a component to a module of its own, which may be ``without`` clock or reset."""

    def elaborate(self: wiring.Component, platform: object) -> Module:
        m = Module()
        ports: dict[str, Any] = {"i_clk": ClockSignal(), "i_rst": ResetSignal()}
        ports = {name: value for name, value in ports.items() if name.removeprefix("i_") not in without}
        for path, member, value in self.signature.flatten(self):
            if len(Value.cast(value)):
                ports[f"{'i' if member.flow == wiring.In else 'o'}_{'__'.join(map(str, path))}"] = value
        m.submodules.all = Instance(module, **ports)
        return m

    return elaborate


def list_mutants(text: str, module: str, seed: int, count: int, folder: Path) -> list[Mutant]:
    """Up to ``count`` mutants of ``module`` in the design ``text``, in an order that ``seed`` gives.

    Yosys spreads them over cells, wires and source lines. The clock is left alone: it is no logic.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / DESIGN).write_text(text, encoding="utf-8")
    spare = count // 5 + 20  # for those of the clock
    commands = [*READ, f"select -module {module}", f"mutate -list {count + spare} -seed {seed} -o mutants.txt"]
    run_script(commands, folder)
    lines = text.splitlines()
    mutants = []
    for command in (folder / "mutants.txt").read_text(encoding="utf-8").splitlines():
        # The last source is the cell's, those before it are the wire's.
        sources = re.findall(rf" -src {re.escape(DESIGN)}:(\d+)", command)
        mutants.append(Mutant(command, lines[int(sources[-1]) - 1].strip() if sources else ""))
    clock = {"CLK", "clk"}
    wires = [each.option("wire").rpartition(".")[2] for each in mutants]
    found = zip(mutants, wires, strict=True)
    return [each for each, wire in found if not clock & {each.option("port"), wire}][:count]


def spread(mutants: Sequence[Mutant], count: int) -> list[Mutant]:
    """``count`` of ``mutants``, of every mode as many as there are, or as of the others."""
    modes: dict[str, list[Mutant]] = {}
    for mutant in mutants:
        modes.setdefault(mutant.option("mode"), []).append(mutant)
    turns = zip_longest(*(modes[mode] for mode in sorted(modes)))
    return [mutant for turn in turns for mutant in turn if mutant is not None][:count]


def flat_text(component: wiring.Component, module: str, folder: Path) -> str:
    """Verilog of a component and all in it as one module, so that a mutant may be anywhere in it.

    Memories stay modules: what they hold is no logic.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = verilog_text(component, module)
    (folder / DESIGN).write_text(text, encoding="utf-8")
    macros = " ".join(f"-D{macro}" for macro in re.findall(r"^`ifndef (\w+)$", text, re.MULTILINE))
    flatten = [f"hierarchy -top {module}", "proc", "flatten -noscopeinfo", "opt_clean", "write_verilog -noattr flat.v"]
    run_script([f"read_verilog {macros} {DESIGN}", *flatten], folder)
    memories = re.findall(r"^`ifndef .*?^`endif\n", text, re.MULTILINE | re.DOTALL)
    return "\n".join([(folder / "flat.v").read_text(encoding="utf-8"), *memories])


def write_mutant(text: str, mutant: Mutant, folder: Path) -> str:
    """The Verilog of one mutant."""
    return _write(text, [mutant.command], folder)


def write_mutants(text: str, mutants: Sequence[Mutant], folder: Path) -> str:
    """Verilog that is any of ``mutants``: another input, ``mutant``, says which, from 1 on; 0 is none.

    Yosys takes the input through the hierarchy, up to every top.
    """
    return _write(text, selecting(mutants), folder)


def selecting(mutants: Sequence[Mutant]) -> list[str]:
    """Yosys's commands for any of ``mutants``, as the input ``mutant`` says."""
    width = max(1, len(mutants).bit_length())
    return [f"{mutant.command} -ctrl mutant {width} {number}" for number, mutant in enumerate(mutants, 1)]


def _write(text: str, commands: Sequence[str], folder: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / DESIGN).write_text(text, encoding="utf-8")
    run_script([*READ, *commands, "write_verilog -noattr mutated.v"], folder)
    return (folder / "mutated.v").read_text(encoding="utf-8")


def compare(text: str, other: str, top: str, folder: Path, seconds: int) -> Verdict:
    """Whether two designs with module ``top`` do the same, from their initial states on, whatever comes in."""
    folder.mkdir(parents=True, exist_ok=True)
    commands = []
    for name, content in (("gold", text), ("gate", other)):
        (folder / f"{name}.v").write_text(content, encoding="utf-8")
        commands += [f"read_verilog {name}.v", f"hierarchy -top {top}", "proc", "flatten", f"rename {top} {name}"]
        # A fault at a register's output takes the place of the wire that had the initial value.
        commands += ["memory", "setundef -zero -init", f"design -stash {name}"]
    commands += [f"design -copy-from {name} {name}" for name in ("gold", "gate")]
    commands += ["miter -equiv -flatten gold gate miter", "hierarchy -top miter", *NETLIST, "setundef -zero"]
    run_script([*commands, "write_aiger -zinit miter.aig"], folder)
    # Registers that are equal are merged by induction; what is left goes to property-directed reachability.
    script = f"read_aiger miter.aig; strash; scorr; write_aiger merged.aig; pdr -T {seconds}"
    done = subprocess.run(
        [abc(), "-q", script],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=10 * seconds + 60,
    )
    if "Property proved" in done.stdout or _is_zero(folder / "merged.aig"):
        return Verdict.SAME
    return Verdict.DIFFERENT if " was asserted in frame " in done.stdout else Verdict.UNKNOWN


def _is_zero(path: Path) -> bool:
    """Whether the only output of an AIGER file is the constant 0: nothing is left to prove, and ABC says nothing."""
    head, output, *_ = path.read_bytes().split(b"\n", 2)
    _, _, _, latches, outputs, gates, *_ = head.split()
    return (latches, outputs, gates, output) == (b"0", b"1", b"0", b"0")


def abc() -> Path:
    """The ABC that comes with the Yosys."""
    spec = find_spec("pyosys")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).with_name("yosys-abc")
