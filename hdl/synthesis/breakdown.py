"""Where an array's area goes, by leaving parts out or synthesising them alone.

An element without a ring has ``chain`` and ``preload`` tied to 0: what it is smaller by is the ring's. Its
registers are counted in the library's flip-flops; what is left of it adds. Neuron unit and skew registers are
synthesised alone. The rest of the array is control.
"""

from dataclasses import dataclass

from hdl.array.neuron_unit import NeuronUnit
from hdl.array.processing_element import ProcessingElement
from hdl.synthesis.designs import Variant, config
from hdl.synthesis.flows import Library
from hdl.synthesis.gate_limit import gate_limit
from hdl.verilog.text import verilog_text
from model.array import ArrayConfig
from model.config import Precision


@dataclass(frozen=True)
class Share:
    """A part of an array: gate equivalents per processing element."""

    part: str
    gate_equivalents: float


def breakdown(library: Library, precision: Precision, rows: int, columns: int) -> list[Share]:
    """Parts of a ``mint_array``; their sum is the array's area per processing element."""
    array = config(precision, rows, columns)
    elements = array.processing_elements

    def area(verilog: str, top: str) -> float:
        return library.netlist(verilog, top).area / library.nand2_area

    element = area(verilog_text(ProcessingElement(array), "mint_pe"), "mint_pe")
    without_ring = area(_without_ring(array), "alone_pe")
    flip_flop = gate_limit(library).flip_flop.gate_equivalents
    registers = flip_flop * (array.accumulator_width + 1)  # the sum and the carry that waits
    neurons = columns * area(verilog_text(NeuronUnit(array), "neuron"), "neuron") / elements
    skew = area(_skew(array), "skew") / elements
    total = area(Variant("mint_array", precision).verilog(rows, columns), "mint_array") / elements
    parts = {
        "sum registers": registers,
        "adder and spike gates": without_ring - registers,
        "ring (preload, drain)": element - without_ring,
        "neuron units": neurons,
        "pass registers": skew,
        "control and outputs": total - element - neurons - skew,
    }
    return [Share(part, round(gate_equivalents, 1)) for part, gate_equivalents in parts.items()]


def _without_ring(array: ArrayConfig) -> str:
    """An element whose ring is tied off, flattened into ``alone_pe``."""
    high, low = array.weight_width - 1, array.accumulator_width
    return (
        verilog_text(ProcessingElement(array), "element")
        + f"""
module alone_pe(input clk, input rst, input [{high}:0] weight, input spike, input enable, output [{low - 1}:0] sum);
  element e(.clk(clk), .rst(rst), .weight(weight), .spike(spike), .enable(enable), .preload(1'b0),
            .chain({low}'d0), .accumulator(sum));
endmodule
"""
    )


def _skew(array: ArrayConfig) -> str:
    """The registers that carry spikes, weights and results from column to column, and freeze."""
    columns = array.columns
    passed = (columns - 1) * array.rows  # every column's spikes but the first's
    weights = array.weight_width * columns * (columns - 1) // 2
    results = columns * (columns - 1) // 2
    bits = passed + weights + results
    return f"""
module skew(input clk, input advance, input [{bits - 1}:0] i, output reg [{bits - 1}:0] o);
  always @(posedge clk) if (advance) o <= i;
endmodule
"""
