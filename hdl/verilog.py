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
    source positions get into it. Identical submodules are written once.
    """
    with mock.patch.dict(os.environ, {"AMARANTH_USE_YOSYS": "builtin"}):
        text = verilog.convert(component, name=name, emit_src=False, strip_internal_attrs=True)
    return text


def write_verilog(path: Path, component: wiring.Component, name: str) -> bool:
    """Write the Verilog of ``component`` to ``path``; whether the file had to change.

    The text is complete in a temporary name before it takes its own, so that nobody ever reads half of it.
    """
    text = verilog_text(component, name)
    if path.exists() and path.read_text() == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=path.name, suffix=".new", delete=False) as file:
        file.write(text)
    os.replace(file.name, path)
    return True
