"""Bench of an accelerator: batches of images in, and what came out and retired against the golden model."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import First, RisingEdge, Timer

from model.accelerator.config import AcceleratorConfig
from model.golden.network import classify, run
from model.network import bundle
from model.network.graph import State
from model.network.network import Network
from sim.accelerator import host as files
from sim.accelerator.config_file import CONFIG, from_bytes
from sim.accelerator.host import Layout, input_text, neurons, results
from sim.accelerator.outcomes import Outcomes
from sim.harness.checker import Checker, expect, neuron
from sim.harness.clock import CLOCK_PERIOD_NS, start_clock
from sim.harness.cosimulation import Waits
from sim.harness.job import PROGRESS, Asked

AFTER = 50
"""Cycles after the last result in which nothing else may come."""

REPORT_CYCLES = 2000


class Player:
    """Module ``player``."""

    def __init__(self, dut: Any, config: AcceleratorConfig, waits: Waits, progress: Path) -> None:
        self._dut, self._config, self._waits, self._progress = dut, config, waits, progress
        self.cycles = 0

    async def reset(self) -> None:
        dut = self._dut
        start_clock(dut)
        dut.idle.value, dut.stall.value = self._waits.idle, self._waits.stall
        dut.rst.value = 1
        await RisingEdge(dut.clk)
        await RisingEdge(dut.clk)
        dut.rst.value = 0

    async def play(self, images: Any, count: int, limit: int) -> tuple[list[int], list[int]]:
        """The cycles at which the images' classes came; of the first input beat, and of every packet's last one."""
        dut, expected = self._dut, count * (self._config.classes + 1)
        Path(files.INPUT).write_text(input_text(self._config, images), encoding="utf-8")
        dut.expected.value = expected
        dut.start.value = 1
        await RisingEdge(dut.clk)
        dut.start.value = 0
        await RisingEdge(dut.clk)
        for _ in range(count * limit // REPORT_CYCLES + 2):
            self._progress.write_text(str(self.cycles + int(dut.cycle.value)), encoding="utf-8")
            if dut.done.value == 1:
                break
            await First(RisingEdge(dut.done), Timer(REPORT_CYCLES * CLOCK_PERIOD_NS, "ns"))
        else:
            raise TimeoutError(
                f"{int(dut.taken_m_axis.value)} of {expected} result beats after {int(dut.cycle.value)} cycles"
            )
        for _ in range(AFTER + self._config.input_words * self._config.events):  # then no bank is left to clear
            await RisingEdge(dut.clk)
        expect(int(dut.taken_m_axis.value) == expected, f"{dut.taken_m_axis.value} result beats, expected {expected}")
        expect(dut.broken.value == 0, "a result changed or went away before it was taken")
        expect(dut.error.value == 0, "the accelerator calls a good packet malformed")
        ends, beats = (
            [int(line) for line in Path(name).read_text(encoding="utf-8").split()]
            for name in (files.CYCLES, files.BEATS)
        )
        self.cycles += ends[-1] + 1
        return ends, beats


@cocotb.test()
async def images(dut: Any) -> None:
    asked = Asked()
    folder, job = asked.folder, asked.settings
    trained = bundle.read(folder / "network.safetensors")
    config = from_bytes((folder / CONFIG).read_bytes())
    pixels = trained.inputs.static
    stimulus = np.load(folder / "images.npy")
    stimulus = stimulus if pixels else stimulus.swapaxes(0, 1)
    player = Player(dut, config, Waits(**job["waits"]), folder / PROGRESS)
    checker = Checker()
    latency, response, intervals, logits, seconds = 0, 0, [], [], 0.0

    await player.reset()
    # One recording is one batch; and how long an image waits for a bank of events depends on those before.
    size = len(stimulus) if config.lasts or config.events else job["batch"]
    for start in range(0, len(stimulus), size):
        part = stimulus[start : start + size]
        # The first one once more at the end: then every image has followed another one, and shows its interval.
        part = np.concatenate([part, part[:1]])
        batch = part if pixels else part.swapaxes(0, 1)
        began = time.perf_counter()
        ends, beats = await player.play(batch, len(part), job["limit"])
        seconds += time.perf_counter() - began
        latency = latency or ends[0] - beats[0] + 1
        response = response or ends[0] - beats[config.frames] + 1
        took = np.diff(ends).tolist()
        intervals += [took[-1], *took[:-1]]
        before = checker.comparisons
        _compare(checker, config, job["retire"], _golden(trained, batch), start)
        checker.comparisons -= (checker.comparisons - before) // len(part)  # the first one counts once
        logits += results(config, Path(files.RESULTS).read_text(encoding="utf-8"))[0][:-1].tolist()

    outcomes = Outcomes(
        images=len(logits),
        **asdict(checker),
        latency=latency,
        response=response,
        intervals=intervals,
        cycles=player.cycles,
        seconds=seconds,
        logits=logits,
    )
    asked.answer(asdict(outcomes), int(dut.source_digest.value))
    checker.require()


def _golden(network: Network, images: Any) -> dict[str, Any]:
    """Of a batch, whose last image begins a recording of its own."""
    if network.state == State.IMAGE:
        return run(network, images)
    axis = network.inputs.axis
    parts = [run(network, part) for part in np.split(images, [images.shape[axis] - 1], axis)]
    axes = {key: 0 if key == "logits" else 1 for key in parts[0]}
    return {key: np.concatenate([part[key] for part in parts], axes[key]) for key in axes}


def _compare(checker: Checker, config: AcceleratorConfig, layout: Layout, golden: dict[str, Any], start: int) -> None:
    """Neurons, logits and classes of a batch whose first image is ``start``."""
    logits, classes = results(config, Path(files.RESULTS).read_text(encoding="utf-8"))
    shift = f"image {start} + {{}}" if start else "image {}"
    if config.retire:
        found = neurons(config, layout, Path(files.NEURONS).read_text(encoding="utf-8"))
        for name, shown in found.items():
            if f"{name}.spikes" not in golden:
                continue
            expected = (golden[f"{name}.{key}"] for key in ("potential", "spikes", "membrane"))
            place = f"layer {name}, step {{}}, {shift}, channel {{}}, position ({{}}, {{}})"
            checker.compare(place, neuron(*expected), neuron(shown.potential, shown.spikes, shown.membrane))
    checker.compare(f"{shift}, class {{}}", {"the logit": golden["logits"]}, {"the logit": logits})
    checker.compare(shift, {"the class": classify(golden["logits"])}, {"the class": classes})
