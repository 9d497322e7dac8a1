"""Bench of the neuron unit: potential, spike, membrane and chain of every cycle equal the golden twin's."""

import os
from random import Random
from typing import Any

import cocotb

from hdl.array.neuron_unit import NeuronUnit
from model.arithmetic import wrap
from model.array import ArrayConfig
from sim.harness.checker import check, neuron
from sim.harness.port import CocotbPort, Port
from sim.harness.runner import config_from_environment

CYCLES = 1500


async def check_neuron_unit(port: Port, config: ArrayConfig, seed: int) -> None:
    """Random control and numbers, with potentials around the membrane's range and thresholds that they tie."""
    random = Random(seed)
    low, high = config.accumulator_range
    potential = threshold = bias = bias_skip = held = 0
    corners = [
        "spike",
        "tie",
        "just below",
        "wrap",
        "low",
        "high",
        "edge",
        "keep",
        "fire",
        "zero",
        "skip",
        "frozen",
        "waits",
        "held",
    ]
    met: dict[object, int] = dict.fromkeys([*corners, *(("loop", law) for law in config.neurons)], 0)

    for cycle in range(CYCLES):
        index = random.randrange(len(config.neurons))
        law = config.neurons[index]
        leak, limit = law.r, law.limit
        reach = min((limit + 2) << leak, high)
        edge = max((-limit - 1) << leak, low)
        number = random.choice(
            [random.randint(low, high), random.randint(-reach, reach), random.choice([edge, -reach])]
        )
        configure = cycle == 0 or random.random() < 0.05
        new = {
            "threshold": random.randint(-reach, reach),
            "bias": random.randint(-reach, reach),
            "bias_skip": random.randint(-reach, reach),
        }
        if random.random() < 0.5:  # of the potential that this cycle shows next, if nothing is added
            new["threshold"] = min(number + random.randrange(2), high)
        addend = "none" if configure else random.choice(["none", "add_bias", "add_membrane"])
        onward = random.choice(["none", "keep", "fire"])
        double = int(not configure and random.random() < 0.2)
        taken = cycle == 0 or random.random() < 0.8
        advance = cycle < 2 or random.random() < 0.8
        skip = random.randrange(2) if config.joins else 0

        values = {
            "configure": configure,
            "parameters": new,
            "leak": index,
            "accumulator": number,
            "advance": advance,
            "load": taken,
            "control": {
                "double": double,
                "add_bias": addend == "add_bias",
                "add_membrane": addend == "add_membrane",
                "keep": onward == "keep",
                "fire": onward == "fire",
            },
        }
        if config.joins:
            values["skip"] = skip
        for path, value in values.items():
            port.set(path, value)
        await port.tick()

        # The second stage, in this cycle.
        spike, membrane = law.fire(potential, threshold)
        chain = {"none": 0, "keep": potential, "fire": wrap(law.load(held), config.accumulator_width)}[onward]
        if cycle > 1:
            check(
                f"cycle {cycle}",
                {**neuron(potential, spike, membrane), "the chain": chain},
                {**neuron(*map(port.get, ("potential", "spike", "membrane"))), "the chain": port.get("chain")},
            )
            met["spike"] += spike
            met["tie"] += potential == threshold
            met["just below"] += potential == threshold - 1
            met["low"] += not spike and potential >> leak < -limit
            met["high"] += not spike and potential >> leak > limit
            met["edge"] += not spike and potential >> leak == -limit - 1
            met[{"none": "zero"}.get(onward, onward)] += (held if onward == "fire" else potential) != 0
            met["frozen"] += not advance and taken and held != membrane
            met["waits"] += advance and not taken and addend != "add_membrane" and held != membrane
            met["held"] += advance and not taken and addend == "add_membrane" and held != membrane

        # The first stage, for the next.
        if taken and advance:
            chosen = bias_skip if skip else bias
            plus = {"none": 0, "add_bias": chosen, "add_membrane": law.load(held)}[addend]
            exact = (number << double) + plus
            potential = wrap(exact, config.accumulator_width)
            met["wrap"] += potential != exact
            met["skip"] += not config.joins or (addend == "add_bias" and skip)
            met["loop", law] += addend == "add_membrane" and plus != 0
        if advance and (taken or addend == "add_membrane"):
            held = membrane
        if configure:
            threshold, bias, bias_skip = new["threshold"], new["bias"], new["bias_skip"]
    assert all(met.values()), f"the stimulus missed something: {met}"


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def neuron_unit(dut: Any) -> None:
    config = config_from_environment()
    port = CocotbPort(NeuronUnit(config), dut)
    await port.start()
    await check_neuron_unit(port, config, int(os.environ["COCOTB_RANDOM_SEED"]))
