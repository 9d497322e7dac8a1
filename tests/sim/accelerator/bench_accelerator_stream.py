"""Bench of the accelerator's AXI4-Streams: packets in and out as cocotbext-axi sends and takes them."""

import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge
from cocotbext.axi import AxiStreamBus, AxiStreamFrame, AxiStreamSink, AxiStreamSource

from sim.accelerator.packets import signed_word
from sim.harness.checker import expect
from sim.harness.clock import CLOCK_PERIOD_NS

CASE_VARIABLE = "MINT_CASE"
WAITS = (0.0, 0.6)
RESETS = 5


def write_case(path: Path, packets: Sequence[Sequence[int]], results: Sequence[Sequence[int]]) -> dict[str, str]:
    """Packets, as many for each image, and what has to come, for the bench; the environment that tells it where."""
    count = len(packets) // len(results)
    images = [packets[start : start + count] for start in range(0, len(packets), count)]
    path.write_text(json.dumps({"images": images, "results": results}), encoding="utf-8")
    return {CASE_VARIABLE: str(path)}


class Streams:
    """The accelerator between a source and a sink, and a monitor of every cycle."""

    def __init__(self, dut: Any, idle: float, stall: float) -> None:
        self.dut, self.seen = dut, Counter[str]()
        self.random = Random(int(os.environ["COCOTB_RANDOM_SEED"]))
        self.case = case = json.loads(Path(os.environ[CASE_VARIABLE]).read_text(encoding="utf-8"))
        self.images, self.results, self.lasts = case["images"], case["results"], hasattr(dut, "s_axis_tuser")
        self.source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis"), dut.clk, dut.rst)
        self.sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis"), dut.clk, dut.rst)
        self.source.set_pause_generator(self._pauses(idle))
        self.sink.set_pause_generator(self._pauses(stall))

    def _pauses(self, probability: float) -> Iterator[bool]:
        while True:
            yield self.random.random() < probability

    async def start(self) -> None:
        Clock(self.dut.clk, CLOCK_PERIOD_NS, unit="ns").start()
        await self.reset()
        cocotb.start_soon(self._monitor())

    async def reset(self) -> None:
        self.dut.rst.value = 1
        await ClockCycles(self.dut.clk, 2)
        self.dut.rst.value = 0
        self.source.clear()
        self.sink.clear()

    async def _monitor(self) -> None:
        """Nothing is unknown, and what was refused stays."""
        dut, refused = self.dut, None
        while True:
            await RisingEdge(dut.clk)
            if int(dut.rst.value):
                refused = None
                continue
            valid, ready = int(dut.m_axis_tvalid.value), int(dut.m_axis_tready.value)
            offered, taken = int(dut.s_axis_tvalid.value), int(dut.s_axis_tready.value)
            beat = (int(dut.m_axis_tdata.value), int(dut.m_axis_tlast.value)) if valid else None
            expect(refused in (None, beat), f"the beat {refused} became {beat} while it waited")
            refused = None if ready else beat
            working, error = int(dut.working.value), int(dut.error.value)
            self.seen["result refused"] += valid & (1 - ready)
            self.seen["input refused"] += offered & (1 - taken)
            self.seen["input idle"] += taken & (1 - offered)
            self.seen["input while working"] += offered & taken & working
            self.seen["result while working"] += valid & ready & working
            self.seen["error"] += error
            if hasattr(dut, "retire") and int(dut.retire_valid.value):
                self.seen["retired"] += int(dut.retire.value) >= 0  # which fails if a bit is unknown

    async def send(self, beats: Sequence[int], begins: bool = False) -> None:
        """One packet, which begins a recording or not; returns when its last beat was taken."""
        size = len(self.dut.s_axis_tdata) // 8
        data = b"".join(beat.to_bytes(size, "little") for beat in beats)
        user = None
        if self.lasts:  # what stands with later beats does not count
            user = [beat and self.random.randint(0, 1) for beat in range(len(beats)) for _ in range(size)]
            user[:size] = [int(begins)] * size
        await self.source.send(AxiStreamFrame(data, tuser=user))

    async def send_image(self, image: int) -> None:
        """A recording of its own, where state lasts."""
        for number, packet in enumerate(self.images[image]):
            await self.send(packet, number == 0)

    async def check_result(self, image: int) -> None:
        frame = await self.sink.recv()
        data = bytes(frame.tdata)
        found = [signed_word(int.from_bytes(data[i : i + 4], "little")) for i in range(0, len(data), 4)]
        expect(found == self.results[image], f"image {image} gives {found}, expected {self.results[image]}")

    async def nothing_more(self) -> None:
        await ClockCycles(self.dut.clk, 200)
        expect(self.sink.empty() and not int(self.dut.working.value), "a result too many")


