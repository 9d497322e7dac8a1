"""Bench of an accelerator that counts events: several of a place right after each other, and more than it counts."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import cocotb
from cocotb.triggers import RisingEdge

from model.accelerator.events import END_OF_STEP
from sim.harness.checker import expect
from tests.sim.accelerator.bench_accelerator_stream import WAITS, Streams
from tests.sim.accelerator.bench_accelerator_stream import write_case as write_streams

BINS = "a place back to back", "a full place", "a full place back to back"


def more(packet: Sequence[int], largest: int, random: Random) -> list[int]:
    """A packet whose places with ``largest`` events in a step have some more, all right after each other; those of
    others come in any order."""
    beats: list[int] = []
    step: list[int] = []
    for beat in packet:
        if not beat & END_OF_STEP:
            step.append(beat)
            continue
        full = {place for place, count in Counter(step).items() if count == largest}
        blocks = [[place] * (largest + random.randint(1, 3)) for place in sorted(full)]
        blocks += [[place] for place in step if place not in full]
        beats += [place for block in random.sample(blocks, len(blocks)) for place in block]
        beats.append(beat)
        step = []
    return beats


def write_case(
    path: Path, packets: Sequence[Sequence[int]], results: Sequence[Sequence[int]], largest: int
) -> dict[str, str]:
    """As for the bench of the streams, and how far a place counts."""
    environment = write_streams(path, packets, results)
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | {"largest": largest}), encoding="utf-8")
    return environment


async def cover(streams: Streams) -> None:
    """Sees the events that are taken; back to back are those of cycles that follow each other."""
    dut, largest, counts, before = streams.dut, streams.case["largest"], Counter[int](), -1
    while True:
        await RisingEdge(dut.clk)
        beat = int(dut.s_axis_tdata.value) if int(dut.s_axis_tvalid.value) and int(dut.s_axis_tready.value) else -1
        if beat >= END_OF_STEP:
            counts.clear()
        elif beat >= 0:
            again, full = beat == before, counts[beat] >= largest
            counts[beat] += 1
            for name, met in zip(BINS, (again, full, again and full), strict=True):
                streams.seen[name] += met
        before = beat


@cocotb.test(timeout_time=20, timeout_unit="ms")
@cocotb.parametrize(idle=WAITS, stall=WAITS)
async def images(dut: Any, idle: float, stall: float) -> None:
    """One right after another."""
    streams = Streams(dut, idle, stall)
    await streams.start()
    cocotb.start_soon(cover(streams))
    for image in range(len(streams.images)):
        await streams.send_image(image)
    for image in range(len(streams.images)):
        await streams.check_result(image)
    await streams.nothing_more()
    missing = [name for name in BINS if not streams.seen[name]]
    expect(not missing, f"never met: {', '.join(missing)}")
    expect((streams.seen["result refused"] > 0) == (stall > 0), f"with stall {stall}: {streams.seen}")
