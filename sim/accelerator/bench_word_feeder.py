"""Bench of the word feeder: it hands on the words of every kernel position as nested loops over the source would."""

from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import zip_longest
from operator import or_
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.accelerator.config import AcceleratorConfig
from model.accelerator.layer_plan import LayerPlan
from sim.accelerator.memory_reader import MemoryReader, MemoryReaders
from sim.harness.checker import expect
from sim.harness.port import Port
from sim.harness.streams import Sink, run_agents

Bits = NDArray[np.uint8]


def random_source(plan: LayerPlan, config: AcceleratorConfig, random: np.random.Generator) -> Bits:
    """Bits [row, column, round, channel], from none to all set; some places and rounds are silent. Rounds of a window
    are frames, the last one first."""
    steps = config.furthest + 1 if plan.history else plan.stored_rounds
    shape = (*plan.source_map, steps, plan.source_channels)
    density = random.choice([0, 0.02, 0.3, 1])
    silent = random.random((*shape[:3], 1)) < random.choice([0, 0.5])
    return ((random.random(shape) < density) & ~silent).astype(np.uint8)


def stored_words(plan: LayerPlan, source: Bits) -> list[list[int]]:
    """The source as the memory has it: [row][column][step][word], or [frame][row][column][word]; where it has several
    positions in a word, [step][word][row][column], with what must not be read beyond the last column."""
    padded = np.zeros((*source.shape[:3], plan.words * plan.word_channels), np.uint8)
    padded[..., : plan.source_channels] = source
    if plan.value_bits > 1:  # counts, whose first plane is the highest bit
        planes = padded.reshape(*source.shape[:2], -1, plan.value_bits, padded.shape[-1])[..., ::-1, :]
        return [[_number(word)] for word in planes.swapaxes(-1, -2).reshape(-1, plan.word_channels * plan.value_bits)]
    padded = padded.transpose(2, 0, 1, 3) if plan.history else padded
    if plan.source_together > 1:
        placed = padded.reshape(*source.shape[:3], plan.words, plan.word_channels).transpose(2, 3, 0, 1, 4)
        beyond = (0, plan.source_columns - source.shape[1])
        padded = np.pad(placed, (*((0, 0),) * 3, beyond, (0, 0)), constant_values=1)
    return [[_number(word)] for word in padded.reshape(-1, plan.word_channels)]


def _number(bits: Bits) -> int:
    return int.from_bytes(np.packbits(bits, bitorder="little").tobytes(), "little")


def items_of(layer: LayerPlan, sources: Sequence[Bits], negates: bool, age: int) -> Iterator[dict[str, Any]]:
    """Words that have a set bit or a mark: of every hand-over, those of one source after another, in a window in each
    turn; ``age`` frames before this one count."""
    blank = True
    pairs = [*zip(layer.sources, sources, strict=True)]
    for group, y, tile, together in _hand_overs(layer):
        own: list[dict[str, Any]] = []
        for plan, source, turn in _order(layer, pairs, together):
            words = _round(plan, source, plan.weight_row + group * layer.group_rows, y, tile, turn, age)
            if negates:
                words = [word | {"negate": int(layer.history != () and layer.history[turn].sign < 0)} for word in words]
            words[-1]["double"] = int((turn + 1) % layer.fire_rounds > 0 and layer.planes > 1)
            if layer.history:
                words[-1]["double"] = int(layer.history[turn].doubles and plan is layer.sources[-1])
            own += words
        own[-1]["fire"] = 1
        for item in own:
            if item["bits"] or item["fire"] or (item["double"] and not blank):
                yield item
            blank = bool(item["fire"]) or (blank and not item["bits"])


def reads_of(layer: LayerPlan, age: int) -> Iterator[tuple[int | None, int]]:
    """Memory and address of every word inside a map, in order; of a window the frames lie one after another."""
    for _, y, tile, together in _hand_overs(layer):
        for plan, _, turn in _order(layer, [(plan, None) for plan in layer.sources], together):
            rows, columns = plan.source_map
            for *_, word, places in _places(plan, y, tile, turn, age):
                for row, column, step in filter(None, places):
                    place = row * columns + column
                    own = place * plan.word_rounds + step // plan.value_bits
                    place = step * rows * columns + place if layer.history else own
                    place = place * plan.words + word
                    if plan.source_together > 1:
                        place = ((step * plan.words + word) * rows + row) * plan.source_columns + column
                    yield plan.source_memory, place


