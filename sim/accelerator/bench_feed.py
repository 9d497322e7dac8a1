"""Bench of the feed: the words of every layer, of window or feeder, from the memory that the layer reads."""

from random import Random
from typing import Any

import numpy as np

from model.accelerator.config import FEED_DEPTH, AcceleratorConfig
from model.accelerator.layer_plan import LayerPlan
from sim.accelerator import bench_pixel_window, bench_word_feeder
from sim.accelerator.bench_word_feeder import words_read
from sim.accelerator.memory_reader import MemoryReader, MemoryReaders
from sim.harness.checker import expect
from sim.harness.port import Port
from sim.harness.streams import Sink, run_agents

AFTER = 20
"""Cycles after a layer's last word in which nothing else may come."""
Reader = MemoryReader | MemoryReaders


def _window(
    config: AcceleratorConfig, plan: LayerPlan, numbers: np.random.Generator, random: Random
) -> tuple[list[dict[str, Any]], Reader]:
    """The words that a layer with a window needs, and what it reads."""
    pixels = bench_pixel_window.random_pixels(plan, numbers)
    reader = MemoryReader(
        ["input_word"], bench_pixel_window.words_of(plan, pixels), config.input_word_width, random, "input_"
    )
    return list(bench_pixel_window.items_of(plan, pixels)), reader


def _feeder(
    config: AcceleratorConfig, plan: LayerPlan, numbers: np.random.Generator, random: Random
) -> tuple[list[dict[str, Any]], Reader]:
    """The words that any other layer needs, and what it reads."""
    places = {source.source_memory: source for source in plan.sources}
    bits = {number: bench_word_feeder.random_source(source, config, numbers) for number, source in places.items()}
    words = {number: bench_word_feeder.stored_words(source, bits[number]) for number, source in places.items()}
    sources = [bits[source.source_memory] for source in plan.sources]
    expected = list(bench_word_feeder.items_of(plan, sources, config.negates, age=0))
    (first, *_) = words.values()
    if plan.from_input:
        return expected, MemoryReader(["input_word"], first, config.input_word_width, random, "input_")
    if config.chain:
        return expected, MemoryReader(["spike_word"], first, config.spike_width, random, "spike_")
    return expected, MemoryReaders("spike_word", words, config.spike_width, random, "spike_")


async def check_feed(port: Port, config: AcceleratorConfig, seed: int, stall: float) -> set[str]:
    """All layers, one after another; gives what was met."""
    random, numbers = Random(seed), np.random.default_rng(seed)
    met = set()
    for index, plan in enumerate(config.layers):
        expected, reader = (_window if plan.window else _feeder)(config, plan, numbers, random)
        port.set("layer", index)
        port.set("start", 1)
        await run_agents(port, [reader], 1)
        port.set("start", 0)
        refusing = Sink("o", random, 1.0)
        blocked = random.choice([0, 60]) if stall else 0  # until the queue is full
        await run_agents(port, [reader, refusing], blocked)
        sink = Sink("o", random, stall)
        remaining = AFTER
        for cycle in range(1000 + 4 * (words_read(plan) + len(expected))):
            for agent in (reader, sink):
                agent.drive(port)
            await port.tick()
            for agent in (reader, sink):
                agent.observe(port, cycle)
            remaining -= len(sink.beats) >= len(expected)
            if not remaining:
                break
        place = f"layer {plan.name}"
        expect(len(sink.beats) == len(expected), f"{place}: {len(sink.beats)} of {len(expected)} words")
        for i, (word, wanted) in enumerate(zip(sink.beats, expected, strict=True)):
            word["parts"] = list(word["parts"][: plan.rows]) if plan.rows > 1 else wanted["parts"]
            expect(word == wanted, f"{place}, word {i} is {word}, expected {wanted}")
        if not stall and not plan.window:  # a cycle in the queue after three in the feeder
            expect(sink.cycles[-1] == words_read(plan) + 2, f"{place}: the last word comes in cycle {sink.cycles[-1]}")
        met.add("window" if plan.window else "input" if plan.from_input else "spikes")
        met |= {"a queue that is full"} if blocked and refusing.stalled and len(expected) > FEED_DEPTH + 3 else set()
        met |= {"several memories"} if isinstance(reader, MemoryReaders) else set()
        met |= {"rows"} if plan.rows > 1 else set()
    return met
