"""Bench of the processing element: every cycle's sum equals the golden twin's."""

import os
from random import Random
from typing import Any

import cocotb

from hdl.processing_element import ProcessingElement
from model.config import ArrayConfig
from model.golden.processing_element import processing_element_step
from sim.port import CocotbPort, Port
from sim.runner import config_from_environment

CYCLES = 500


async def check_processing_element(port: Port, config: ArrayConfig, seed: int) -> None:
    """Random weights, spikes and preloads; preloads near the ends, so that sums wrap around on both sides."""
    random = Random(seed)
    low, high = config.accumulator_range
    limit = config.precision.weight_limit
    expected: int | None = None  # unknown until the first preload
    met = {"still": 0, "up": 0, "down": 0, "wrap_up": 0, "wrap_down": 0, "preload": 0}
    for cycle in range(CYCLES):
        preload = cycle == 0 or random.random() < 0.1
        spike = random.randrange(2)
        weight = random.choice([-limit, limit, random.randint(-limit, limit)])
        chain = random.choice([low, high, 0, random.randint(low, high)])
        for path, value in (("weight", weight), ("spike", spike), ("chain", chain), ("preload", preload)):
            port.set(path, value)
        await port.tick()
        if expected is not None:
            shown = port.get("accumulator")
            assert shown == expected, f"cycle {cycle}: the sum is {shown}, not {expected}"
        before = expected if expected is not None else 0
        expected = processing_element_step(before, weight, spike, chain, preload, config.accumulator_width)
        met["preload"] += preload
        if not preload:
            met["still"] += spike == 0 and expected == before
            met["up"] += spike * weight > 0
            met["down"] += spike * weight < 0
            met["wrap_up"] += spike * weight > 0 and expected < before
            met["wrap_down"] += spike * weight < 0 and expected > before
    assert all(met.values()), f"the stimulus missed something: {met}"


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def processing_element(dut: Any) -> None:
    config = config_from_environment()
    port = CocotbPort(ProcessingElement(config), dut)
    await port.start()
    await check_processing_element(port, config, int(os.environ["COCOTB_RANDOM_SEED"]))
