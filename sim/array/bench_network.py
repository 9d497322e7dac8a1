"""Bench of a whole network: the host feeds the array, layer after layer, with what the array put out before."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import First, RisingEdge, Timer

from model.golden.network import run
from model.network import bundle
from model.network.graph import Layer
from sim.array.cosim import Loss, Outcomes
from sim.array.host import Host, Outcome, read_images
from sim.array.player import INPUTS
from sim.harness.checker import SPIKE, Checker, Values, expect, neuron
from sim.harness.clock import CLOCK_PERIOD_NS, start_clock
from sim.harness.cosimulation import Waits
from sim.harness.job import PROGRESS, Asked
from sim.harness.runner import config_from_environment

AFTER = 20
"""Cycles after a layer's last result in which nothing else may come."""

REPORT_CYCLES = 1000
PATIENCE = 4
"""How many times longer than expected a layer may take, beyond what waits explain."""


class Player:
    """Module ``player``: one layer at a time."""

    def __init__(self, dut: Any, waits: Waits, progress: Path) -> None:
        self._dut = dut
        self._waits = waits
        self._progress = progress
        self.cycles = 0
        """Of all layers so far."""

    async def reset(self) -> None:
        dut = self._dut
        start_clock(dut)
        dut.idle.value, dut.stall.value = self._waits.idle, self._waits.stall
        dut.rst.value = 1
        await RisingEdge(dut.clk)
        await RisingEdge(dut.clk)
        dut.rst.value = 0

    async def play(self, streams: dict[str, str], results: int, limit: int, lose: int) -> int:
        """Play ``streams`` until there are ``results``; the cycles that it took."""
        dut = self._dut
        for name, text in streams.items():
            Path(f"{name}.hex").write_text(text, encoding="utf-8")
        dut.expected.value = results
        dut.lose.value = lose
        dut.start.value = 1
        await RisingEdge(dut.clk)
        dut.start.value = 0
        await RisingEdge(dut.clk)
        await self._done(results, limit)
        for _ in range(AFTER):
            await RisingEdge(dut.clk)
        self._check(streams, results)
        cycles = int(dut.cycles.value)
        self.cycles += cycles
        return cycles

    async def _done(self, results: int, limit: int) -> None:
        dut = self._dut
        for _ in range(limit // REPORT_CYCLES + 2):
            self._progress.write_text(str(self.cycles + int(dut.cycles.value)), encoding="utf-8")
            if dut.done.value == 1:
                return
            await First(RisingEdge(dut.done), Timer(REPORT_CYCLES * CLOCK_PERIOD_NS, "ns"))
        taken = ", ".join(f"{name} {int(getattr(dut, f'taken_{name}').value)}" for name in INPUTS)
        got = int(dut.taken_o_spikes.value) + int(dut.taken_o_sums.value)
        raise TimeoutError(f"{got} of {results} results after {limit} cycles; beats taken: {taken}")

    def _check(self, streams: dict[str, str], results: int) -> None:
        """Every beat was taken, nothing came too much, and outputs waited as they must."""
        dut = self._dut
        got = int(dut.taken_o_spikes.value) + int(dut.taken_o_sums.value)
        expect(got == results, f"{got} results, expected {results}")
        expect(dut.broken.value == 0, "a result changed or went away before it was taken")
        for name, text in streams.items():
            taken, beats = int(getattr(dut, f"taken_{name}").value), text.count("\n")
            expect(taken == beats, f"{taken} of {beats} beats of {name} were taken")


def shown(outcome: Outcome) -> Values:
    """What the array said about a layer's neurons; without the retire port there are only spikes."""
    if outcome.potential is None or outcome.membrane is None:
        return {SPIKE: outcome.spikes}
    return neuron(outcome.potential, outcome.spikes, outcome.membrane)


@cocotb.test()
async def network(dut: Any) -> None:
    asked = Asked()
    folder, job = asked.folder, asked.settings
    waits, loss = Waits(**job["waits"]), Loss(**job["loss"]) if job["loss"] else None
    trained = bundle.read(folder / "network.safetensors")
    images = np.load(folder / "images.npy")
    golden = run(trained, images)
    config = config_from_environment()
    host = Host(trained, config, read_images(trained, folder))
    player = Player(dut, waits, folder / PROGRESS)
    checker = Checker()
    cycles = {layer.name: 0 for layer in trained.layers}
    logits = []

    async def play(layer: Layer) -> str:
        tiling = host.tilings[layer.name]
        lose = loss.beat if loss and loss.layer == layer.name else -1
        # The mean wait before a beat is idle/(256 - idle) cycles, and so on; each of five streams may be the one.
        slower = 256 / (256 - waits.idle) * 256 / (256 - waits.stall)
        try:
            took = await player.play(
                host.streams(layer), tiling.tiles * tiling.results, int(PATIENCE * slower * tiling.cycles), lose
            )
            if not waits.idle and not waits.stall:
                expect(took == tiling.cycles, f"{took} cycles, expected {tiling.cycles}")
        except (AssertionError, TimeoutError) as error:
            raise type(error)(f"layer {layer.name}: {error}") from None
        cycles[layer.name] += took
        return Path("o_spikes.hex" if layer.spiking else "o_sums.hex").read_text(encoding="utf-8")

    await player.reset()
    started = time.perf_counter()
    for image in range(len(golden["logits"])):
        host.put_image(images[image] if trained.inputs.static else images[:, image])
        for layer in trained.layers:
            text = await play(layer)
            if layer.spiking:
                outcome = host.outcome(layer, text)
                expected = (golden[f"{layer.name}.{key}"][:, image] for key in ("potential", "spikes", "membrane"))
                place = f"image {image}, layer {layer.name}, step {{}}, channel {{}}, position ({{}}, {{}})"
                checker.compare(place, neuron(*expected), shown(outcome))
                host.put_spikes(layer, outcome.spikes)
            else:
                logits.append(host.logits(layer, text))
                place = f"image {image}, layer {layer.name}, all steps, channel {{}}, position (0, 0)"
                checker.compare(place, {"the logit": golden["logits"][image]}, {"the logit": logits[-1]})

    seconds = time.perf_counter() - started
    outcomes = Outcomes(
        images=len(logits),
        **asdict(checker),
        cycles=cycles,
        seconds=seconds,
        logits=[[int(value) for value in one] for one in logits],
    )
    asked.answer(asdict(outcomes), int(dut.source_digest.value))
    checker.require()
