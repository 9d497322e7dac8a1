"""Bench of an accelerator whose state lasts: recordings that begin within an image, and with packets thrown away."""

from typing import Any

import cocotb
from cocotb.triggers import ClockCycles

from sim.harness.checker import expect
from tests.sim.accelerator.bench_accelerator_stream import Streams


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def a_recording_ends_within_an_image(dut: Any) -> None:
    """There is no result of the image that was not whole, and the next one is a whole one."""
    streams = Streams(dut, 0.3, 0.3)
    await streams.start()
    for cut in range(1, len(streams.images[0])):
        for number, packet in enumerate(streams.images[0][:cut]):
            await streams.send(packet, number == 0)
        await streams.send_image(1)
        await streams.check_result(1)
    await streams.nothing_more()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def a_packet_thrown_away_begins_a_recording(dut: Any) -> None:
    """The first whole packet after it does so instead."""
    streams = Streams(dut, 0, 0)
    await streams.start()
    await streams.send_image(0)
    await streams.check_result(0)
    await streams.send(streams.images[1][0][:-1], begins=True)
    await streams.source.wait()
    await ClockCycles(dut.clk, 2)
    expect(int(dut.error.value) == 1, "a packet that is too short is no error")
    for packet in streams.images[1]:
        await streams.send(packet)
    await streams.check_result(1)
    await streams.nothing_more()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def the_first_packet_begins_a_recording(dut: Any) -> None:
    """After a reset, whatever it says."""
    streams = Streams(dut, 0, 0)
    await streams.start()
    for image in (1, 0):
        for packet in streams.images[image]:
            await streams.send(packet)
        await streams.check_result(image)
        await streams.reset()