def _order(
    layer: LayerPlan, pairs: Sequence[tuple[LayerPlan, Any]], together: Sequence[int]
) -> Iterator[tuple[LayerPlan, Any, int]]:
    """Sources and rounds of a hand-over: in a window, sources take turns in every round."""
    if layer.history:
        yield from ((*pair, turn) for turn in together for pair in pairs)
    else:
        yield from ((*pair, turn) for pair in pairs for turn in together)


def _hand_overs(layer: LayerPlan) -> Iterator[tuple[int, int, int, list[int]]]:
    """Group, row and tile of every hand-over, and the rounds before it."""
    each = layer.fire_rounds
    turns = [list(range(first, first + each)) for first in range(0, layer.rounds, each)]
    for group, y, tile in np.ndindex(layer.groups, *layer.tiles):
        for together in turns:
            yield group, y, tile, together


def _places(
    plan: LayerPlan, y: int, tile: int, turn: int, age: int
) -> Iterator[tuple[int, int, int, list[tuple[int, int, int] | None]]]:
    """Kernel row and column and word of one source in one round, and where each part is, if inside the map."""
    rows, columns = (extent // plan.source_pool for extent in plan.source_map)
    pool = range(plan.source_pool)
    there, back = True, turn
    if plan.history:
        sign, back, *_ = plan.history[turn]
        there = sign != 0 and back <= age
    for i, j in np.ndindex(*plan.kernel):
        for down, right, word in ((d, r, w) for d in pool for r in pool for w in range(plan.words)):
            places: list[tuple[int, int, int] | None] = []
            for part in range(plan.rows):
                x = tile * plan.tile + part * (plan.tile > 1)
                at_y, at_x = y * plan.stride + i - plan.padding, x * plan.stride + j - plan.padding
                inside = 0 <= at_y < rows and 0 <= at_x < columns and x < plan.positions[1] and there
                place = at_y * plan.source_pool + down, at_x * plan.source_pool + right
                places.append((*place, part if plan.steps_together else back) if inside else None)
            yield i, j, word, places


def _round(plan: LayerPlan, source: Bits, row: int, y: int, tile: int, turn: int, age: int) -> list[dict[str, Any]]:
    """All words of one source at one place, in one round."""
    own: list[dict[str, Any]] = []
    for i, j, word, places in _places(plan, y, tile, turn, age):
        start, end = word * plan.word_channels, min((word + 1) * plan.word_channels, plan.source_channels)
        parts = [_number(source[place][start:end]) if place else 0 for place in places]
        weights = row + (i * plan.kernel[1] + j) * plan.source_channels + start
        own.append({"row": weights, "double": 0, "fire": 0, "bits": reduce(or_, parts), "parts": parts})
    return own


async def check_word_feeder(port: Port, config: AcceleratorConfig, seed: int, stall: float) -> set[str]:
    """Every layer without a window, in any order, one after another; gives what was met."""
    random, numbers = Random(seed), np.random.default_rng(seed)
    met = set()
    await port.tick()
    expect(port.get("done") == 1, "done is 0 before the first start")
    fed = []
    for index, plan in enumerate(config.layers):
        if not plan.window:
            places = {source.source_memory: source for source in plan.sources}  # those of one memory read the same
            bits = {number: random_source(source, config, numbers) for number, source in places.items()}
            if seed % 4 == 2:  # every word is handed on, so every row of weights is seen
                bits = {number: np.ones_like(source) for number, source in bits.items()}
            fed.append((index, plan, places, bits))
    for index, plan, places, bits in random.sample(fed, len(fed)):
        age = random.randint(0, config.furthest)
        expected = list(items_of(plan, [bits[source.source_memory] for source in plan.sources], config.negates, age))
        words_ = {number: stored_words(source, bits[number]) for number, source in places.items()}
        alone, frames = config.chain or plan.from_input, config.furthest + 1 if plan.history else 1
        memory = (
            MemoryReader(
                ["data"], words_[plan.source_memory], config.word_width, random, "", plan.source_memory, frames
            )
            if alone
            else MemoryReaders("data", words_, config.word_width, random, "", frames)
        )
        sink = Sink("o", random, stall)
        port.set("layer", index)
        if config.furthest:
            port.set("age", age)
        port.set("start", 1)
        await run_agents(port, [memory], 1)
        port.set("start", 0)
        words = words_read(plan)
        for cycle in range(1, 100 + 8 * (words + len(expected))):  # at most five for a word, on average
            sink.drive(port)
            memory.drive(port)
            await port.tick()
            if port.get("done"):
                break
            memory.observe(port, cycle)
            sink.observe(port, cycle)
        expect(len(sink.beats) == len(expected), f"{plan.name}: done after {len(sink.beats)} of {len(expected)} words")
        if not stall:
            expect(sink.cycles[-1] == words + 2, f"{plan.name}: {words} words take {sink.cycles[-1]} cycles")
        for i, (word, wanted) in enumerate(zip(sink.beats, expected, strict=True)):
            # Rows that other layers have do not count.
            word["parts"] = list(word["parts"][: plan.rows]) if plan.rows > 1 else wanted["parts"]
            expect(word == wanted, f"layer {plan.name}, word {i} is {word}, expected {wanted}")
        for i, (read, due) in enumerate(zip_longest(memory.reads, reads_of(plan, age))):
            expect(read == due, f"layer {plan.name}: read {i} is of memory and word {read}, expected {due}")
        await run_agents(port, [sink, memory], 5)
        expect(len(sink.beats) == len(expected) and port.get("done") == 1, f"layer {plan.name} goes on after its end")
        met |= _corners(plan, expected, sink)
    return met


def words_read(plan: LayerPlan) -> int:
    """Words of a layer, a cycle each."""
    window = sum(each.kernel[0] * each.kernel[1] * each.source_pool**2 * each.words for each in plan.sources)
    return plan.groups * plan.tiles[0] * plan.tiles[1] * plan.rounds * window * plan.rows


def _corners(plan: LayerPlan, expected: list[dict[str, Any]], sink: Sink) -> set[str]:
    met = {
        "silent": all(item["bits"] == 0 for item in expected),
        "doubles": any(item["double"] for item in expected),
        "doubles alone": any(item["double"] and not item["bits"] for item in expected),
        "padding": plan.padding > 0,
        "several positions in a word": plan.source_together > 1,
        "beyond the kernel": plan.padding >= max(plan.kernel) > 1,
        "stride": plan.stride > max(plan.kernel),
        "sum pool": plan.source_pool > 1,
        "odd sum pool": plan.source_pool > 1 and plan.source_limit != plan.source_map,
        "several words": plan.words > 1,
        "partial word": plan.source_channels % plan.word_channels != 0 and plan.words > 1,
        "groups": plan.groups > 1,
        "input": plan.from_input,
        "pixels": plan.static,
        "last": not plan.spiking,
        "time steps in rows": plan.steps_together,
        "tiles": plan.tile > 1,
        "partial tile": plan.positions[1] % plan.tile != 0,
        "beyond the last position": plan.positions[1] % plan.tile != 0 and plan.padding > 0,
        "pooled tiles": plan.tile > 1 and plan.source_pool > 1,
        "stalled": sink.stalled > 0,
        "joins": len(plan.joined) > 0,
        "joins in the last": len(plan.joined) > 0 and not plan.spiking,
        "earlier frames": any(turn.back > 0 for turn in plan.history),
        "subtracted": any(item.get("negate") for item in expected),
        "turns of joins": any(turn.doubles for turn in plan.history) and len(plan.joined) > 0,
        "a turn of nothing": any(turn.sign == 0 for turn in plan.history),
        "one memory twice": len({source.source_memory for source in plan.sources}) < len(plan.sources),
    }
    return {name for name, happened in met.items() if happened}
