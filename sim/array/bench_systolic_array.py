"""Bench of the systolic array: tiles in, beats out, equal to the golden model's, in the cycles promised."""

import os
from dataclasses import dataclass
from random import Random
from typing import Any

import cocotb

from hdl.array.systolic_array import SystolicArray
from model.array import Action, ArrayConfig
from model.golden.systolic_array import Result, Tile, run_tile
from model.inputs import PIXELS
from sim.array.stimulus import random_tiles
from sim.harness.checker import SPIKE, check, neuron
from sim.harness.port import CocotbPort, Port
from sim.harness.runner import config_from_environment
from sim.harness.streams import IDLES, STALLS, Sink, Source, bits, run_agents, run_streams


@dataclass
class Streams:
    """The agents at an array's streams."""

    parameters: Source
    spikes: Source
    weights: Source
    skips: Source | None
    o_spikes: Sink
    o_sums: Sink

    @property
    def sources(self) -> list[Source]:
        return [self.parameters, self.spikes, self.weights, *([self.skips] if self.skips else [])]

    @property
    def sinks(self) -> list[Sink]:
        return [self.o_spikes, self.o_sums]


@dataclass
class Coverage:
    """What the stimulus met; a bench that met less has shown less."""

    spikes: int = 0
    silences: int = 0
    ties: int = 0
    saturated_low: int = 0
    saturated_high: int = 0
    negative_membranes: int = 0

    def add(self, config: ArrayConfig, tile: Tile, result: Result) -> None:
        neuron = config.neurons[tile.leak]
        for retired in result.retired:
            kept = (retired.potential >> neuron.r)[retired.spike == 0]
            self.spikes += int(retired.spike.sum())
            self.silences += len(kept)
            self.ties += int((retired.potential == tile.threshold).sum())
            self.saturated_low += int((kept < -neuron.limit).sum())
            self.saturated_high += int((kept > neuron.limit).sum())
            self.negative_membranes += int((kept < 0).sum())


def agents(config: ArrayConfig, tiles: list[Tile], random: Random, idle: float, stall: float) -> Streams:
    """Sources that offer ``tiles`` and sinks for their results."""
    parameters = [
        {
            "threshold": tile.threshold[column],
            "bias": tile.bias[column],
            "bias_skip": tile.bias_skip[column],
            "leak": tile.leak,
        }
        for tile in tiles
        for column in range(config.columns)
    ]
    steps = [step for tile in tiles for step in tile.steps]
    skips = [bits(skip) for tile in tiles for skip in tile.skips]
    spikes = [{"spikes": bits(step.spikes), "action": step.action} for step in steps]
    return Streams(
        Source("i_parameters", parameters, random, idle),
        Source("i_spikes", spikes, random, idle),
        Source("i_weights", [step.weights for step in steps], random, idle),
        Source("i_skips", skips, random, idle) if config.joins else None,
        Sink("o_spikes", random, stall, beside=["retire"] if config.retire else []),
        Sink("o_sums", random, stall),
    )


def check_results(config: ArrayConfig, results: list[Result], streams: Streams) -> None:
    """Every beat of the outputs, and what retired beside it, against the golden model's."""
    for name, sink, count in (
        ("o_spikes", streams.o_spikes, sum(len(result.spikes) for result in results)),
        ("o_sums", streams.o_sums, sum(len(result.sums) for result in results)),
    ):
        check(name, {"the number of beats": count}, {"the number of beats": len(sink.beats)})
    spikes, sums = iter(zip(streams.o_spikes.beats, streams.o_spikes.besides, strict=True)), iter(streams.o_sums.beats)
    for index, result in enumerate(results):
        for retired, (beat, beside) in zip(result.retired, spikes, strict=False):
            place = f"tile {index}, step {retired.time_step}, row {retired.row}"
            found = [beat >> column & 1 for column in range(config.columns)]
            check(f"{place}, column {{}}", {SPIKE: retired.spike}, {SPIKE: found})
            if not config.retire:
                continue
            [shown] = beside
            counted = {"the time step": retired.time_step, "the row": retired.row}
            check(place, counted, {"the time step": shown["time_step"], "the row": shown["row"]})
            neurons = [[each[key] for each in shown["neurons"]] for key in ("potential", "spike", "membrane")]
            golden = neuron(retired.potential, retired.spike, retired.membrane)
            check(f"{place}, column {{}}", golden, neuron(*neurons))
        for row, (expected, found) in enumerate(zip(result.sums, sums, strict=False)):
            check(f"tile {index}, row {row}, column {{}}", {"the sum": expected}, {"the sum": found})


