"""The gate limit: the area that no processing element of a library's cells falls short of without a trick.

A sum of W + 13 bits needs a flip-flop a bit; adding W bits to it a full adder for each of them and a half adder for the
carry in the bits above. There is no ring multiplexer in it, no gate for the spike and no sign extension.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch

from hdl.synthesis.cells import Cell, read_cells
from hdl.synthesis.designs import Record
from hdl.synthesis.flows import UNUSABLE, Flow, Library
from model.codes.code import ACCUMULATOR_MARGIN
from model.config import PRECISIONS, Precision

COPIES = 100
"""Of a part that is mapped for want of a cell: areas are reported to a tenth of a gate equivalent."""


@dataclass(frozen=True)
class Part:
    """The smallest way to make something in a library: its area, and the cell (``None`` where several make it)."""

    gate_equivalents: float
    cell: str | None


@dataclass(frozen=True)
class GateLimit:
    """A library's smallest D flip-flop, full adder and half adder."""

    flip_flop: Part
    full_adder: Part
    half_adder: Part

    def of(self, precision: Precision) -> float:
        """Gate equivalents of a processing element at the limit."""
        return (
            precision.code.accumulator_width * self.flip_flop.gate_equivalents
            + precision.weight_width * self.full_adder.gate_equivalents
            + ACCUMULATOR_MARGIN * self.half_adder.gate_equivalents
        )


def gate_limit(library: Library) -> GateLimit:
    """The parts of a library, its own cells where it has such, else what Yosys makes of them."""
    cells = [cell for cell in read_cells(library.text) if not any(fnmatch(cell.name, name) for name in UNUSABLE)]

    def part(is_one: Callable[[Cell], bool], verilog: str) -> Part:
        found = smallest(filter(is_one, cells))
        if found is not None:
            return Part(found.area / library.nand2_area, found.name)
        return Part(_mapped(library, verilog), None)

    return GateLimit(
        flip_flop=part(lambda cell: cell.is_flip_flop, "reg q; assign y = {1'b0, q}; always @(posedge c) q <= a;"),
        full_adder=part(lambda cell: cell.computes("01101001", "00010111"), "assign y = a + b + c;"),
        half_adder=part(lambda cell: cell.computes("0110", "0001"), "assign y = a + b;"),
    )


def limit_records(flows: Iterable[Flow]) -> Iterator[Record]:
    """The limit of every library among ``flows`` for every pair of widths, as a design of an area report."""
    for library in flows:
        if isinstance(library, Library):
            limit = gate_limit(library)
            for precision in PRECISIONS:
                gate_equivalents = limit.of(precision)
                yield Record(
                    design="gate_limit",
                    weight_width=precision.weight_width,
                    membrane_width=precision.membrane_width,
                    rows=1,
                    columns=1,
                    flow=library.name,
                    gate_equivalents=round(gate_equivalents, 1),
                    area_um2=None if library.generic else round(gate_equivalents * library.nand2_area, 1),
                    flip_flops=precision.code.accumulator_width,
                    lut=None,
                    dsp=None,
                )


def smallest(cells: Iterable[Cell]) -> Cell | None:
    return min(cells, key=lambda cell: cell.area, default=None)


def _mapped(library: Library, body: str) -> float:
    """Gate equivalents of a part that Yosys maps: inputs a, b, c, output y of two bits."""
    high = COPIES - 1
    part = f"module part(input a, input b, input c, output [1:0] y); {body} endmodule\n"
    copies = f"""\
module copies(input [{high}:0] a, input [{high}:0] b, input [{high}:0] c, output [{2 * COPIES - 1}:0] y);
  part parts[{high}:0] (a, b, c, y);
endmodule
"""
    gate_equivalents = library.measure(part + copies, "copies").gate_equivalents
    assert gate_equivalents is not None
    return gate_equivalents / COPIES
