"""A netlist in cells of a library is the design that it was made from."""

import re

from hdl.formal.gates import MEMORIES, match_registers
from hdl.formal.proof import Proof
from hdl.synthesis.flows import Library

HARNESS = """\
// The design and its netlist, from any state that is the same in both. hdl.formal.gates says which registers belong
// together.
module proof (
{inputs}
    output assumed,
    output ok,
    output cover_registers_move,
    output cover_outputs_move
);
    wire [{outputs}-1:0] design_outputs, netlist_outputs;
    {top} design ({ports}, {design_ports});
    {top}_netlist netlist ({ports}, {netlist_ports});
    wire [{registers}-1:0] design_state, netlist_state;
    reg begun = 0;
    reg [{registers}-1:0] old_state;
    reg [{outputs}-1:0] old_outputs;
    reg [{registers}-1:0] moved = 0;  // words of a memory take turns
    always @(posedge clk) begin
        begun <= 1;
        old_state <= netlist_state;
        if (begun) moved <= moved | netlist_state ^ old_state;
        old_outputs <= netlist_outputs;
    end
    assign assumed = begun | design_state == netlist_state;
    assign ok = design_state == netlist_state & design_outputs == netlist_outputs;
    assign cover_registers_move = begun & &(moved | netlist_state ^ old_state);
    assign cover_outputs_move = begun & netlist_outputs != old_outputs & netlist_outputs != 0 & old_outputs != 0;
endmodule
"""


def netlist(name: str, configuration: str, design: str, top: str, library: Library) -> Proof:
    """Of the netlist that the area reports measure."""
    mapped = library.netlist(design, top).verilog
    return netlist_proof(name, configuration, design, mapped, top, library)


def netlist_proof(name: str, configuration: str, design: str, mapped: str, top: str, library: Library) -> Proof:
    """Of any netlist."""
    matches = match_registers(design, mapped, library.text, top)
    found = re.findall(r"^  (input|output) (?:\[(\d+):0\] )?(\w+);", _module(design, top), re.MULTILINE)
    ports = [(direction, int(high or 0) + 1, port) for direction, high, port in found]
    inputs = [(width, port) for direction, width, port in ports if direction == "input"]

    def outputs(side: str) -> str:
        text, place = [], 0
        for direction, width, port in ports:
            if direction == "output":
                text.append(f".{port}({side}_outputs[{place + width - 1}:{place}])")
                place += width
        return ", ".join(text)

    return Proof(
        name=f"{name} in cells of {library.name} = Verilog",
        configuration=configuration,
        design=design,
        harness=HARNESS.format(
            top=top,
            inputs="\n".join(f"    input [{width - 1}:0] {port}," for width, port in inputs),
            ports=", ".join(f".{port}({port})" for _, port in inputs),
            outputs=sum(width for direction, width, _ in ports if direction == "output"),
            design_ports=outputs("design"),
            netlist_ports=outputs("netlist"),
            registers=len(matches),
        ),
        files={
            "netlist.v": re.sub(rf"^module {top}\b", f"module {top}_netlist", mapped, flags=re.MULTILINE),
            "cells.lib": library.text,
        },
        prepare=("proc", *MEMORIES, "read_verilog netlist.v", "read_liberty -ignore_miss_func cells.lib"),
        peeks={
            "design_state": ",".join(f"design.{register}" for register in matches.values()),
            "netlist_state": ",".join(f"netlist.{register}" for register in matches),
        },
        longest=1,
        covers=("cover_registers_move", "cover_outputs_move"),
        cover_cycles=6,
    )


def _module(verilog: str, name: str) -> str:
    match = re.search(rf"^module {name}\b.*?^endmodule", verilog, re.MULTILINE | re.DOTALL)
    assert match is not None
    return match[0]
