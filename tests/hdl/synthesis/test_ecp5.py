"""A design on an ECP5: its memories are block RAM with the contents of their files, its paths have names."""

import pytest

from hdl.accelerator.membrane_memory import MembraneMemory
from hdl.synthesis.ecp5 import DEVICES, _module, route
from hdl.synthesis.flows import _reports
from hdl.verilog.text import verilog_text
from model.accelerator.plan import plan
from model.errors import UserError
from sim.networks.small_networks import first_layer

DESIGN = """\
module adder (clk, a, b, y);
  input clk;
  input [15:0] a, b;
  output [15:0] y;
  reg [15:0] y;
  always @(posedge clk) y <= a + b;
endmodule

module top (clk, address, a, y, word);
  input clk;
  input [9:0] address;
  input [15:0] a;
  output [15:0] y, word;
  reg [15:0] words [0:1023];
  initial $readmemh("memory/words.hex", words);
  reg [15:0] word, held;
  always @(posedge clk) word <= words[address];
  always @(posedge clk) held <= a;
  adder adder (.clk(clk), .a(held), .b(y), .y(y));
endmodule
"""


def test_block_ram_and_critical_path():
    words = "".join(f"{(i * 7919) & 0xFFFF:04x}\n" for i in range(1024))
    chip = route({"mint.v": DESIGN, "memory/words.hex": words}, "top", "25k", seed=2, target_mhz=50)
    assert (chip.device, chip.package, chip.seed, chip.target_mhz) == ("25k", DEVICES["25k"], 2, 50)
    assert (chip.block_ram, chip.dsp, chip.pins) == (1, 0, 1 + 10 + 16 + 16 + 16)
    assert chip.flip_flops == 32
    assert chip.fmax_mhz > 50
    assert chip.path_modules[0] == "adder"
    assert sum(step.delay_ns for step in chip.critical_path) == pytest.approx(1000 / chip.fmax_mhz, rel=0.02)


def test_membranes_are_block_ram():
    network = first_layer("conv", "spikes", (2, 12, 12))
    config = plan(network, lanes=4, dataflow="streaming")
    assert config.membrane_words == 144
    text = verilog_text(MembraneMemory(config), "top")
    cells = _reports(text, "top", ["synth_ecp5 -top top", "tee -q -o cells.json stat -json"])["cells"]
    assert cells["num_cells_by_type"]["DP16KD"] == 1


def test_unknown_device_is_refused():
    with pytest.raises(UserError, match="device '5k'; choose one of: 12k, 25k, 45k, 85k"):
        route({}, "top", "5k")


def test_modules_of_cells():
    assert _module("skip.word_TRELLIS_FF_Q_12") == "skip"
    assert _module("window.nest.counter_LUT4_A") == "window.nest"
    assert _module("layer_TRELLIS_FF_Q") == "top"
