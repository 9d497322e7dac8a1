"""Bench of the pixel window: each position's pixels as bit planes, as slices of the padded image would have them."""

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
from model.inputs import PIXELS
from sim.accelerator.memory_reader import MemoryReader
from sim.harness.checker import expect
from sim.harness.port import Port
from sim.harness.streams import Sink

Pixels = NDArray[np.uint8]
IMAGES = 3


def random_pixels(plan: LayerPlan, random: np.random.Generator) -> Pixels:
    """Pixels [row, column, channel], some of them dark: with few high bits, or none at all."""
    shape = (*plan.source_map, plan.source_channels)
    values = random.integers(0, PIXELS.scale, shape) >> random.integers(0, 9, shape)
    return (values * (random.random(shape) < random.choice([0.1, 0.5, 1]))).astype(np.uint8)


def items_of(plan: LayerPlan, pixels: Pixels) -> Iterator[dict[str, Any]]:
    """Words of a tile of positions, those before the first set bit left out."""
    pad, (rows, columns) = plan.padding, plan.kernel
    padded = np.pad(pixels, ((pad, pad), (pad, pad), (0, 0)))
    for group, y, tile in np.ndindex(plan.groups, *plan.tiles):
        top = y * plan.stride
        windows = [
            padded[top : top + rows, x * plan.stride : x * plan.stride + columns].reshape(-1)
            if x < plan.positions[1]
            else np.zeros(0, np.uint8)
            for x in range(tile * plan.tile, (tile + 1) * plan.tile)
        ]
        blank = True
        for plane in reversed(range(PIXELS.planes)):
            parts = [sum(int(pixel >> plane & 1) << i for i, pixel in enumerate(window)) for window in windows]
            bits = reduce(or_, parts)
            blank = blank and not bits
            if not blank or plane == 0:
                row = plan.weight_row + group * plan.fan_in
                yield {"bits": bits, "row": row, "double": int(plane != 0), "fire": int(plane == 0), "parts": parts}


def reads_of(plan: LayerPlan) -> Iterator[int]:
    """Addresses of the pixels inside the map: of a row of tiles column by column, each from top to bottom."""
    rows, columns = plan.source_map
    width = (plan.tiles[1] * plan.tile - 1) * plan.stride + plan.kernel[1]
    for _, y, x, i in np.ndindex(plan.groups, plan.positions[0], width, plan.kernel[0]):
        at_y, at_x = y * plan.stride + i - plan.padding, x - plan.padding
        if 0 <= at_y < rows and 0 <= at_x < columns:
            yield at_y * columns + at_x


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
        words = [[int.from_bytes(place.tobytes(), "little")] for place in pixels.reshape(-1, plan.source_channels)]
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
        planes = [word["fire"] for word in expected].index(1) + 1
        late = plan.kernel[0] * (plan.kernel[1] + (plan.tile - 1) * plan.stride) + 3 + PIXELS.planes - planes
        expect(sink.cycles[0] == late or stall > 0, f"the first word comes in cycle {sink.cycles[0]}, not {late}")
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
            "left out": len(expected) < PIXELS.planes * plan.groups * plan.tiles[0] * plan.tiles[1],
            "tiles": plan.tile > 1,
            "partial tile": plan.positions[1] % plan.tile != 0,
        }
        met |= {name for name, happened in corners.items() if happened}
    return met


def pad_reaches(plan: LayerPlan) -> bool:
    """Whether windows reach beyond the map on all sides."""
    return plan.padding > 0 and plan.positions[1] * plan.stride + plan.kernel[1] > plan.source_map[1] + plan.padding
