"""Bench of the baseline's arrays: tiles in, spikes out, equal to the golden model's, in the cycles promised."""

import os
from random import Random
from typing import Any

import cocotb

from hdl.baseline.array import UqArray
from hdl.baseline.shared_array import UqSharedArray
from model.baseline.config import UqAction, UqConfig
from model.baseline.law import UqTile, run_uq_tile
from sim.baseline.stimulus import UqCoverage, count_uq_tile, random_uq_tiles
from sim.harness.port import CocotbPort, Port
from sim.harness.runner import uq_config_from_environment
from sim.harness.streams import IDLES, STALLS, Sink, Source, bits, run_agents, run_streams


def uq_component(config: UqConfig) -> UqArray | UqSharedArray:
    """The array that ``config`` describes."""
    return UqSharedArray(config) if config.shared else UqArray(config)


def uq_sources(config: UqConfig, tiles: list[UqTile], random: Random, idle: float) -> list[Source]:
    """Parameters, spikes and weights of ``tiles``."""
    parameters = []
    for tile in tiles:
        scales = {name: getattr(tile.scales, name) for name in ("weight", "membrane", "output")}
        scales["shifts"] = config.shifts.index(tile.scales.shifts)
        other = dict.fromkeys(scales, 0)  # only the last column's count
        parameters += [
            {
                "threshold": tile.threshold[column],
                "bias": tile.bias[column],
                "scales": scales if column == config.columns - 1 else other,
            }
            for column in range(config.columns)
        ]
    beats = [beat for tile in tiles for beat in tile.beats]
    return [
        Source("i_parameters", parameters, random, idle),
        Source("i_spikes", [{"spikes": bits(beat.spikes), "action": beat.action} for beat in beats], random, idle),
        Source("i_weights", [beat.weights for beat in beats], random, idle),
    ]


def uq_tile_cycles(config: UqConfig, tile: UqTile) -> int:
    """The configuration's promise for ``tile``."""
    fires = sum(beat.action != UqAction.ACCUMULATE for beat in tile.beats)
    return config.spiking_tile_cycles(len(tile.beats) // fires, fires)


def check_uq_cycles(config: UqConfig, tiles: list[UqTile], parameters: Source, sink: Sink) -> None:
    """Without waits, a tile takes as many cycles as the configuration says, and its last spikes leave as said."""
    starts = parameters.cycles[:: config.columns]
    rows = 0
    for index, tile in enumerate(tiles[:-1]):
        cycles, promised = starts[index + 1] - starts[index], uq_tile_cycles(config, tile)
        if index:  # the first one has nothing to wait for
            assert cycles == promised, f"tile {index} took {cycles} cycles, not {promised}"
        rows += config.rows * sum(beat.action != UqAction.ACCUMULATE for beat in tile.beats)
        last_product = starts[index + 1] - 1
        first_row = sink.cycles[rows - config.rows] if not config.shared else sink.cycles[rows - 1]
        assert first_row == last_product + config.result_cycles


async def check_uq_array(port: Port, config: UqConfig, seed: int, idle: float, stall: float) -> None:
    """Run tiles until a reset in their middle, then others to their end; compare all spikes with the golden model."""
    random = Random(seed)
    await port.reset()
    aborted = uq_sources(config, random_uq_tiles(config, seed + 1, 6), random, idle)
    await run_agents(port, [*aborted, Sink("o_spikes", random, stall)], random.randrange(20, 200))
    for source in aborted:
        source.withdraw(port)
    await port.reset()

    tiles = random_uq_tiles(config, seed, max(30, 160 // config.array.processing_elements))
    results = [run_uq_tile(config, tile) for tile in tiles]
    expected = [bits(spikes) for result in results for spikes in result.spikes]
    sources, sink = uq_sources(config, tiles, random, idle), Sink("o_spikes", random, stall)
    await run_streams(port, sources, [sink], [len(expected)], limit=30_000)
    assert sink.beats == expected
    if not idle and not stall:
        check_uq_cycles(config, tiles, sources[0], sink)

    coverage = UqCoverage()
    for tile, result in zip(tiles, results, strict=True):
        count_uq_tile(config, coverage, tile, result)
    # Rounding and the code that narrow-range codes leave out are the smaller benches' business.
    coverage.check(without=("rounding_ties", "negative_rounding_ties", "edges"))
    assert (sink.stalled > 0) == (stall > 0)
    assert (sum(source.idled for source in sources) > 0) == (idle > 0)


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(idle=IDLES, stall=STALLS)
async def uq_array(dut: Any, idle: float, stall: float) -> None:
    config = uq_config_from_environment()
    port = CocotbPort(uq_component(config), dut)
    await port.start()
    await check_uq_array(port, config, int(os.environ.get("COCOTB_RANDOM_SEED", "1")), idle, stall)
