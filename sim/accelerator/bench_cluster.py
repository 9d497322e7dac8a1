"""Bench of the cluster: sums, potentials, spikes and membranes equal the golden model's, for every mode."""

from random import Random
from typing import Any

from model.accelerator.config import AcceleratorConfig
from model.arithmetic import code_limit, wrap
from model.neurons import Lif, Neuron
from sim.harness.checker import check, neuron
from sim.harness.port import Port

IMAGES = 20
"""For each mode."""


async def check_cluster(port: Port, config: AcceleratorConfig, seed: int) -> set[str]:
    """Neurons of all kinds, through all their time steps; gives what was met.

    The lanes are at work as soon as they may: with a unit per lane, while the unit works.
    """
    random, met = Random(seed), set()
    bench = _Cluster(port, config, random)
    port.set("clear", 1)
    await bench.cycle()
    port.set("clear", 0)
    for _ in range(IMAGES * len(config.modes)):
        mode = random.randrange(len(config.modes))
        kind = random.choice(["spikes", "pixels", "last", *(["relayed"] if config.relays else [])])
        met.add(kind)
        met |= await bench.neurons(mode, kind)
    return met | bench.met


class _Cluster:
    """Drives the ports, and knows what the sums are."""

    def __init__(self, port: Port, config: AcceleratorConfig, random: Random) -> None:
        self.port, self.config, self.random = port, config, random
        self.share = config.lanes_per_neuron_unit
        self.sums = [0] * self.share
        self.inputs = 0
        self.met: set[str] = set()

    async def cycle(self, **neuron: int) -> None:
        """One cycle in which the neuron unit does ``neuron``; with a unit per lane, the lane may add as well."""
        self.port.set("neuron", {"potential": 0, "first": 0, "keep": 0, "update": 0, **neuron})
        if self.share == 1 and neuron and self.random.random() < 0.7:
            self._add()
            self.met.add("adds meanwhile")
        await self.port.tick()
        self._step(0, 0, 0, 0)
        for lane in range(self.share):
            self.port.set(f"weights.{lane}", 0)

    def _step(self, enable: int, double: int, fire: int, adds: int) -> None:
        step = {"enable": enable, "double": double, "fire": fire}
        self.port.set("step", step | ({"adds": adds} if self.config.signless else {}))

    def _add(self, fires: int = 0) -> None:
        """What the lanes do in the coming cycle."""
        double, adds = self.random.randrange(2), self.random.randrange(4) > 0
        for lane, sum_ in enumerate(self.sums):
            weight = self._weight(lane, adds)
            self.sums[lane] = wrap((sum_ << double) + weight, self.config.accumulator_width)
        self.inputs = (self.inputs << double) + adds
        self._step(1, double, fires, int(adds))

    def _weight(self, lane: int, adds: bool) -> int:
        """What a lane gets to add; of binary weights without signs, -1 or 1 where there is an input."""
        if self.config.signless:
            bit = int(adds and self.random.randrange(2))
            self.port.set(f"weights.{lane}", bit)
            return 2 * bit - adds
        limit = code_limit(self.config.weight_width)
        weight = self.random.choice([0, -limit, limit, self.random.randint(-limit, limit)])
        self.port.set(f"weights.{lane}", weight)
        return weight

    async def hand_over(self) -> list[int]:
        """Some additions, the last of which fires; the sums that the unit gets."""
        for _ in range(self.random.randrange(6)):
            self._add()
            await self.cycle()
        self._add(fires=1)
        await self.cycle()
        if self.config.signless:
            self.port.set("inputs", self.inputs % (1 << self.config.accumulator_width))
        handed, self.sums, self.inputs = self.sums, [0] * self.share, 0
        return handed

    async def neurons(self, index: int, kind: str) -> set[str]:
        """All time steps of as many neurons as there are lanes."""
        config, random, port = self.config, self.random, self.port
        mode, met = config.modes[index], set()
        high = (1 << (config.accumulator_width - 1)) - 1
        reach = min((mode.state_range[1] + 2) << mode.r, high)
        port.set("mode", index)
        steps = 1 if kind == "last" else random.randint(1, 4)
        biases = [random.choice([-reach, reach, random.randint(-reach, reach)]) for _ in range(self.share)]
        states: list[Any] = [0] * self.share
        handed: list[int] = []
        together = kind in ("pixels", "relayed")
        for step in range(steps):
            if not together or step == 0:
                handed = await self.hand_over()
            waiting: tuple[Any, ...] = ()
            for lane in range(self.share):
                stored = states[lane]
                if config.relays:
                    if kind == "relayed" and step:  # the membrane of another lane
                        states[lane] = random.randint(*mode.state_range)
                    port.set("relayed", states[lane])
                current = mode.step(handed[lane], 0, states[lane], 0)[0]
                if random.random() < 0.3:  # a potential that is next to none that fits the code
                    code = random.randint(mode.state_range[0] - 1, mode.state_range[1] + 1)
                    potential = (code << mode.r) + random.choice([-1, 0, 0, 1])
                    biases[lane] = wrap(potential - current, config.accumulator_width)
                exact = current + biases[lane]
                potential = wrap(exact, config.accumulator_width)
                threshold = random.choice([potential, min(potential + 1, high), random.randint(-reach, reach)])
                spike, membrane, after = _left(mode, handed[lane], potential, states[lane], threshold)
                port.set("index", lane)
                parameters = {"threshold": threshold, "bias": biases[lane]}
                if config.skips:
                    other = random.randint(-reach, reach)
                    spikes = random.randrange(2)
                    port.set("shortcut", spikes)
                    parameters = {"threshold": threshold, "bias": other, "bias_skip": biases[lane]}
                    parameters = parameters if spikes else parameters | {"bias": biases[lane], "bias_skip": other}
                    met.add(f"shortcut {spikes}")
                port.set("parameters", parameters)
                keep = int(together and step < steps - 1)
                await self.cycle(potential=1, first=int(step == 0), keep=keep, update=int(bool(waiting)))
                self._compare(waiting)
                if config.relays and step:
                    check(f"{kind}, step {step}", {"kept": stored}, {"kept": port.get("kept")})
                waiting = f"lane {lane} of {kind}, step {step}, {mode}", potential, spike, membrane
                met |= {"tie"} if potential == threshold else set()
                met |= {f"saturates {mode}"} if not spike and abs(potential >> mode.r) > abs(membrane) else set()
                met |= {"wraps"} if potential != exact else set()
                met |= {f"keeps {mode}"} if current != mode.step(handed[lane], 0, 0, 0)[0] else set()
                states[lane] = after
            await self.cycle(update=1)
            self._compare(waiting)
        return met

    def _compare(self, waiting: tuple[Any, ...]) -> None:
        """The neuron of the cycle before."""
        if waiting:
            place, *expected = waiting
            check(place, neuron(*expected), neuron(*map(self.port.get, ("potential", "spike", "membrane"))))


def _left(mode: Neuron, sum_: int, potential: int, state: Any, threshold: int) -> tuple[int, int, Any]:
    """Spike, membrane and state of a potential, which has wrapped around; what keeps no membrane has kept the sum."""
    if isinstance(mode, Lif):
        spike, membrane = mode.fire(potential, threshold)
        return spike, membrane, membrane
    return int(potential >= threshold), 0, mode.step(sum_, 0, state, 0)[2]
