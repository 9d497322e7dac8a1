"""Bench of the lanes: every lane's sums, potentials, spikes and membranes, as the golden model has them."""

from random import Random
from typing import Any

from model.accelerator.config import AcceleratorConfig
from model.accelerator.layer_plan import LayerPlan
from model.arithmetic import wrap
from model.codes import Narrow
from model.neurons import Lif
from sim.harness.checker import check, neuron
from sim.harness.port import Port

HAND_OVERS = 2
"""Of a layer; in the order streaming, all of them."""
IMAGES = 2


async def check_lanes(port: Port, config: AcceleratorConfig, seed: int) -> set[str]:
    """All layers of some images, frame by frame; gives what was met."""
    bench = _Lanes(port, config, Random(seed))
    port.set("clear", 1)
    await port.tick()
    port.set("clear", 0)
    for _ in range(IMAGES):
        for frame in range(config.frames):
            for index in range(len(config.layers)):
                await bench.layer(index, frame)
    return bench.met


class _Lanes:
    """Drives the ports, and knows what every lane has."""

    def __init__(self, port: Port, config: AcceleratorConfig, random: Random) -> None:
        self.port, self.config, self.random = port, config, random
        self.share = config.lanes_per_neuron_unit
        self.membranes = [0] * config.lanes
        self._shortcuts = 0
        self.waiting: dict[tuple[int, int, int], int] = {}  # membranes or sums by layer, hand-over and lane
        self.met: set[str] = set()

    async def layer(self, index: int, frame: int) -> None:
        config, plan = self.config, self.config.layers[index]
        self.port.set("layer", index)
        if config.streaming:
            self.port.set("start", 1)
            await self._cycle()
            self.port.set("start", 0)
        self.met |= {"streaming"} if frame else set()
        self.met |= {"relays"} if plan.steps_together else set()
        held = plan.spiking and plan.fires_steps_together
        steps = config.frame_steps if plan.spiking else 1
        for number in range(plan.fires if config.streaming else HAND_OVERS):
            sums: list[int] = []
            for step in range(steps):
                if step == 0 or not held:
                    sums = await self._hand_over()
                first = frame == 0 if config.streaming else step == 0
                await self._step(plan, (index, number), sums, first, held and step < steps - 1)

    async def _hand_over(self) -> list[int]:
        """Some additions, the last of which fires; the sums."""
        config, random = self.config, self.random
        width = config.lane_weight_width
        sums = [0] * config.lanes
        for left in reversed(range(random.randint(1, 5))):
            codes, weights, adds = self._weights()
            double = random.randrange(2)
            pairs = zip(sums, weights, strict=True)
            sums = [wrap((sum_ << double) + weight, config.accumulator_width) for sum_, weight in pairs]
            word = sum((code & (1 << width) - 1) << i * width for i, code in enumerate(codes))
            self.port.set("weights", word)
            self.port.set("step", {"enable": 1, "double": double, "fire": int(not left)} | adds)
            await self._cycle()
            self.port.set("weights", 0)
            self.port.set("step", {"enable": 0, "double": 0, "fire": 0} | dict.fromkeys(adds, 0))
        return sums

    def _weights(self) -> tuple[list[int], list[int], dict[str, int]]:
        """Codes, what they stand for, and what the step says of them."""
        config, random = self.config, self.random
        if config.signless:
            adds = int(random.randrange(4) > 0)
            self.met |= {"no input"} if not adds else {"input"}
            bits = [random.randrange(2) * adds for _ in range(config.lanes)]
            return bits, [2 * bit - adds for bit in bits], {"adds": adds}
        limit = Narrow(config.weight_width).limit
        weights = [random.choice([0, -limit, limit, random.randint(-limit, limit)]) for _ in range(config.lanes)]
        return weights, weights, {}

    async def _step(self, plan: LayerPlan, place: tuple[int, int], sums: list[int], first: bool, keep: bool) -> None:
        """One time step of all lanes: those that share a unit one after another."""
        spikes = 0
        waiting: tuple[Any, ...] | None = None
        if self.config.skips:
            self._shortcuts = self.random.getrandbits(self.config.lanes)
            self.port.set("shortcuts", self._shortcuts)
        before = list(self.membranes)
        for index in range(self.share):
            lanes = range(index, self.config.lanes, self.share)
            due = [self._neuron(plan, place, lane, sums[lane], before, first) for lane in lanes]
            self.port.set("index", index)
            self.port.set("parameters", [parameters for parameters, _, _, _ in due])
            await self._cycle(waiting, potential=1, first=int(first), keep=int(keep), update=int(waiting is not None))
            waiting = (place, index, [each[1:] for each in due])
            spikes |= sum(spike << lane for lane, (_, _, spike, _) in zip(lanes, due, strict=True))
        await self._cycle(waiting, update=1)
        check(f"{place}", {"spikes": spikes}, {"spikes": self.port.get("spikes")})

    def _neuron(
        self, plan: LayerPlan, place: tuple[int, int], lane: int, sum_: int, before: list[int], first: bool
    ) -> tuple[dict[str, int], int, int, int]:
        """Parameters, H, spike and U of a lane."""
        config, random, mode = self.config, self.random, self.config.modes[plan.mode]
        assert isinstance(mode, Lif)
        number, high = config.accumulator_width, (1 << (config.accumulator_width - 1)) - 1
        reach = min((mode.limit + 2) << mode.r, high)
        bias, other = (random.randint(-reach, reach) for _ in range(2))
        source = lane - plan.row_lanes if plan.steps_together and lane >= plan.row_lanes else lane
        stored = self.waiting.get((*place, lane), 0) if config.streaming else before[source]
        sums = config.streaming and not plan.spiking
        carried = 0 if first else stored if sums else mode.load(stored)
        potential = wrap(sum_ + bias + carried, number)
        threshold = random.choice([potential, min(potential + 1, high), random.randint(-reach, reach)])
        spike, membrane = mode.fire(potential, threshold)
        self.membranes[lane] = membrane
        self.waiting[(*place, lane)] = potential if sums else membrane
        self.met |= {"carries"} if carried else set()
        self.met |= {"carries sums"} if carried and sums else set()
        self.met |= {"spike"} if spike else {"no spike"}
        parameters = {"threshold": threshold, "bias": bias}
        if config.skips:
            shortcut = self._shortcuts >> lane & 1
            parameters |= {"bias": other, "bias_skip": bias} if shortcut else {"bias_skip": other}
            self.met.add(f"shortcut {shortcut}")
        return parameters, potential, spike, membrane

    async def _cycle(self, waiting: tuple[Any, ...] | None = None, **does: int) -> None:
        """One cycle, in which the neuron units do ``does``, and show the neurons that are ``waiting``."""
        self.port.set("neuron", {"potential": 0, "first": 0, "keep": 0, "update": 0, **does})
        await self.port.tick()
        if waiting:
            place, index, neurons = waiting
            fired = self.port.get("fired")
            spikes = [fired >> unit & 1 for unit in range(self.config.neuron_units)]
            found = neuron(self.port.get("potentials"), spikes, self.port.get("membranes"))
            potentials, wanted, membranes = (list(each) for each in zip(*neurons, strict=True))
            check(
                f"layer and hand-over {place}, lane {index} of unit {{}}", neuron(potentials, wanted, membranes), found
            )
