"""Bench of any component of the accelerator in Verilog: of the case that the environment names."""

from typing import Any

import cocotb

from sim.accelerator.cases import case_from_environment
from sim.harness.port import CocotbPort


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def component(dut: Any) -> None:
    case = case_from_environment()
    port = CocotbPort(case.component, dut)
    await port.start()
    await port.reset()
    await case.check(port, *case.arguments)
