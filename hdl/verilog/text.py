"""Verilog text of a component: the same bytes on every machine."""

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from amaranth.back import rtlil
from amaranth.lib import wiring

from hdl.verilog.memory import ModulesPlatform
from hdl.verilog.writer import WriterError, written
from model.errors import Defect
from model.version import VERSION

PASSES = (
    # Processes become multiplexers, and these assignments: an ``always @*`` is not evaluated at time 0
    # by every simulator, and a value that depends on nothing but an initial one stays unknown then.
    # A table of constants for every layer stays one: as a memory it would need a file of contents.
    "proc -norom",
    "opt_expr",
    "wreduce",
    "opt_clean -purge",
    "delete t:$meminit*",
    "attrmap -remove generator -remove top -remove src",
)
UNKNOWN = "attrmap -remove init"
"""Simulation begins with unknown registers, as a chip does: what matters is reset, or written before it is read."""
WRITE = "write_verilog -norename -noattr"


TIMESCALE = "`timescale 1ns / 1ps"
"""For strict simulators, which want all modules of a design to have one or none; nothing here depends on it."""

WAIVERS = Path(__file__).with_name("mint.vlt")
"""What Verilator's linter need not say about such text."""


class VerilogError(Defect):
    """Yosys could not write Verilog; the text is its own message."""


def verilog_text(
    component: wiring.Component, name: str, files: Mapping[str, str] = MappingProxyType({}), *, initial: bool = True
) -> str:
    """Verilog-2001 of ``component`` as module ``name``, submodules and memories (:mod:`hdl.verilog.memory`) included.

    The Yosys that is packaged for Amaranth writes it, whatever else is installed, and neither paths nor
    source positions get into it. Ports of interfaces are joined with two underscores:
    ``i_spikes__payload``. ``files`` are those of memories' contents, by the parameter of the module that names them.
    The first line names the release. Without ``initial`` no register has an initial value, and a simulator begins with
    unknown ones.
    """
    memories = ModulesPlatform(name)
    design = rtlil.convert(component, name=name, platform=memories, emit_src=False)
    passes = [*PASSES, WRITE] if initial else [*PASSES, UNKNOWN, WRITE]
    script = "\n".join([f"read_rtlil <<rtlil\n{design}\n{memories.blackboxes()}\nrtlil", *passes])
    try:
        text = written(script)
    except WriterError as error:
        raise VerilogError(f"Yosys could not write the Verilog of {name}: {error}") from error
    text = re.sub(r"^module .*?^endmodule\n", _name_multiplexers, text, flags=re.MULTILINE | re.DOTALL)
    text = _name_ports(text)
    # A wire called ``\\weights[0]`` is legal, but Yosys's own abc9 takes it for a bit of ``weights``.
    text = re.sub(r"\\(\w+)\[(\d+)\] ", r"\1_at_\2 ", text)
    return f"// mint-snn {VERSION}\n{TIMESCALE}\n{memories.complete(_share_modules(text, name), files)}"


def waivers(file: str) -> str:
    """``WAIVERS`` for ``file``, and for that file only."""
    return WAIVERS.read_text(encoding="utf-8").replace("mint.v", file)


def write_verilog(
    path: Path, component: wiring.Component, name: str, files: Mapping[str, str] = MappingProxyType({})
) -> bool:
    """Write the Verilog of ``component`` to ``path``; whether the file had to change.

    The text is complete under a temporary name before it takes its own, so that nobody ever reads half of it.
    """
    text = verilog_text(component, name, files)
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, prefix=path.name, suffix=".new", delete=False
    ) as file:
        file.write(text)
    Path(file.name).chmod(0o644)
    Path(file.name).replace(path)
    return True


def _name_multiplexers(module: re.Match[str]) -> str:
    """Count a module's multiplexers from 0, so that identical modules have identical text.

    Those of several inputs are functions, and a function's name must not begin with a dollar sign.
    """
    numbers: dict[str, int] = {}
    return re.sub(
        r"\\\$procmux\$(\d+)",
        lambda match: f"procmux_{numbers.setdefault(match[1], len(numbers))}",
        module[0],
    )


def _name_ports(text: str) -> str:
    """Count a module's ports without a name from 0, so that identical modules have identical text.

    Amaranth calls a port for a part of a wire ``port$CELL$BIT``, after where that wire comes from.
    """
    unnamed = re.compile(r"\\port\$(\d+)\$(\d+) ")
    names: dict[str, dict[str, str]] = {}
    for name, ports in re.findall(r"^module (\S+) \((.*?)\);$", text, re.MULTILINE | re.DOTALL):
        found = sorted(unnamed.finditer(ports), key=lambda match: (int(match[1]), int(match[2])))
        names[name] = {match[0]: f"port_{i} " for i, match in enumerate(found)}

    def instance(match: re.Match[str]) -> str:
        own = names.get(match[1], {})
        return re.sub(rf"(?<=\.){unnamed.pattern}", lambda port: own[port[0]], match[0])

    def module(match: re.Match[str]) -> str:
        own = names.get(match[1], {})
        inside = re.sub(r"^  (\S+)  \S+ \(\n.*?^  \);$", instance, match[0], flags=re.MULTILINE | re.DOTALL)
        return unnamed.sub(lambda port: own.get(port[0], port[0]), inside)

    return re.sub(r"^module (\S+) ?\(.*?^endmodule$", module, text, flags=re.MULTILINE | re.DOTALL)


def _share_modules(text: str, name: str) -> str:
    """Write identical submodules once, and name modules without characters that need escapes.

    Amaranth writes a module for every instance: ``name.pe_0_0``, ``name.pe_0_1`` and so on. Those of
    equal text become one ``name_pe``; one of a kind becomes ``name_neuron_0``.
    """
    header = re.compile(rf"^module \\({re.escape(name)}\.\S+) \((.*?)\);(.*?^endmodule\n)", re.MULTILINE | re.DOTALL)
    instances: dict[tuple[str, str], list[str]] = {}
    for match in header.finditer(text):
        ports = ", ".join(sorted(match[2].split(", ")))  # Yosys has no order of its own
        instances.setdefault((ports, match[3]), []).append(match[1])

    names: dict[str, str] = {}
    for same in instances.values():
        shared = same[0] if len(same) == 1 else re.sub(r"(_\d+)+$", "", same[0])
        shared = shared.replace(".", "_")
        while shared in names.values():
            shared += "_"
        names |= dict.fromkeys(same, shared)

    written: set[str] = set()

    def module(match: re.Match[str]) -> str:
        new = names[match[1]]
        if new in written:
            return ""
        written.add(new)
        return f"module {new} ({match[2]});{match[3]}"

    text = header.sub(module, text)
    text = re.sub(
        rf"^  \\({re.escape(name)}\.\S+)  (\S+ \()$", lambda match: f"  {names[match[1]]} {match[2]}", text, flags=re.M
    )
    return re.sub(r"\n{3,}", "\n\n", text)
