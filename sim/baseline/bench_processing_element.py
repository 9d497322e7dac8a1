"""Bench of the baseline's processing element: sum, potential, membrane and spike chain equal the golden twin's."""

import os
from random import Random
from typing import Any

import cocotb

from hdl.baseline.processing_element import UqProcessingElement
from model.arithmetic import wrap
from model.baseline.config import UqConfig
from model.baseline.law import Scales, round_shift, uq_fire
from sim.baseline.stimulus import UqCoverage, random_number, random_output_scale, random_scale
from sim.harness.port import CocotbPort, Port
from sim.harness.runner import uq_config_from_environment

CYCLES = 2500


async def check_uq_processing_element(port: Port, config: UqConfig, seed: int) -> None:
    """Beats, bubbles, products and waits in any order, from the first tile's start on."""
    random = Random(seed)
    limit, width = config.precision.code.limit, config.potential_width
    accumulator = potential = membrane = fired = bias = 0
    defined: set[str] = set()
    coverage = UqCoverage()
    frozen = 0
    for cycle in range(CYCLES):
        advance = int(cycle == 0 or random.random() < 0.9)
        what = "start" if cycle == 0 else random.choice(["start", "beat", "beat", "weigh", "decay", "fire", "fire"])
        index = random.randrange(len(config.shifts))
        shifts = config.shifts[index]
        operand, shift = {
            "weigh": (accumulator, shifts.weight),
            "decay": (membrane, shifts.membrane),
        }.get(what, (potential, shifts.output))
        if what in ("weigh", "decay"):
            scale = random_scale(random, config.scale_bits, operand, shift)
        else:
            scale = random_output_scale(random, config, operand, shift)
        weight = random.choice([-limit, limit, random.randint(-limit, limit)]) if what == "beat" and advance else 0
        spike = random.randrange(2)
        chain, move = random.randrange(2), random.randrange(2)
        bias = random_number(random, config.accumulator_width)
        near = potential + random.choice([0, 1, -1])
        threshold = wrap(random.choice([near, potential + 1, random_number(random, width)]), width)
        values = {
            "weight": weight,
            "spike": spike,
            **{name: int(advance and what == name) for name in ("start", "weigh", "decay", "fire")},
            "scale": scale,
            "shifts": index,
            "bias": bias,
            "threshold": threshold,
            "chain": chain,
            "shift": advance & move,
        }
        for path, value in values.items():
            port.set(path, value)
        await port.tick()
        expected = {"accumulator": accumulator, "potential": potential, "membrane": membrane, "fired": fired}
        shown = {name: port.get(name) for name in defined}
        assert shown == {name: expected[name] for name in defined}, f"cycle {cycle}: {shown}, not {expected}"

        if not advance:
            frozen += 1
            continue
        if what in ("weigh", "decay"):
            coverage.round(scale * operand, shift)
            potential = wrap((potential if what == "decay" else 0) + round_shift(scale * operand, shift), width)
            defined |= {"potential"} if what == "weigh" else set()
        if "potential" not in defined and what == "fire":
            # From an unknown potential: all is as unknown until the next start.
            defined -= {"membrane", "fired"}
            accumulator = bias
            continue
        if what == "fire":
            coverage.fire(config, potential, threshold, scale, shift)
            scales = Scales(0, 0, scale, shifts)
            fired, membrane = uq_fire(potential, threshold, scales, config.membrane_width)
            defined |= {"fired", "membrane"}
        elif move:
            fired = chain
            defined |= {"fired"}
        if what == "start":
            membrane = 0
            defined |= {"membrane", "accumulator"}
        accumulator = (
            bias if what in ("start", "fire") else wrap(accumulator + weight * spike, config.accumulator_width)
        )
    coverage.check()
    assert frozen, "the stimulus never froze the element"
    assert defined == {"accumulator", "potential", "membrane", "fired"}


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def uq_processing_element(dut: Any) -> None:
    config = uq_config_from_environment()
    port = CocotbPort(UqProcessingElement(config), dut)
    await port.start()
    await check_uq_processing_element(port, config, int(os.environ["COCOTB_RANDOM_SEED"]))
