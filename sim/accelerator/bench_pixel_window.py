"""Bench of the pixel window: each position's pixels bit by bit, as slices of the padded image would have them."""

from collections.abc import Iterator
from functools import reduce
from itertools import zip_longest
from operator import or_
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.accelerator.config import AcceleratorConfig
from model.accelerator.layer_plan import LayerPlan
from sim.accelerator.memory_reader import MemoryReader
from sim.harness.checker import expect
from sim.harness.port import Port
from sim.harness.streams import Sink

Pixels = NDArray[np.uint8]
IMAGES = 3


def random_pixels(plan: LayerPlan, random: np.random.Generator) -> Pixels:
    """Bits of pixels [round, row, column, channel], some of them dark: with few high bits, or none at all."""
    shape = (*plan.source_map, plan.source_channels)
    lit = random.random(shape) < random.choice([0.1, 0.5, 1])
    begins = random.integers(0, plan.rounds + 1, shape)  # with the bit that is not surely 0
    begun = np.arange(plan.rounds).reshape(-1, 1, 1, 1) >= begins
    return (random.integers(0, 2, begun.shape) & begun & lit).astype(np.uint8)


def words_of(plan: LayerPlan, pixels: Pixels) -> list[list[int]]:
    """The words of the input memory: of each channel its bits, the first round's highest."""
    places = pixels[::-1].transpose(1, 2, 3, 0).reshape(-1, plan.source_channels * plan.rounds)
    return [[_number(place)] for place in places]


def _number(bits: NDArray[np.uint8]) -> int:
    return int.from_bytes(np.packbits(bits, bitorder="little").tobytes(), "little")


def items_of(plan: LayerPlan, pixels: Pixels) -> Iterator[dict[str, Any]]:
    """Words of a tile of positions; of what fires together, those before the first set bit are left out."""
    pad, (rows, columns) = plan.padding, plan.kernel
    padded = np.pad(pixels, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    for group, y, tile in np.ndindex(plan.groups, *plan.tiles):
        top = y * plan.stride
        windows = [
            padded[:, top : top + rows, x * plan.stride : x * plan.stride + columns].reshape(plan.rounds, -1)
            if x < plan.positions[1]
            else np.zeros((plan.rounds, 1), np.uint8)
            for x in range(tile * plan.tile, (tile + 1) * plan.tile)
        ]
        blank = True
        for number in range(plan.rounds):
            parts = [_number(window[number]) for window in windows]
            bits = reduce(or_, parts)
            blank = blank and not bits
            fires = (number + 1) % plan.fire_rounds == 0
            if not blank or fires:
                row = plan.weight_row + group * plan.fan_in
                yield {"bits": bits, "row": row, "double": int(not fires), "fire": int(fires), "parts": parts}
            blank = blank or fires


def reads_of(plan: LayerPlan) -> Iterator[int]:
    """Addresses of the pixels inside the map: of a row of tiles column by column, each from top to bottom."""
    rows, columns = plan.source_map
    width = (plan.tiles[1] * plan.tile - 1) * plan.stride + plan.kernel[1]
    for _, y, x, i in np.ndindex(plan.groups, plan.positions[0], width, plan.kernel[0]):
        at_y, at_x = y * plan.stride + i - plan.padding, x - plan.padding
        if 0 <= at_y < rows and 0 <= at_x < columns:
            yield at_y * columns + at_x


def ends_of(plan: LayerPlan) -> Iterator[int]:
    """When the last word of each window comes, where none waits: a pixel per cycle, and a round."""
    captured, end = 2, 0
    for number in range(plan.groups * plan.tiles[0] * plan.tiles[1]):
        columns = plan.tile * plan.stride
        if number % plan.tiles[1] == 0:
            columns = (plan.tile - 1) * plan.stride + plan.kernel[1]
        captured = max(captured + plan.kernel[0] * columns, end)
        end = captured + plan.rounds
        yield end


async def check_pixel_window(port: Port, config: AcceleratorConfig, seed: int, stall: float) -> set[str]:
    """Image after image; gives what was met."""
    plan = config.layers[0]
    random, numbers = Random(seed), np.random.default_rng(seed)
    met = set()
    await port.tick()
    expect(port.get("done") == 1, "done is 0 before the first start")
    for image in range(IMAGES):
        pixels = random_pixels(plan, numbers)
        expected = list(items_of(plan, pixels))
        words = words_of(plan, pixels)
        memory, sink = MemoryReader(["data"], words, config.input_word_width, random), Sink("o", random, stall)
        port.set("start", 1)
        await port.tick()
        port.set("start", 0)
        for cycle in range(1, 1000 + 20 * len(expected)):
            memory.drive(port)
            sink.drive(port)
            await port.tick()
            if port.get("done"):
                break
            memory.observe(port, cycle)
            sink.observe(port, cycle)
        expect(len(sink.beats) == len(expected), f"done after {len(sink.beats)} of {len(expected)} words")
        for i, (word, wanted) in enumerate(zip(sink.beats, expected, strict=True)):
            # Rows that other layers have do not count.
            word["parts"] = list(word["parts"][: plan.tile]) if plan.tile > 1 else wanted["parts"]
            expect(word == wanted, f"image {image}, word {i} is {word}, expected {wanted}")
        for i, (read, due) in enumerate(zip_longest(memory.reads, reads_of(plan))):
            expect(read == (None, due), f"image {image}: read {i} is of word {read}, expected {due}")
        if not stall:
            fires = [cycle for cycle, word in zip(sink.cycles, expected, strict=True) if word["fire"]]
            of_window = plan.rounds // plan.fire_rounds
            last = fires[of_window - 1 :: of_window]
            expect(last == list(ends_of(plan)), f"windows end in cycles {last}, not {list(ends_of(plan))}")
        corners = {
            "padding": pad_reaches(plan),
            "beyond the kernel": plan.padding >= plan.kernel[0] > 1,
            "stride beyond the kernel": plan.stride > plan.kernel[0],
            "overlap": plan.stride < plan.kernel[0] and plan.positions[1] > 1,
            "groups": plan.groups > 1,
            "channels": plan.source_channels > 1,
            "dark": any(word["fire"] and not word["bits"] for word in expected),
            "one position": plan.positions == (1, 1),
            "stalled": sink.stalled > 0,
            "left out": len(expected) < plan.rounds * plan.groups * plan.tiles[0] * plan.tiles[1],
            "spikes": not plan.static and plan.planes == 1,
            "counts": 1 < plan.fire_rounds < plan.rounds,
            "one time step": plan.rounds == 1,
            "tiles": plan.tile > 1,
            "partial tile": plan.positions[1] % plan.tile != 0,
        }
        met |= {name for name, happened in corners.items() if happened}
    return met


def pad_reaches(plan: LayerPlan) -> bool:
    """Whether windows reach beyond the map on all sides."""
    return plan.padding > 0 and plan.positions[1] * plan.stride + plan.kernel[1] > plan.source_map[1] + plan.padding
