"""What toggles in a netlist: its cells do what their library says, without delays and so without glitches."""

import json
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

from hdl.synthesis.cells import evaluate, read_cells
from hdl.synthesis.designs import Variant
from hdl.synthesis.flows import Library, Netlist
from hdl.verilog.yosys import run_script
from model.config import Precision
from model.files.home import plain_temporary

Net = int | str
"""Yosys's number of a net, or a constant; a register's states are nets as well."""


@dataclass(frozen=True)
class Gate:
    """An output of a cell as a function of nets."""

    output: Net
    inputs: tuple[Net, ...]
    table: tuple[bool, ...]
    """The output for every value of the inputs, the first of them highest."""

    def value(self, values: Mapping[Net, bool]) -> bool:
        place = 0
        for net in self.inputs:
            place = 2 * place + values[net]
        return self.table[place]


def gate(output: Net, function: str, nets: Mapping[str, Net]) -> Gate:
    """The gate that computes a Liberty function of what ``nets`` has by name."""
    names = tuple(dict.fromkeys(re.findall(r"[A-Za-z_]\w*", function)))
    values = product((False, True), repeat=len(names))
    table = tuple(evaluate(function, dict(zip(names, value, strict=True))) for value in values)
    return Gate(output, tuple(nets[name] for name in names), table)


@dataclass(frozen=True)
class Toggles:
    """What is different from the cycle before: registers, and outputs of cells, those of registers included."""

    registers: int
    outputs: int


class Simulation:
    """A flat netlist whose registers have one clock, cycle by cycle; it begins with zeros."""

    def __init__(self, netlist: Netlist, top: str, library: Library) -> None:
        module = _read(netlist.verilog, top, library.text)
        cells = {cell.name: cell for cell in read_cells(library.text)}
        ports = module["ports"]
        self._inputs: dict[str, list[Net]] = {name: p["bits"] for name, p in ports.items() if p["direction"] == "input"}
        self._outputs: dict[str, list[Net]] = {
            name: port["bits"] for name, port in ports.items() if port["direction"] == "output"
        }
        gates: list[Gate] = []
        self._registers: dict[Net, Gate] = {}
        for name, instance in module["cells"].items():
            cell = cells[instance["type"]]
            nets: dict[str, Net] = {pin: bits[0] for pin, bits in instance["connections"].items()}
            if cell.register is not None:
                state, inverse = (place.strip() for place in cell.register.state.split(","))
                nets |= {state: name, inverse: f"{name} inverted"}
                self._registers[name] = gate(name, cell.register.next_state, nets)
                gates.append(gate(nets[inverse], f"!{state}", nets))
            gates += [gate(nets[pin], function, nets) for pin, function in cell.outputs.items() if pin in nets]
        by_output = {each.output: each for each in gates}
        order = TopologicalSorter({output: each.inputs for output, each in by_output.items()}).static_order()
        self._gates = [by_output[net] for net in order if net in by_output]
        self._state: dict[Net, bool] = dict.fromkeys(self._registers, False)
        self._values: dict[Net, bool] = {}

    def tick(self, **inputs: int) -> Toggles:
        """Apply ``inputs``, count what they change, let the clock rise, and count what that changes in registers."""
        values: dict[Net, bool] = {"0": False, "1": True, "x": False, **self._state}
        for name, nets in self._inputs.items():
            values |= {net: bool(inputs.get(name, 0) >> place & 1) for place, net in enumerate(nets)}
        for each in self._gates:
            values[each.output] = each.value(values)
        before, self._values = self._values or values, values
        state, self._state = self._state, {net: each.value(values) for net, each in self._registers.items()}
        return Toggles(
            registers=sum(self._state[net] != value for net, value in state.items()),
            outputs=sum(values[each.output] != before[each.output] for each in self._gates if _is_wire(each.output)),
        )

    def get(self, name: str) -> int:
        """An output in the cycle that ended with the last tick, as a number without sign."""
        return sum(self._values[net] << place for place, net in enumerate(self._outputs[name]))


def _is_wire(net: Net) -> bool:
    return isinstance(net, int)


def _read(verilog: str, top: str, liberty: str) -> Any:
    """The module as Yosys's JSON has it."""
    folder = Path(tempfile.mkdtemp(prefix="mint-", dir=plain_temporary()))
    try:
        (folder / "netlist.v").write_text(verilog, encoding="utf-8")
        (folder / "cells.lib").write_text(liberty, encoding="utf-8")
        commands = ["read_liberty -lib -ignore_miss_func cells.lib", "read_verilog netlist.v"]
        run_script([*commands, f"hierarchy -check -top {top}", "splitnets", "write_json netlist.json"], folder)
        return json.loads((folder / "netlist.json").read_text(encoding="utf-8"))["modules"][top]
    finally:
        shutil.rmtree(folder)


Stimulus = Callable[[Random, int, int], dict[str, int]]
"""Inputs of a cycle, for the widths of weight and accumulator; what is not named is 0."""


def _weight(random: Random, width: int) -> int:
    limit = (1 << (width - 1)) - 1
    return random.randint(-limit, limit) % (1 << width)


SITUATIONS: dict[str, Stimulus] = {
    "beats, every other one with a spike": lambda random, width, _: {
        "weight": _weight(random, width),
        "spike": random.getrandbits(1),
        "enable": 1,
    },
    "beats without a spike": lambda random, width, _: {"weight": _weight(random, width), "enable": 1},
    "idle, weights change": lambda random, width, _: {"weight": _weight(random, width)},
    "idle, spikes change": lambda random, *_: {"spike": random.getrandbits(1)},
    "idle, weights and the ring's place before change": lambda random, width, accumulator: {
        "weight": _weight(random, width),
        "chain": random.getrandbits(accumulator),
    },
}
"""What happens to a processing element. Idle is without ``enable`` and ``preload``; weight or spike is 0 then."""


@dataclass(frozen=True)
class Activity:
    """Toggles per cycle of a processing element's netlist in one of the situations."""

    weight_width: int
    flow: str
    situation: str
    cycles: int
    registers: float
    outputs: float


def element_activity(library: Library, precision: Precision, cycles: int, seed: int = 1) -> list[Activity]:
    """What toggles in the netlist that ``mint area`` measures, in every situation, from a random sum on."""
    netlist = library.netlist(Variant("mint_pe", precision).verilog(1, 1), "mint_pe")
    width, accumulator = precision.weight_width, precision.code.accumulator_width
    found = []
    for situation, stimulus in SITUATIONS.items():
        random = Random(seed)
        simulation = Simulation(netlist, "mint_pe", library)
        simulation.tick(chain=random.getrandbits(accumulator), preload=1)
        simulation.tick(**stimulus(random, width, accumulator))  # what changes now is the beginning's
        toggles = [simulation.tick(**stimulus(random, width, accumulator)) for _ in range(cycles)]
        registers, outputs = (sum(getattr(each, name) for each in toggles) for name in ("registers", "outputs"))
        found.append(Activity(width, library.name, situation, cycles, registers / cycles, outputs / cycles))
    return found