def tile_cycles(config: ArrayConfig, tile: Tile) -> int:
    """The configuration's promise for ``tile``."""
    match tile.steps[-1].action:
        case Action.FIRE_LAST:
            fires = sum(step.action in (Action.FIRE, Action.FIRE_LAST) for step in tile.steps)
            return config.spiking_tile_cycles(len(tile.steps) // fires, fires)
        case Action.FIRE_HELD:
            return config.pixel_tile_cycles(len(tile.steps) // PIXELS.planes)
        case Action.DRAIN:
            return config.sums_tile_cycles(len(tile.steps))
    return config.parameter_cycles + len(tile.steps) + config.keep_cycles


def check_cycles(config: ArrayConfig, tiles: list[Tile], results: list[Result], streams: Streams) -> None:
    """Without waits, a tile takes as many cycles as the configuration says, and its last result leaves as said."""
    starts = streams.parameters.cycles[:: config.columns]
    spikes = sums = 0
    for index, (tile, result) in enumerate(zip(tiles[:-1], results, strict=False)):
        cycles = starts[index + 1] - starts[index]
        assert cycles == tile_cycles(config, tile), (
            f"tile {index} took {cycles} cycles, not {tile_cycles(config, tile)}"
        )
        spikes += len(result.spikes)
        sums += len(result.sums)
        if result.spikes:
            last_load = starts[index + 1] - 1
            assert streams.o_spikes.cycles[spikes - 1] == last_load + config.result_cycles
        if result.sums:
            assert streams.o_sums.cycles[sums - 1] == starts[index + 1] - 1


async def check_systolic_array(port: Port, config: ArrayConfig, seed: int, idle: float, stall: float) -> Coverage:
    """Run tiles until a reset in their middle, then others to their end; compare everything with the golden model."""
    random = Random(seed)
    # A reset first: whatever the rings hold, the array clears them; likewise with sums under way.
    await port.reset()
    aborted = agents(config, random_tiles(config, seed + 1, 6), random, idle, stall)
    await run_agents(port, [*aborted.sources, *aborted.sinks], random.randrange(20, 200))
    for source in aborted.sources:
        source.withdraw(port)
    await port.reset()

    tiles = random_tiles(config, seed, max(12, 60 // config.processing_elements))
    streams = agents(config, tiles, random, idle, stall)
    results = [run_tile(config, tile) for tile in tiles]
    beats = [sum(len(result.spikes) for result in results), sum(len(result.sums) for result in results)]
    limit = 1000 + 4 * sum(tile_cycles(config, tile) for tile in tiles)  # waits of two cycles a beat on every stream
    await run_streams(port, streams.sources, streams.sinks, beats, limit=limit)

    check_results(config, results, streams)
    if not idle and not stall:
        check_cycles(config, tiles, results, streams)

    coverage = Coverage()
    for tile, result in zip(tiles, results, strict=True):
        coverage.add(config, tile, result)
    for name in ("spikes", "silences", "ties", "saturated_low", "saturated_high", "negative_membranes"):
        assert getattr(coverage, name), f"the stimulus met no {name}"
    assert (sum(sink.stalled for sink in streams.sinks) > 0) == (stall > 0)
    assert (sum(source.idled for source in streams.sources) > 0) == (idle > 0)
    return coverage


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(idle=IDLES, stall=STALLS)
async def systolic_array(dut: Any, idle: float, stall: float) -> None:
    config = config_from_environment()
    port = CocotbPort(SystolicArray(config), dut)
    await port.start()
    await check_systolic_array(port, config, int(os.environ.get("COCOTB_RANDOM_SEED", "1")), idle, stall)
