"""A component's Verilog as machine code in this process: CXXRTL, Yosys's own simulator, without another one beside it.

A bench costs a hundredth of what it costs in a simulator that calls Python at every edge, and a power-up nothing. What
Yosys makes of Verilog is simulated, with two values a bit, so this takes the place of no other simulator: it is for a
design of which there are hundreds.
"""

import ctypes
import subprocess
from collections.abc import Coroutine, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from amaranth.hdl import Shape
from amaranth.lib import wiring

from hdl.formal.mutation import DESIGN, READ
from hdl.verilog.yosys import run_script
from sim.harness.port import decode, encode, port_members
from sim.harness.simulators import SimulationError

LIBRARY = "design.so"
CHUNK = 4
"""Bytes."""

SHIM = """
#include "design.cc"
#include "cxxrtl/capi/cxxrtl_capi.cc"
#include <cstring>
extern "C" void mint_tick(cxxrtl_handle design, cxxrtl_object *clock, cxxrtl_object **outputs, size_t count,
                          uint32_t *sampled) {
  cxxrtl_step(design);
  for (size_t i = 0; i < count; i++) {
    size_t chunks = (outputs[i]->width + 31) / 32;
    memcpy(sampled, outputs[i]->curr, 4 * chunks);
    sampled += chunks;
  }
  *clock->next = 1;
  cxxrtl_step(design);
  *clock->next = 0;
}
"""


def compile_verilog(text: str, folder: Path, commands: Sequence[str] = ()) -> Path:
    """The shared library of the Verilog ``text``, of one module, after Yosys's ``commands``; made in ``folder``.

    Raises :class:`SimulationError` if the compiler is missing or does not take it, and
    :class:`~hdl.verilog.yosys.YosysError` if Yosys does not.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / DESIGN).write_text(text, encoding="utf-8")
    (folder / "shim.cc").write_text(SHIM, encoding="utf-8")
    run_script([*READ, *commands, "write_cxxrtl -g3 design.cc"], folder)
    spec = find_spec("pyosys")
    assert spec is not None
    assert spec.origin is not None
    runtime = Path(spec.origin).parent / "share/include/backends/cxxrtl/runtime"
    compiler = [
        "g++",
        "-std=c++14",
        "-O1",
        "-DNDEBUG",
        "-shared",
        "-fPIC",
        "-I",
        str(runtime),
        "shim.cc",
        "-o",
        LIBRARY,
    ]
    try:
        done = subprocess.run(compiler, cwd=folder, capture_output=True, encoding="utf-8", check=False)
    except FileNotFoundError:
        raise SimulationError("the compiler g++ is not installed, or not on the PATH; `apt install g++`") from None
    if done.returncode:
        raise SimulationError(f"g++ does not compile {folder / 'design.cc'}: {(done.stderr.splitlines() or [''])[0]}")
    return folder / LIBRARY


class _Object(ctypes.Structure):
    """``cxxrtl_object``, as far as it is used."""

    _fields_ = [
        ("type", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        *((name, ctypes.c_size_t) for name in ("width", "lsb_at", "depth", "zero_at")),
        *((name, ctypes.c_void_p) for name in ("curr", "next")),
    ]


class CompiledPort:
    """The ports of a component in a library of :func:`compile_verilog`, powered up; further inputs by their names."""

    def __init__(self, component: wiring.Component, library: Path) -> None:
        self._library = ctypes.CDLL(str(library))
        for name in ("cxxrtl_design_create", "cxxrtl_create", "cxxrtl_get_parts"):
            getattr(self._library, name).restype = ctypes.c_void_p
        toplevel = ctypes.c_void_p(self._library.cxxrtl_design_create())
        self._design = ctypes.c_void_p(self._library.cxxrtl_create(toplevel))
        self._members = {
            path: member for path, member in port_members(component).items() if Shape.cast(member.shape).width
        }
        self._objects: dict[str, _Object] = {}
        outputs = [path for path, member in self._members.items() if member.flow == wiring.Out]
        self._clock = self._object("clk")
        self._outputs = (ctypes.c_void_p * len(outputs))(
            *(ctypes.addressof(self._object(path.replace(".", "__"))) for path in outputs)
        )
        self._sampled: dict[str, tuple[int, int]] = {}
        end = 0
        for path in outputs:
            start, end = end, end + _bytes(self._object(path.replace(".", "__")).width)
            self._sampled[path] = start, end
        self._buffer = ctypes.create_string_buffer(max(end, 1))

    def close(self) -> None:
        """Free it."""
        self._library.cxxrtl_destroy(self._design)

    def set(self, path: str, value: Any) -> None:
        if path in self._members:
            self.drive(path.replace(".", "__"), encode(self._members[path].shape, value))

    def drive(self, name: str, bits: int) -> None:
        """Drive the input of that name in the Verilog."""
        driven = self._object(name)
        size = _bytes(driven.width)
        ctypes.memmove(driven.next, bits.to_bytes(size, "little"), size)

    def get(self, path: str) -> Any:
        if path not in self._members:
            return 0
        start, end = self._sampled[path]
        return decode(self._members[path].shape, int.from_bytes(self._buffer.raw[start:end], "little"))

    async def tick(self) -> None:
        clock = ctypes.byref(self._clock)
        self._library.mint_tick(self._design, clock, self._outputs, len(self._outputs), self._buffer)

    async def reset(self) -> None:
        """Hold the reset for one clock edge; a component may have none."""
        if not self._find("rst"):
            return await self.tick()
        self.drive("rst", 1)
        await self.tick()
        self.drive("rst", 0)
        return None

    def _object(self, name: str) -> _Object:
        if name not in self._objects:
            found = self._find(name)
            if not found:
                raise KeyError(f"the compiled design has no port {name}")
            self._objects[name] = _Object.from_address(found)
        return self._objects[name]

    def _find(self, name: str) -> int | None:
        parts = ctypes.c_size_t()
        found: int | None = self._library.cxxrtl_get_parts(self._design, name.encode(), ctypes.byref(parts))
        return found


def _bytes(width: int) -> int:
    return CHUNK * -(-width // (8 * CHUNK))


def run_compiled(bench: Coroutine[Any, Any, Any]) -> Any:
    """What a bench over a :class:`CompiledPort` returns; nothing in it waits."""
    try:
        bench.send(None)
    except StopIteration as ended:
        return ended.value
    raise AssertionError("the bench waits for something else than the next clock edge")
