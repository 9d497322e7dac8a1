"""Benches that do not pass, for the test of the runner."""

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge


@cocotb.test()
async def passes(dut):
    dut.i.value = 1


@cocotb.test()
async def fails(dut):
    raise AssertionError("one is not two")


@cocotb.test(timeout_time=1, timeout_unit="us")
async def waits(dut):
    Clock(dut.clk, 10, unit="ns").start()
    while True:
        await RisingEdge(dut.clk)


@cocotb.test()
async def spins(dut):
    while True:
        pass


@cocotb.test()
async def dies(dut):
    import os

    os._exit(3)
