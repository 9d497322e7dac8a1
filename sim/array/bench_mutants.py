"""Bench of benches: runs a component's bench on one mutant after another, and writes down which it noticed.

Starting a simulator takes longer than noticing most mutants, so many share a simulation. Between two
of them the design is whole for a while, and has a reset.
"""

import json
import os
import signal
from pathlib import Path
from typing import Any

import cocotb

from hdl.array.neuron_unit import NeuronUnit
from hdl.array.processing_element import ProcessingElement
from hdl.array.systolic_array import SystolicArray
from model.array import ArrayConfig
from sim.array.bench_neuron_unit import check_neuron_unit
from sim.array.bench_processing_element import check_processing_element
from sim.array.bench_systolic_array import check_systolic_array
from sim.harness.port import CocotbPort
from sim.harness.runner import config_from_environment
from sim.harness.streams import IDLES, STALLS

JOB_VARIABLE = "MINT_MUTANTS"
COMPONENTS = {
    "processing_element": ProcessingElement,
    "neuron_unit": NeuronUnit,
    "systolic_array": SystolicArray,
}
PAUSE = 50
"""Cycles of the whole design between two mutants; the array clears itself in fewer."""


async def check(bench: str, port: CocotbPort, config: ArrayConfig, seed: int) -> None:
    """Run the bench of that stem."""
    match bench:
        case "processing_element":
            await check_processing_element(port, config, seed)
        case "neuron_unit":
            await check_neuron_unit(port, config, seed)
        case "systolic_array":
            for idle in IDLES:
                for stall in STALLS:
                    await check_systolic_array(port, config, seed, idle, stall)


@cocotb.test()
async def mutants(dut: Any) -> None:
    job = json.loads(os.environ[JOB_VARIABLE])
    config, bench = config_from_environment(), job["bench"]
    port = CocotbPort(COMPONENTS[bench](config), dut)
    dut.mutant.value = 0
    await port.start()
    with Path(job["outcomes"]).open("a", encoding="utf-8") as outcomes:
        for number in job["numbers"]:
            dut.mutant.value = 0
            await port.reset()
            for _ in range(PAUSE):
                await port.tick()
            dut.mutant.value = number
            # An alarm that nobody handles ends a simulator that never gets to the next cycle.
            signal.alarm(job["timeout_s"])
            print(json.dumps({"number": number}), file=outcomes, flush=True)
            noticed = None
            try:
                await check(bench, port, config, int(os.environ["COCOTB_RANDOM_SEED"]))
            except (AssertionError, TimeoutError, ValueError) as error:  # ValueError: an output is unknown
                noticed = str(error).strip().split("\n")[0] or type(error).__name__
            print(json.dumps({"number": number, "noticed": noticed}), file=outcomes, flush=True)
    signal.alarm(0)
