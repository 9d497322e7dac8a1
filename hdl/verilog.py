"""Verilog text of a component: the same bytes on every machine."""

import os
import re
import tempfile
from pathlib import Path
from unittest import mock

from amaranth.back import verilog
from amaranth.lib import wiring


def verilog_text(component: wiring.Component, name: str) -> str:
    """Verilog-2001 of ``component`` as module ``name``, submodules included.

    The Yosys that comes with Amaranth writes it, whatever else is installed, and neither paths nor
    source positions get into it. Ports of interfaces are joined with two underscores:
    ``i_spikes__payload``.
    """
    with mock.patch.dict(os.environ, {"AMARANTH_USE_YOSYS": "builtin"}):
        text = verilog.convert(component, name=name, emit_src=False, strip_internal_attrs=True)
    return _share_modules(text, name)


def write_verilog(path: Path, component: wiring.Component, name: str) -> bool:
    """Write the Verilog of ``component`` to ``path``; whether the file had to change.

    The text is complete under a temporary name before it takes its own, so that nobody ever reads half of it.
    """
    text = verilog_text(component, name)
    if path.exists() and path.read_text() == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=path.name, suffix=".new", delete=False) as file:
        file.write(text)
    Path(file.name).chmod(0o644)
    Path(file.name).replace(path)
    return True


def _share_modules(text: str, name: str) -> str:
    """Write identical submodules once, and name modules without characters that need escapes.

    Amaranth writes a module for every instance: ``name.pe_0_0``, ``name.pe_0_1`` and so on. Those of
    equal text become one ``name_pe``; one of a kind becomes ``name_neuron_0``.
    """
    header = re.compile(rf"^module \\({re.escape(name)}\.\S+) (.*?^endmodule\n)", re.MULTILINE | re.DOTALL)
    instances: dict[str, list[str]] = {}
    for match in header.finditer(text):
        instances.setdefault(match[2], []).append(match[1])

    names: dict[str, str] = {}
    for same in instances.values():
        shared = same[0] if len(same) == 1 else re.sub(r"(_\d+)+$", "", same[0])
        shared = shared.replace(".", "_")
        if shared in names.values():
            shared = same[0].replace(".", "_")
        names |= dict.fromkeys(same, shared)

    written: set[str] = set()

    def module(match: re.Match[str]) -> str:
        new = names[match[1]]
        if new in written:
            return ""
        written.add(new)
        return f"module {new} {match[2]}"

    text = header.sub(module, text)
    text = re.sub(
        rf"^  \\({re.escape(name)}\.\S+)  (\S+ \()$", lambda match: f"  {names[match[1]]} {match[2]}", text, flags=re.M
    )
    return re.sub(r"\n{3,}", "\n\n", text)
