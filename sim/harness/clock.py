"""The clock of a player: where it costs a simulator least.

A Verilog clock halves the time of a simulation in Icarus, which else calls cocotb at every edge; Verilator pays more
for a delay that it compiles to C++ than for an edge from outside.
"""

from typing import Any

CLOCK_PERIOD_NS = 10

CLOCK = f"""\
`ifndef VERILATOR
  initial clk = 0;
  always #{CLOCK_PERIOD_NS // 2} clk = ~clk;
`endif
"""
"""Verilog of the clock, in a module with a timescale of nanoseconds and ``reg clk``."""


def start_clock(dut: Any) -> None:
    """Drive ``clk`` of a player, where its Verilog does not."""
    import cocotb  # only in a simulator's process
    from cocotb.clock import Clock

    if cocotb.SIM_NAME == "Verilator":
        Clock(dut.clk, CLOCK_PERIOD_NS, unit="ns").start()
