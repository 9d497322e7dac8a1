"""Bench of the processing element: every cycle's accumulator equals the golden twin's, and its sum the law's."""

import os
from random import Random
from typing import Any

import cocotb

from hdl.array.processing_element import ProcessingElement
from model.arithmetic import wrap
from model.array import ArrayConfig
from model.golden.processing_element import processing_element_step
from sim.harness.checker import check
from sim.harness.port import CocotbPort, Port
from sim.harness.runner import config_from_environment

CYCLES = 600


async def check_processing_element(port: Port, config: ArrayConfig, seed: int) -> None:
    """Random weights, spikes, bubbles and preloads; preloads near the ends, so that sums wrap around."""
    random = Random(seed)
    low, high = config.accumulator_range
    limit, width = config.precision.code.limit, config.weight_width
    accumulator = carry = exact = 0
    settled = False
    met = {"bubble": 0, "silent": 0, "up": 0, "down": 0, "carry": 0, "wrap": 0, "preload": 0}
    for cycle in range(CYCLES):
        # A bubble, then the ring moves: the order in which the array does it. What a simulator does not know is
        # gone when the ring has moved by two places.
        preload = cycle in (1, 2) or (settled and random.random() < 0.15)
        enable = cycle > 2 and not preload and random.random() < 0.8
        inputs = {
            "weight": random.choice([-limit, limit, random.randint(-limit, limit)]),
            "spike": random.randrange(2),
            "enable": int(enable),
            "chain": random.choice([low, high, low + (1 << width), 0, random.randint(low, high)]),
            "preload": int(preload),
        }
        if not enable:
            inputs[random.choice(["weight", "spike"])] = 0
        for path, value in inputs.items():
            port.set(path, value)
        await port.tick()
        if cycle > 2:
            check(f"cycle {cycle}", {"the accumulator": accumulator}, {"the accumulator": port.get("accumulator")})
            law = wrap(accumulator + (carry << width), config.accumulator_width)
            assert law == exact, f"cycle {cycle}: accumulator and carry make {law}, not {exact}"

        before = exact
        accumulator, carry = processing_element_step(
            accumulator, carry, **inputs, weight_width=width, width=config.accumulator_width
        )
        if preload:
            exact = inputs["chain"]
        elif enable:
            weight = inputs["weight"] * inputs["spike"]
            exact = wrap(exact + weight + config.offset(1), config.accumulator_width)
            met["up"] += weight > 0
            met["down"] += weight < 0
            met["silent"] += not inputs["spike"]
            met["wrap"] += exact < before  # what a step adds is positive
        settled = not enable
        met["carry"] += carry
        met["preload"] += preload
        met["bubble"] += not enable and not preload
    assert all(met.values()), f"the stimulus missed something: {met}"


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def processing_element(dut: Any) -> None:
    config = config_from_environment()
    port = CocotbPort(ProcessingElement(config), dut)
    await port.start()
    await check_processing_element(port, config, int(os.environ["COCOTB_RANDOM_SEED"]))
