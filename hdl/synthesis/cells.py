"""What the cells of a Liberty library compute: enough of the format to find a cell by its function.

Yosys finds cells by function too, but gives none away, and its mapper uses no cell of two outputs: no full adder.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

INVERSE = str.maketrans("01", "10")


@dataclass(frozen=True)
class Register:
    """The ``ff`` group of a cell."""

    state: str
    """Names of the state and of its inverse, as the group has them."""
    clocked_on: str
    next_state: str
    sets: bool
    """Whether something besides the clock changes the state."""


@dataclass(frozen=True)
class Cell:
    """A cell: area and input capacitance in the library's units, inputs, and every output's function if it has one."""

    name: str
    area: float
    capacitance: float
    """Of the first input."""
    inputs: tuple[str, ...]
    outputs: Mapping[str, str]
    register: Register | None
    combinational: bool

    def computes(self, *tables: str) -> bool:
        """Whether this is a gate whose outputs have these truth tables, each as it is or inverted.

        A table has a digit for every input value, all inputs 0 first and the last input fastest: ``0001`` is AND.
        """
        if not self.combinational or len(tables) != len(self.outputs) or len(tables[0]) != 1 << len(self.inputs):
            return False
        own = sorted(min(table, table.translate(INVERSE)) for table in map(self._table, self.outputs.values()))
        return own == sorted(min(table, table.translate(INVERSE)) for table in tables)

    @property
    def is_flip_flop(self) -> bool:
        """Whether this is nothing but a D flip-flop on the rising edge; its output may be inverted."""
        register = self.register
        if register is None or register.sets or len(self.inputs) != 2 or not self.outputs:
            return False
        clock, data = _literal(register.clocked_on), _literal(register.next_state).lstrip("!")
        return {clock, data} == set(self.inputs)

    def _table(self, function: str) -> str:
        values = product((False, True), repeat=len(self.inputs))
        return "".join(str(int(evaluate(function, dict(zip(self.inputs, value, strict=True))))) for value in values)


def _literal(expression: str) -> str:
    return re.sub(r"[()\s]", "", expression)


def evaluate(function: str, values: Mapping[str, bool]) -> bool:
    """Value of a Liberty function.

    Its operators, from the one that binds most: ``!a`` and ``a'``; ``a ^ b``; ``a * b``, ``a & b`` and ``a b``;
    ``a + b`` and ``a | b``.
    """
    tokens = re.findall(r"\w+|[!'^*&+|()]", function)
    place = 0

    def peek() -> str:
        return tokens[place] if place < len(tokens) else ""

    def take() -> str:
        nonlocal place
        place += 1
        return tokens[place - 1]

    def factor() -> bool:
        token = take()
        if token == "!":
            return not factor()
        if token == "(":
            value = either()
            take()
        else:
            value = token == "1" if token in "01" else values[token]
        while peek() == "'":
            take()
            value = not value
        return value

    def different() -> bool:
        value = factor()
        while peek() == "^":
            take()
            value ^= factor()
        return value

    def both() -> bool:
        value = different()
        while peek() not in ("", ")", "+", "|"):
            if peek() in "*&":
                take()
            value &= different()
        return value

    def either() -> bool:
        value = both()
        while peek() in ("+", "|") and peek():
            take()
            value |= both()
        return value

    return either()


def _attribute(name: str, text: str) -> str | None:
    match = re.search(rf"\b{name}\s*:\s*(?:\"([^\"]*)\"|([^;\s]+))", text)
    return None if match is None else (match[1] if match[1] is not None else match[2]).strip()


def _groups(name: str, text: str) -> list[tuple[str, str]]:
    """Arguments of every group ``name (arguments) {``, and the text from there to the next one of its kind."""
    headers = list(re.finditer(rf"^[ \t]*{name}\s*\(([^)]*)\)\s*\{{", text, re.MULTILINE))
    ends = [*(header.start() for header in headers[1:]), len(text)]
    return [
        (header[1].replace('"', "").strip(), text[header.end() : end])
        for header, end in zip(headers, ends, strict=False)  # with no header there is still an end
    ]


def read_cells(liberty: str) -> list[Cell]:
    """Every cell of a library, in its order."""
    return [_cell(name, text) for name, text in _groups("cell", re.sub(r"/\*.*?\*/", "", liberty, flags=re.DOTALL))]


def _cell(name: str, text: str) -> Cell:
    pins = {
        pin: (
            _attribute("direction", body),
            _attribute("function", body),
            float(_attribute("capacitance", body) or 0),
        )
        for pin, body in _groups("pin", text)
    }
    register = None
    for state, body in _groups("ff", text):
        own = body.partition("}")[0]
        register = Register(
            state=state,
            clocked_on=_attribute("clocked_on", own) or "",
            next_state=_attribute("next_state", own) or "",
            sets=bool(re.search(r"\b(clear|preset)\s*:", own)),
        )
    sequential = re.search(r"^[ \t]*(ff|latch|ff_bank|latch_bank|statetable)\s*\(", text, re.MULTILINE)
    return Cell(
        name=name,
        area=float(_attribute("area", text) or 0),
        capacitance=next((capacitance for direction, _, capacitance in pins.values() if direction == "input"), 0.0),
        inputs=tuple(pin for pin, (direction, *_) in pins.items() if direction == "input"),
        outputs={pin: function for pin, (direction, function, _) in pins.items() if direction == "output" and function},
        register=register,
        combinational=not sequential,
    )
