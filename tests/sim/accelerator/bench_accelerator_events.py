"""Bench of an accelerator that reads events: malformed packets of every kind, and when a class comes."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import ClockCycles, RisingEdge

from sim.harness.checker import expect
from tests.sim.accelerator.bench_accelerator_stream import WAITS, Streams
from tests.sim.accelerator.bench_accelerator_stream import write_case as write_streams

KEPT = "broken", "late"


def write_case(
    path: Path,
    packets: Sequence[Sequence[int]],
    broken: Sequence[Sequence[Sequence[int]]],
    results: Sequence[Sequence[int]],
    late: Sequence[int],
) -> dict[str, str]:
    """As for the bench of the streams; beside that ``broken`` has, of each kind, a malformed packet for each whole one,
    and ``late`` the cycles from an image's last beat to its class."""
    environment = write_streams(path, packets, results)
    known = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(known | dict(zip(KEPT, (broken, late), strict=True))), encoding="utf-8")
    return environment


@cocotb.test(timeout_time=20, timeout_unit="ms")
@cocotb.parametrize(idle=WAITS, stall=WAITS)
async def malformed_packets(dut: Any, idle: float, stall: float) -> None:
    """Some of them before every packet, whose image gives what it would give without them."""
    streams = Streams(dut, idle, stall)
    await streams.start()
    frames = len(streams.images[0])
    for kind, packets in enumerate(streams.case["broken"]):
        image = kind % len(streams.images)
        for number, packet in enumerate(streams.images[image]):
            for _ in range(streams.random.randint(1, 2)):
                await streams.send(packets[image * frames + number])
            await streams.source.wait()
            await ClockCycles(dut.clk, 2)
            expect(int(dut.error.value) == 1, f"malformed packet {kind} is no error")
            await streams.send(packet)
        await streams.check_result(image)
        expect(int(dut.error.value) == 0, "the error stays after a whole packet")
    await streams.nothing_more()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def response(dut: Any) -> None:
    """Of images whose every packet waits until all before it is done."""
    streams = Streams(dut, 0, 0)
    await streams.start()
    for image, cycles in enumerate(streams.case["late"]):
        for packet in streams.images[image]:
            await ClockCycles(dut.clk, 2000)
            await streams.send(packet)
        passed = 0
        while not (int(dut.m_axis_tvalid.value) and int(dut.m_axis_tlast.value)):
            await RisingEdge(dut.clk)
            last = int(dut.s_axis_tvalid.value) and int(dut.s_axis_tready.value) and int(dut.s_axis_tlast.value)
            passed = 1 if last else passed + 1
        expect(passed == cycles, f"image {image} takes {passed} cycles after its last beat, expected {cycles}")
        await streams.check_result(image)
    await streams.nothing_more()
