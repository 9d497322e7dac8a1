"""Bench of the spike memories: every layer finds what those before it stored, pooled, and its shortcut."""

from random import Random
from typing import Any

from model.accelerator.config import AcceleratorConfig
from model.accelerator.layer_plan import LayerPlan
from sim.accelerator.bench_fire_sequencer import hand_overs
from sim.harness.checker import expect
from sim.harness.port import Port

IMAGES = 2
Words = dict[int, int]


class _Reads:
    """Reads random words of ``words``, and knows what has to be there until the next read."""

    def __init__(self, prefix: str, shows: str, words: dict[int, Words], random: Random) -> None:
        self._prefix, self._shows, self._random = prefix, shows, random
        self._words = {number: own for number, own in words.items() if own}
        self._shown: int | None = None
        self._next: int | None = None
        self.count = 0

    def drive(self, port: Port) -> int | None:
        """Reads or not; from which memory."""
        reads = bool(self._words) and self._random.random() < 0.7
        port.set(f"{self._prefix}read", int(reads))
        if not reads:
            return None
        number = self._random.choice(list(self._words))
        address = self._random.choice(list(self._words[number]))
        port.set(f"{self._prefix}address", address)
        self._next = self._words[number][address]
        return number

    def observe(self, port: Port) -> None:
        if self._shown is not None:
            found = port.get(self._shows)
            expect(found == self._shown, f"{self._shows} is {found:b}, expected {self._shown:b}")
            self.count += 1
        if self._next is not None:
            self._shown, self._next = self._next, None


async def check_spike_memories(port: Port, config: AcceleratorConfig, seed: int) -> set[str]:
    """All layers of some images, storing and reading at once; gives what was met."""
    random, met = Random(seed), set()
    memories: dict[int, Words] = {number: {} for number in range(len(config.spike_memories))}
    for _ in range(IMAGES):
        for index, plan in enumerate(config.layers):
            port.set("layer", index)
            sources = {} if plan.from_input else {each.source_memory for each in plan.sources}
            words = {each.source_memory: _positions(memories[each.source_memory], each) for each in plan.sources}
            reads = [_Reads("", "word", {number: words[number] for number in sources}, random)]
            if plan.skip_memory is not None:
                reads.append(_Reads("skip_", "shortcuts", {0: memories[plan.skip_memory]}, random))
            written: Words = {}
            due = [neuron for each in hand_overs(config, plan) for neuron in each if neuron["complete"]]
            for neuron in due if plan.spiking else []:
                for _ in range(0 if neuron["part"] else random.choice([1, 2, 5])):
                    await _cycle(port, config, reads)
                await _cycle(port, config, reads, neuron, _spikes(config, plan, neuron, random, written))
                met |= {name for name in ("merge", "again") if neuron[name] and neuron["store"]}
                met |= {"left out"} if not neuron["store"] else set()
                met |= {"several positions"} if plan.together > 1 else set()
            for _ in range(20):
                await _cycle(port, config, reads)
            if plan.spiking:
                memories[plan.memory] = written
            met |= {"read"} if reads[0].count else set()
            if len(reads) > 1 and reads[1].count:
                met.add("identity of a source" if plan.skip_memory in sources else "identity alone")
            met |= {"several sources"} if len(sources) > 1 else set()
            met |= {"time steps in rows"} if plan.steps_together else {"tiles"} if plan.tile > 1 else set()
    return met


def _positions(words: Words, source: LayerPlan) -> Words:
    """What stands at the addresses that a layer reads: where a word has several positions, those of each."""
    together, width = source.source_together, source.word_channels
    if together == 1:
        return words
    each = ((address, word, number) for address, word in words.items() for number in range(together))
    return {address * together + number: word >> number * width & (1 << width) - 1 for address, word, number in each}


def _spikes(config: AcceleratorConfig, plan: LayerPlan, neuron: dict[str, Any], random: Random, written: Words) -> int:
    """Spikes of all lanes; ``written`` gets what must be stored of them."""
    spikes = random.getrandbits(config.lanes) & random.getrandbits(config.lanes)
    row = spikes >> (neuron["row"] * plan.row_lanes if plan.rows > 1 else 0)
    row &= (1 << min(config.spike_width, plan.row_lanes)) - 1 if plan.rows > 1 else (1 << config.spike_width) - 1
    if plan.at_once:
        rows = [spikes >> number * plan.row_lanes & (1 << plan.row_lanes) - 1 for number in range(plan.rows)]
        row = 0
        for number, each in enumerate(rows):
            row |= each << number // plan.pool * plan.row_lanes
    if neuron["store"]:
        before = written.get(neuron["address"], 0) if neuron["merge"] or neuron["again"] else 0
        written[neuron["address"]] = before | row
    return spikes


async def _cycle(
    port: Port, config: AcceleratorConfig, reads: list[_Reads], neuron: dict[str, Any] | None = None, spikes: int = 0
) -> None:
    port.set("store", neuron["store"] if neuron else 0)
    if neuron:
        port.set("spikes", spikes)
        port.set("place", neuron["address"] if neuron["store"] else 0)
        port.set("merge", neuron["merge"])
        if config.rows > 1:
            port.set("row", neuron["row"])
    if any(plan.parts > 1 for plan in config.layers):
        port.set("again", neuron["again"] if neuron else 0)
    memory, *_ = [each.drive(port) for each in reads]
    if memory is not None and not config.chain:
        port.set("memory", memory)
    await port.tick()
    for each in reads:
        each.observe(port)
