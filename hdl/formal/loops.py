"""Where the counters and quantities of a loop nest have to be: what an induction about addresses begins with."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from hdl.accelerator.loop_nest import Program


@dataclass(frozen=True)
class Position:
    """Verilog that says that a nest is at a position, for one of several programs.

    ``agrees`` is the wire of ``text`` that says so, ``peeks`` are the registers that ``text`` reads.
    """

    text: str
    peeks: dict[str, str]
    agrees: str


def registers(design: str, module: str) -> dict[str, int]:
    """The registers of a module, with their widths."""
    found = re.search(rf"^module {module} ?\(.*?^endmodule", design, re.MULTILINE | re.DOTALL)
    assert found is not None, f"no module {module}"
    declared = re.findall(r"^  reg (?:\[(\d+):0\] )?\\?([^\s;=]+)[ ;]", found[0], re.MULTILINE)
    return {name: int(high or 0) + 1 for high, name in declared}


def choose(numbers: Sequence[int | str], select: str) -> str:
    """Verilog of a layer's number."""
    *others, last = numbers
    return "(" + "".join(f"{select} == {index} ? {number} : " for index, number in enumerate(others)) + f"{last})"


def position(
    name: str,
    nest: tuple[str, str],
    design: str,
    programs: Sequence[Program],
    levels: Sequence[str],
    select: str,
) -> Position:
    """Of the nest's instance and module: wires ``NAME_LEVEL`` say where it is, ``select`` the layer, of a program each.

    A quantity's register of a level has the start and what this level and those outside have added.
    """
    instance, module = nest
    found = registers(design, module)
    peeks, lines, equal = {}, [], ["1"]

    def compare(register: str, expected: str) -> None:
        if register not in found:  # a quantity that the design does not have, or shows to nobody
            return
        wire = f"{name}_{register}_now"
        lines.append(f"    wire [{found[register] - 1}:0] {wire}, {wire}_due = {expected};")
        equal.append(f"{wire} == {wire}_due")
        peeks[wire] = f"{instance}.{register}"

    for level in levels:
        compare(f"{level}_count", f"{name}_{level}")
    for quantity in programs[0].quantities:
        numbers = [each.quantities[quantity] for each in programs]
        own = [level for level in levels if any(number.steps.get(level) for number in numbers)]
        added = [choose([number.start for number in numbers], select)]
        for level in own:
            added.append(f"{name}_{level} * {choose([number.steps.get(level, 0) for number in numbers], select)}")
            compare(f"values__{quantity}" if level == own[-1] else f"{quantity}_{level}", " + ".join(added))
    agrees = f"{name}_agrees"
    lines.append(f"    wire {agrees} = {' & '.join(equal)};")
    return Position("\n".join(lines), peeks, agrees)
