"""Place and route: the harness adds nothing to what is counted, and nothing of the design is lost in it."""

import pytest

from hdl.synthesis import place_and_route as module
from hdl.synthesis.designs import design_verilog
from hdl.synthesis.flows import FPGAS
from hdl.synthesis.place_and_route import PlaceAndRouteError, Port, harness, place_and_route, ports
from model.config import Precision

MULTIPLIER = """\
module top (clk, a, b, y);
  input clk;
  input [15:0] a;
  input [15:0] b;
  output [31:0] y;
  reg [31:0] y;
  always @(posedge clk) y <= a * b;
endmodule
"""

SMALL = """\
module other (clk, x);
  input clk;
  input [3:0] x;
endmodule

module small (clk, a, b, y, z);
  input clk;
  wire clk;
  input [4:0] a;
  input b;
  output [8:0] y;
  output z;
  reg [8:0] y;
  always @(posedge clk) y <= y + a;
  assign z = b;
  function [1:0] choose;
    input [1:0] s;
    input [1:0] x;
    choose = s & x;
  endfunction
endmodule
"""


def test_ports_are_the_modules_own():
    found = [Port("clk", 1, True), Port("a", 5, True), Port("b", 1, True), Port("y", 9, False), Port("z", 1, False)]
    assert ports(SMALL, "small") == found
    array = ports(design_verilog("mint_array", Precision(2, 2), 4, 2), "mint_array")
    assert {port.name: port.width for port in array if port.name.endswith("payload")} == {
        "i_parameters__payload": 2 * 15,
        "i_weights__payload": 2 * 2,
        "i_spikes__payload": 4 + 3,
        "o_spikes__payload": 2,
        "o_sums__payload": 2 * 15,
    }


def test_the_harness_counts_its_own_cells():
    around = harness(ports(SMALL, "small"), "small", "clk")
    assert "small design (.clk(clk), .a(port_a), .b(port_b), .y(port_y), .z(port_z));" in around.verilog
    # 6 inputs and 10 outputs; a tree of 10, 3 and 1 registers, and a node of 4, 4, 2 and 3 of them.
    assert (around.flip_flops, around.lut) == (6 + 10 + 3 + 1, 4)


def test_what_cannot_be_timed_is_refused():
    with pytest.raises(PlaceAndRouteError, match="there is no module large"):
        ports(SMALL, "large")
    with pytest.raises(PlaceAndRouteError, match="module small has no input clock"):
        harness(ports(SMALL, "small"), "small", "clock")
    with pytest.raises(PlaceAndRouteError, match="module other has no inputs or no outputs besides clk"):
        harness(ports(SMALL, "other"), "other", "clk")


def test_a_missing_nextpnr_is_said(monkeypatch):
    monkeypatch.setattr(module, "NEXTPNR", "no_such_package")
    with pytest.raises(PlaceAndRouteError, match="install the Python package no-such-package"):
        place_and_route(SMALL, "small")


def test_an_error_in_nextpnr_is_an_exception_here(tmp_path):
    (tmp_path / "netlist.json").write_text("{}", encoding="utf-8")
    with pytest.raises(PlaceAndRouteError, match="nextpnr failed: "):
        module.nextpnr(tmp_path, 1, 100.0)


def test_an_element_on_the_chip():
    verilog = design_verilog("mint_pe", Precision(2, 2), 1, 1)
    routed = place_and_route(verilog, "mint_pe", seed=3, target_mhz=50.0)
    assert (routed.seed, routed.target_mhz) == (3, 50.0)
    alone = next(fpga for fpga in FPGAS if fpga.name == "ecp5").measure(verilog, "mint_pe")
    assert routed.flip_flops == alone.flip_flops >= 15, "neither the harness's registers are in it nor any was lost"
    assert 15 < routed.lut < 60
    assert routed.dsp == 0
    assert 50 < routed.fmax_mhz < 500
    assert len(routed.critical_path) >= 2
    assert 0 < routed.routing_ns < 1000 / routed.fmax_mhz


def test_a_dsp_would_be_seen():
    assert place_and_route(MULTIPLIER, "top").dsp == 1