@cocotb.test(timeout_time=20, timeout_unit="ms")
@cocotb.parametrize(idle=WAITS, stall=WAITS)
async def images(dut: Any, idle: float, stall: float) -> None:
    """One image right after another, taken while earlier ones are worked on."""
    streams = Streams(dut, idle, stall)
    await streams.start()
    for image in range(len(streams.images)):
        await streams.send_image(image)
    for image in range(len(streams.images)):
        await streams.check_result(image)
    await streams.nothing_more()
    seen = streams.seen
    expect(seen["input while working"] > 0, "no beat came while an image was worked on")
    expect((seen["result refused"] > 0) == (stall > 0), f"with stall {stall}: {seen}")
    expect(seen["error"] == 0, "an error")


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def malformed_packets(dut: Any) -> None:
    """Of every length but the right one, before an image or between its packets, which are as good as ever."""
    streams = Streams(dut, 0.3, 0.3)
    await streams.start()
    whole, limit = len(streams.images[0][0]), (1 << len(dut.s_axis_tdata)) - 1
    lengths = {1, whole - 1, whole + 1, 2 * whole, 3 * whole + 1} - {0, whole}
    for number, length in enumerate(sorted(lengths)):
        image = number % len(streams.images)
        *early, last = streams.images[image]
        for place, packet in enumerate(early):
            await streams.send(packet, place == 0)
        await streams.send([streams.random.randint(0, limit) for _ in range(length)])
        await streams.source.wait()
        await ClockCycles(dut.clk, 2)
        expect(int(dut.error.value) == 1, f"a packet of {length} beats is no error")
        await streams.send(last)
        await streams.check_result(image)
        expect(int(dut.error.value) == 0, "the error stays after a whole packet")
    await streams.nothing_more()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def blocked_results(dut: Any) -> None:
    """Nobody takes results until the accelerator stands still, both banks full; then all come."""
    streams = Streams(dut, 0, 0)
    await streams.start()
    streams.sink.clear_pause_generator()
    streams.sink.pause = True
    images = [i % len(streams.images) for i in range(6)]
    for image in images:
        await streams.send_image(image)
    taken = -1
    while taken != (taken := streams.seen["input while working"]):
        await ClockCycles(dut.clk, 1000)
    expect(streams.sink.empty() and int(dut.working.value) == 1, "an image does not wait for the one before it")
    expect(streams.seen["input refused"] > 500, "the third image does not wait for a bank")
    streams.sink.pause = False
    for image in images:
        await streams.check_result(image)
    await streams.nothing_more()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def reset_in_an_image(dut: Any) -> None:
    """Resets between the first beat and the last result; the image that follows is as good as ever."""
    streams = Streams(dut, 0, 0.3)
    await streams.start()
    await streams.send_image(0)
    cycles = 0
    while streams.sink.empty():
        await RisingEdge(dut.clk)
        cycles += 1
    await streams.check_result(0)
    met = Counter[str]()
    for number in range(RESETS):
        await streams.send_image(0)
        await streams.send_image(-1)
        await ClockCycles(dut.clk, streams.random.randint(1, cycles * (number + 1) // RESETS))
        met["working"] += int(dut.working.value)
        met["taking"] += int(dut.s_axis_tvalid.value) & int(dut.s_axis_tready.value)
        await streams.reset()
        image = number % len(streams.images)
        await streams.send_image(image)
        await streams.check_result(image)
        expect(int(dut.error.value) == 0, "an error after a reset")
    await streams.nothing_more()
    expect(met["working"] > 0 and met["taking"] > 0, f"resets came at other times only: {met}")
