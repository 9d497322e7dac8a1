"""Bench of the baseline's neuron unit: potential, spike and membranes of a column equal the golden twin's."""

import os
from random import Random
from typing import Any

import cocotb

from hdl.baseline.neuron_unit import UqNeuronUnit
from model.arithmetic import wrap
from model.baseline.config import UqConfig
from model.baseline.law import Scales, uq_potential, uq_step
from sim.baseline.stimulus import UqCoverage, random_number, random_output_scale, random_scale
from sim.harness.port import CocotbPort, Port
from sim.harness.runner import uq_config_from_environment

UPDATES = 900


async def check_uq_neuron_unit(port: Port, config: UqConfig, seed: int) -> None:
    """Updates of row after row with random numbers, and cycles that wait; first, a round that ends a tile."""
    random = Random(seed)
    width, bits = config.potential_width, config.scale_bits
    ring = [0] * config.rows
    coverage = UqCoverage()
    frozen = 0

    async def make(product: str, values: dict[str, Any]) -> None:
        """The inputs and then the product, after a wait or none."""
        nonlocal frozen
        for path, value in values.items():
            port.set(path, value)
        for name in ("weigh", "decay", "fire"):
            port.set(name, 0)
        while random.random() < 0.1:
            await port.tick()
            frozen += 1
        port.set(product, 1)
        await port.tick()

    for update in range(UPDATES):
        clears = update < config.rows
        last = clears or random.random() < 0.1
        index = random.randrange(len(config.shifts))
        shifts = config.shifts[index]
        membrane = ring.pop(0)
        exact = random_number(random, config.accumulator_width)
        bias = random_number(random, config.accumulator_width)
        accumulator = wrap(exact - bias, config.accumulator_width)
        weight = random_scale(random, bits, exact, shifts.weight)
        decay = random_scale(random, bits, membrane, shifts.membrane)
        potential = uq_potential(exact, membrane, Scales(weight, decay, 0, shifts), width)
        scales = Scales(weight, decay, random_output_scale(random, config, potential, shifts.output), shifts)
        widths = {"width": config.membrane_width, "potential_width": width}
        near = potential + random.choice([0, 1, -1])
        threshold = wrap(random.choice([near, potential + 1, random_number(random, width)]), width)
        _, spike, after = uq_step(exact, membrane, threshold, scales, **widths)

        values = {
            "last": last,
            "shifts": index,
            "accumulator": accumulator,
            "bias": bias,
            "threshold": threshold,
        }
        await make("weigh", values | {"scale": scales.weight})
        await make("decay", {"scale": scales.membrane})
        await make("fire", {"scale": scales.output})
        after = 0 if last else after
        ring.append(after)
        if clears:  # the ring held anything
            continue
        shown = tuple(port.get(path) for path in ("potential", "spike", "membrane"))
        assert shown == (potential, spike, after), (
            f"update {update}: potential, spike, membrane are {shown}, not {(potential, spike, after)}"
        )
        coverage.round(scales.weight * exact, shifts.weight)
        coverage.round(scales.membrane * membrane, shifts.membrane)
        coverage.fire(config, potential, threshold, scales.output, shifts.output)
    coverage.check()
    assert frozen, "the stimulus never froze the unit"


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def uq_neuron_unit(dut: Any) -> None:
    config = uq_config_from_environment()
    port = CocotbPort(UqNeuronUnit(config), dut)
    await port.start()
    await check_uq_neuron_unit(port, config, int(os.environ["COCOTB_RANDOM_SEED"]))
