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


CORNERS = ("spike", "tie", "just below", "wrap", "low", "high", "edge", "keep", "fire", "zero", "skip")
FREEZES = ("frozen", "waits", "held")


async def check_neuron_unit(port: Port, config: ArrayConfig, seed: int) -> None:
    """Random control and numbers, with potentials around the membrane's range and thresholds that they tie."""
    random, unit = Random(seed), _Unit(config)
    for cycle in range(CYCLES):
        values = random_cycle(config, random, cycle)
        for path, value in values.items():
            port.set(path, value)
        await port.tick()
        shown = unit.second_stage(values)
        if cycle > 1:
            names = ("potential", "spike", "membrane")
            check(f"cycle {cycle}", shown, {**neuron(*map(port.get, names)), "the chain": port.get("chain")})
            unit.count(values)
        unit.first_stage(values)
    assert all(unit.met.values()), f"the stimulus missed something: {unit.met}"


def random_cycle(config: ArrayConfig, random: Random, cycle: int) -> dict[str, Any]:
    """What the ports get."""
    low, high = config.accumulator_range
    index = random.randrange(len(config.neurons))
    law = config.neurons[index]
    reach = min((law.limit + 2) << law.r, high)
    edge = max((-law.limit - 1) << law.r, low)
    number = random.choice([random.randint(low, high), random.randint(-reach, reach), random.choice([edge, -reach])])
    configure = cycle == 0 or random.random() < 0.05
    new = {name: random.randint(-reach, reach) for name in ("threshold", "bias", "bias_skip")}
    if random.random() < 0.5:  # of the potential that this cycle shows next, if nothing is added
        new["threshold"] = min(number + random.randrange(2), high)
    addend = "none" if configure else random.choice(["none", "add_bias", "add_membrane"])
    onward = random.choice(["none", "keep", "fire"])
    double = int(not configure and random.random() < 0.2)
    chosen = {name: name in (addend, onward) for name in ("add_bias", "add_membrane", "keep", "fire")}
    values = {
        "configure": configure,
        "parameters": new,
        "leak": index,
        "accumulator": number,
        "load": cycle == 0 or random.random() < 0.8,
        "advance": cycle < 2 or random.random() < 0.8,
        "control": {"double": double, **chosen},
    }
    return values | ({"skip": random.randrange(2)} if config.joins else {})


class _Unit:
    """What the unit's registers hold, and what was met."""

    def __init__(self, config: ArrayConfig) -> None:
        self.config = config
        self.potential = self.held = self.spike = self.membrane = 0
        self.parameters = {"threshold": 0, "bias": 0, "bias_skip": 0}
        loops = [("loop", law) for law in config.neurons]
        self.met: dict[object, int] = dict.fromkeys([*CORNERS, *FREEZES, *loops], 0)

    def second_stage(self, values: dict[str, Any]) -> dict[str, Any]:
        """What the ports show in this cycle."""
        law, control = self.config.neurons[values["leak"]], values["control"]
        self.spike, self.membrane = law.fire(self.potential, self.parameters["threshold"])
        loaded = wrap(law.load(self.held), self.config.accumulator_width)
        chain = self.potential if control["keep"] else loaded if control["fire"] else 0
        return {**neuron(self.potential, self.spike, self.membrane), "the chain": chain}

    def count(self, values: dict[str, Any]) -> None:
        """What is met in this cycle."""
        law, control, met = self.config.neurons[values["leak"]], values["control"], self.met
        threshold, stored = self.parameters["threshold"], self.potential >> law.r
        met["spike"] += self.spike
        met["tie"] += self.potential == threshold
        met["just below"] += self.potential == threshold - 1
        met["low"] += not self.spike and stored < -law.limit
        met["high"] += not self.spike and stored > law.limit
        met["edge"] += not self.spike and stored == -law.limit - 1
        onward = "keep" if control["keep"] else "fire" if control["fire"] else "zero"
        met[onward] += (self.held if onward == "fire" else self.potential) != 0
        advance, takes, changes = values["advance"], values["load"], self.held != self.membrane
        met["frozen"] += not advance and takes and changes
        met["waits"] += advance and not takes and not control["add_membrane"] and changes
        met["held"] += advance and not takes and control["add_membrane"] and changes

    def first_stage(self, values: dict[str, Any]) -> None:
        """What the registers take at the end of this cycle."""
        law, control = self.config.neurons[values["leak"]], values["control"]
        skip = values.get("skip", 0)
        if values["load"] and values["advance"]:
            bias = self.parameters["bias_skip" if skip else "bias"]
            plus = bias if control["add_bias"] else law.load(self.held) if control["add_membrane"] else 0
            exact = (values["accumulator"] << control["double"]) + plus
            self.potential = wrap(exact, self.config.accumulator_width)
            self.met["wrap"] += self.potential != exact
            self.met["skip"] += not self.config.joins or (control["add_bias"] and skip)
            self.met["loop", law] += control["add_membrane"] and plus != 0
        if values["advance"] and (values["load"] or control["add_membrane"]):
            self.held = self.membrane
        if values["configure"]:
            self.parameters = values["parameters"]


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def neuron_unit(dut: Any) -> None:
    config = config_from_environment()
    port = CocotbPort(NeuronUnit(config), dut)
    await port.start()
    await check_neuron_unit(port, config, int(os.environ["COCOTB_RANDOM_SEED"]))
