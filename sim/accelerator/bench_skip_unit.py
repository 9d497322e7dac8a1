"""Bench of the skip unit: its tokens are the set bits of its words, in order, with their marks."""

from functools import reduce
from operator import or_
from random import Random
from typing import Any

from amaranth.lib import data

from sim.harness.port import Port
from sim.harness.streams import Sink, Source, run_streams

TOKENS = 500


def random_words(layout: data.StructLayout, random: Random) -> list[dict[str, Any]]:
    """Words of every density from 0 to 1, marked or not; one without a set bit is marked."""
    width, row_width = layout["bits"].width, layout["row"].width
    rows = layout["parts"].shape.length if "parts" in dict(layout) else 1
    words = []
    for _ in range(10 + TOKENS // width):
        density = random.choice([0, 0.05, 0.5, 1])
        bits = sum((random.random() < density) << i for i in range(width))
        mark = random.choice(["double", "fire"] if bits == 0 else ["", "", "double", "fire"])
        row = random.randrange(max(1, (1 << row_width) - width))
        word: dict[str, Any] = {"row": row, "double": int(mark == "double"), "fire": int(mark == "fire")}
        if rows > 1:
            parts = [bits & random.getrandbits(width) for _ in range(rows)]
            parts[random.randrange(rows)] |= bits & ~reduce(or_, parts)  # every bit is set in some time step
            word["parts"] = parts
        words.append({"bits": bits, **word})
    return words


def tokens_of(words: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the lanes have to do for ``words``."""
    tokens: list[dict[str, Any]] = []
    doubling = 0
    for word in words:
        places = [place for place in range(word["bits"].bit_length()) if word["bits"] >> place & 1]
        own = [{"row": word["row"] + place, "empty": 0, "double": 0, "fire": 0} for place in places]
        own = own or [{"row": word["row"], "empty": 1, "double": 0, "fire": 0}]
        if "parts" in word:
            own = [
                token | {"mask": sum((part >> place & 1) << i for i, part in enumerate(word["parts"]))}
                for token, place in zip(own, places or [0], strict=True)
            ]
        own[0]["double"], own[-1]["fire"] = doubling, word["fire"]
        doubling = word["double"]
        tokens += own
    return tokens


async def check_skip_unit(
    port: Port, layout: data.StructLayout, seed: int, idle: float = 0.0, stall: float = 0.0
) -> set[str]:
    """Random words with random waits on both sides; gives what was met."""
    random = Random(seed)
    words = random_words(layout, random)
    expected = tokens_of(words)
    source, sink = Source("i", words, random, idle), Sink("o", random, stall)
    await run_streams(port, [source], [sink], [len(expected)], limit=40 * (len(expected) + len(words)))
    found: list[Any] = sink.beats
    for i, (token, wanted) in enumerate(zip(found, expected, strict=True)):
        assert token == wanted, f"token {i} is {token}, expected {wanted}"
    if not idle and not stall:
        assert sink.cycles[0] == source.cycles[0] + 1, "a word's first token comes in the cycle after it"
        assert sink.cycles[-1] - sink.cycles[0] == len(expected) - 1, "tokens follow each other without a gap"
    full = (1 << layout["bits"].width) - 1
    met = {"empty": any(token["empty"] for token in expected), "full": any(word["bits"] == full for word in words)}
    met |= {"idle": source.idled > 0, "stalled": sink.stalled > 0, "held back": source.stalled > 0}
    met["empty doubles twice"] = any(token["empty"] and token["double"] for token in expected)
    met["double and fire"] = any(token["double"] and token["fire"] for token in expected)
    return {name for name, happened in met.items() if happened}
