"""Macros in the places of memories: beside the Verilog as it is, and beside a library's cells; all unknown at first."""

import subprocess
from dataclasses import replace

import pytest

from hdl.synthesis.liberty import GENERIC, installed_libraries
from hdl.verilog.yosys import run_script
from model.config import Precision
from model.network.graph import Pool
from sim.networks.chains import Link
from tests.hdl.folder.test_files import CHAIN, generate

LIBRARIES = [GENERIC, *(pytest.param(path, marks=pytest.mark.nightly) for path in installed_libraries())]
MACRO = """
module macro (clk, write_enable, write_address, write_data, read_enable, read_address, read_data);
  parameter WIDTH = 1, WORDS = 1, ADDRESS = 1, FILE = "";
  input clk, write_enable, read_enable;
  input [ADDRESS-1:0] write_address, read_address;
  input [WIDTH-1:0] write_data;
  output reg [WIDTH-1:0] read_data;
  reg [WIDTH-1:0] words [0:WORDS-1];
  initial if (FILE != "") $readmemh(FILE, words);
  always @(posedge clk) if (write_enable === 1) words[write_address] <= write_data;
    else if (write_enable !== 0) words[write_address] <= {WIDTH{1'bx}};
  // What is read while it is written is unknown, and so is everything after an enable that is unknown.
  wire known = read_enable === 1 && !(write_enable && write_address == read_address);
  always @(posedge clk) if (read_enable !== 0) read_data <= known ? words[read_address] : {WIDTH{1'bx}};
endmodule
"""


def wrapper(memory):
    """The module that a design asks for, around a macro."""
    bits, words = memory["word_bits"], memory["words"]
    address = max(1, (words - 1).bit_length())
    read = f"input read_enable, input [{address - 1}:0] read_address, output [{bits - 1}:0] read_data"
    write = f"input write_enable, input [{address - 1}:0] write_address, input [{bits - 1}:0] write_data"
    ports, parameters = f"input clk, {read}", f".WIDTH({bits}), .WORDS({words}), .ADDRESS({address})"
    writes = ".write_enable(1'b0)"
    if "file" in memory:
        parameters += ", .FILE(FILE)"
    else:
        ports += f", {write}"
        writes = ".write_enable(write_enable), .write_address(write_address), .write_data(write_data)"
    return (
        f'module {memory["module"]} #(parameter FILE = "") ({ports});\n'
        f"  macro #({parameters}) macro (.clk(clk), {writes},\n"
        "    .read_enable(read_enable), .read_address(read_address), .read_data(read_data));\nendmodule\n"
    )


def with_macros(folder, chain, **options):
    """Generate a folder and ``macros.v``; gives the definitions that leave the memories out."""
    memories = generate(chain, folder, **options)["memories"]
    (folder / "macros.v").write_text("".join(map(wrapper, memories)) + MACRO, encoding="utf-8")
    return [f"-D{memory['module'].upper()}" for memory in memories]


def simulate(folder, *sources):
    """Output of the folder's testbench; what it needs of a memory is in the macros only."""
    subprocess.run(["iverilog", "-g2005", "-o", "t", "testbench.v", "macros.v", *sources], cwd=folder, check=True)
    command = ["vvp", "t", "+idle=30", "+stall=30"]
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False)
    return done.stdout


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("pixels", {}),
        ("pixels", {"lanes": 10, "dataflow": [("systolic", 2), ("time-parallel", 2), ("skip", 1)]}),
        ("spikes", {"lanes": 6, "share": 2, "dataflow": "streaming"}),
        ("spikes", {"lanes": 2, "dataflow": "streaming"}),
        ("spikes", {"lanes": 2, "stream": "events"}),
    ],
    ids=["skip", "rows", "shared units", "streaming", "events"],
)
def test_the_testbench_passes_with_macros_and_an_unchanged_text(tmp_path, kind, options):
    defines = with_macros(tmp_path, replace(CHAIN, input_kind=kind, input_shape=(1, 5, 6)), **options)
    output = simulate(tmp_path, *defines, "mint.v")
    assert output.startswith("PASS"), output


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda path: path.stem)
def test_cells_of_a_library_and_macros_pass_the_testbench(tmp_path, library):
    """No register and no word of a memory has a value before the reset."""
    links = (Link(2, 3, padding=1, pool=Pool("max", 2)), Link(2, 0))
    chain = replace(CHAIN, input_shape=(1, 4, 4), links=links, classes=3, precision=Precision(2, 2))
    defines = with_macros(tmp_path, chain, lanes=2, share=2)
    (tmp_path / "cells.lib").write_text(library.read_text(encoding="utf-8"), encoding="utf-8")
    run_script(
        [
            f"read_verilog {' '.join(defines)} mint.v",
            "read_verilog -lib macros.v",
            "read_liberty -lib -ignore_miss_func cells.lib",
            "synth -flatten -noabc -noshare -top mint_accelerator",
            "dfflibmap -liberty cells.lib",
            "abc -liberty cells.lib",
            "opt_clean -purge",
            "check -assert -mapped",
            "write_verilog -noattr -noexpr netlist.v",
            "design -reset",
            "read_liberty -ignore_miss_func cells.lib",
            "write_verilog -noattr cells.v",
        ],
        tmp_path,
    )
    netlist = (tmp_path / "netlist.v").read_text(encoding="utf-8")
    assert "always" not in netlist
    assert "initial" not in netlist + (tmp_path / "cells.v").read_text(encoding="utf-8")
    output = simulate(tmp_path, "netlist.v", "cells.v")
    assert output.startswith("PASS"), output
