"""Which register of a netlist is which of the design: found by simulation of the two, bit by bit.

Synthesis forgets names. A wrong match proves nothing wrong: the proof that uses it fails.
"""

import json
import random
import shutil
import tempfile
from dataclasses import dataclass
from functools import reduce
from operator import and_
from pathlib import Path
from typing import Any

from hdl.verilog.yosys import run_script
from model.errors import Defect
from model.files.home import plain_temporary

LANES = 256
CYCLES = 256
MEMORIES = ("memory -nordff", "splitnets -format __ w:*words*")
"""Yosys commands that make registers of memories, each bit by a name of its own."""
CONTROLS = 4
"""Bits of an input that may be controls."""


class MatchError(Defect):
    """A register of the netlist that behaves like none of the design, or two of the design that behave alike."""


@dataclass(frozen=True)
class Gates:
    """A design as AND gates, inverters and registers."""

    inputs: dict[str, list[int]]
    registers: dict[int, int | str]
    """What each register takes, by the bit that it drives."""
    names: dict[int, str]
    gates: dict[int, tuple[int | str, ...]]

    def signatures(self, seed: int) -> dict[int, tuple[int, ...]]:
        """What every register holds, cycle after cycle, for random inputs in all lanes at once."""
        ones = (1 << LANES) - 1
        draw = random.Random(seed)
        state: dict[int | str, int] = dict.fromkeys(self.registers, 0)
        seen: dict[int | str, list[int]] = {bit: [] for bit in self.registers}
        order = self._order()
        # In half of the lanes, a bit of a small input is seldom set: what clears a sum has to be away for long.
        seldom = {bit: draw.getrandbits(LANES) for _, bits in sorted(self.inputs.items()) for bit in bits}
        for _ in range(CYCLES):
            values: dict[int | str, int] = {"0": 0, "1": ones, "x": 0, **state}
            for name in sorted(self.inputs):
                # Small numbers as often as large ones, of either sign: from some bit on, all are the same. Large ones
                # alone saturate, and then the bits of a code are never different.
                bits = self.inputs[name]
                last = min(draw.randrange(2 * len(bits)), len(bits) - 1)
                for place, bit in enumerate(bits):
                    values[bit] = draw.getrandbits(LANES) if place <= last else values[bits[last]]
                    if len(bits) <= CONTROLS:
                        values[bit] &= ~seldom[bit] | reduce(and_, (draw.getrandbits(LANES) for _ in range(4)))
            for bit in order:
                first, *second = self.gates[bit]
                values[bit] = values[first] & values[second[0]] if second else values[first] ^ ones
            state = {bit: values[source] for bit, source in self.registers.items()}
            for register, value in state.items():
                seen[register].append(value)
        return {bit: tuple(seen[bit]) for bit in self.registers}

    def _order(self) -> list[int]:
        """Gates so that what a gate takes comes before it."""
        done: dict[int, None] = {}
        for goal in self.gates:
            waiting = [goal]
            while waiting:
                bit = waiting[-1]
                needed = [source for source in self.gates[bit] if source in self.gates and source not in done]
                if needed:
                    waiting += needed
                else:
                    done[waiting.pop()] = None
        return list(done)


def match_registers(design: str, netlist: str, liberty: str, top: str) -> dict[str, str]:
    """For every register of the netlist, by name, the design's that holds the same."""
    seed = 1
    golden, mapped = read_gates(design, top), read_gates(netlist, top, liberty)
    like = {signature: golden.names[bit] for bit, signature in golden.signatures(seed).items()}
    if len(like) < len(golden.registers):
        raise MatchError(f"{len(golden.registers)} registers of {top} hold {len(like)} different things")
    matches = {}
    for bit, signature in mapped.signatures(seed).items():
        if signature not in like:
            raise MatchError(f"no register of {top} holds what {mapped.names[bit]} of its netlist does")
        matches[mapped.names[bit]] = like[signature]
    return matches


def read_gates(verilog: str, top: str, liberty: str = "") -> Gates:
    """A module as gates, flat."""
    folder = Path(tempfile.mkdtemp(prefix="mint-", dir=plain_temporary()))
    try:
        (folder / "design.v").write_text(verilog, encoding="utf-8")
        (folder / "cells.lib").write_text(liberty, encoding="utf-8")
        run_script(
            [
                "read_verilog design.v",
                *(["read_liberty -ignore_miss_func cells.lib"] if liberty else []),
                f"hierarchy -check -top {top}",
                "proc",
                "flatten -noscopeinfo",
                *MEMORIES,
                "setattr -unset init w:*",
                "opt -fast",
                "techmap",
                "opt -fast",
                "dfflegalize -cell $_DFF_P_ x",
                "aigmap",
                "opt_clean",
                "write_json gates.json",
            ],
            folder,
        )
        module = json.loads((folder / "gates.json").read_text(encoding="utf-8"))["modules"][top]
    finally:
        shutil.rmtree(folder)
    return _gates(module)


def _gates(module: dict[str, Any]) -> Gates:
    registers: dict[int, int | str] = {}
    gates: dict[int, tuple[int | str, ...]] = {}
    for cell in module["cells"].values():
        pins = {pin: bits[0] for pin, bits in cell["connections"].items()}
        if cell["type"] == "$_DFF_P_":
            registers[pins["Q"]] = pins["D"]
        else:
            assert cell["type"] in ("$_AND_", "$_NOT_"), cell["type"]
            gates[pins["Y"]] = (pins["A"], pins["B"]) if "B" in pins else (pins["A"],)
    names: dict[int, str] = {}
    for name, net in sorted(module["netnames"].items(), key=lambda named: "$" in named[0]):
        if not net["hide_name"]:
            wide = len(net["bits"]) > 1
            for index, bit in enumerate(net["bits"]):
                names.setdefault(bit, f"{name}[{index}]" if wide else name)
    inputs = {name: port["bits"] for name, port in module["ports"].items() if port["direction"] == "input"}
    return Gates(inputs, registers, names, gates)
