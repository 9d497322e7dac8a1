"""What has to be true before minutes are spent on training: checks that fail by themselves, and timings.

Each check says what it found and stops no other; what concerns a GPU alone is left out on a CPU, and the log says so.
"""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from torch.nn import functional

from bench import race
from bench.gpu.clock import Clock
from bench.gpu.log import Log
from bench.gpu.state import Store
from bench.gpu.step import EAGER_STEPS, Step
from bench.gpu.training import Training
from model.config import Precision
from model.datasets import Dataset
from model.errors import require
from model.files.replacing import replacing
from model.training.networks import Size, named
from model.training.recipe import Recipe

FAN_INS = {"VGG-9": 2304, "VGG-16": 4608}
PIXELS, KERNEL = 27, (3, 3)
STEPS = 40
RACE_ROUNDS, RACE_CHANNELS = 15, (128, 256)
SECONDS = 120.0
"""After which no further check begins."""


def exact_sums(device: str) -> dict[str, Any]:
    """Whether a convolution's greatest sums, and random ones, are the integers they should be in TensorFloat-32."""
    torch.backends.cudnn.fp32_precision = "tf32"
    random = torch.Generator().manual_seed(0)
    worst = {}
    for name, channels, top, limit in (
        *((f"spikes of {name}", fan_in // 9, 1, 1) for name, fan_in in FAN_INS.items()),
        ("pixels", 3, 255, 1),
        ("pixels, 8 bits", 3, 255, 127),
    ):
        x = torch.randint(0, top + 1, (16, channels, 16, 16), generator=random).float()
        weight = torch.randint(-limit, limit + 1, (64, channels, *KERNEL), generator=random).float()
        x[0], weight[0] = top, limit
        there, kernels = (y.to(device).contiguous(memory_format=torch.channels_last) for y in (x, weight))
        found = functional.conv2d(there, kernels, padding=1).double().cpu()
        wanted = functional.conv2d(x.double(), weight.double(), padding=1)
        require(float(wanted.max()) == channels * 9 * top * limit, f"{name}: the greatest sum was not reached")
        worst[name] = {"greatest_sum": int(wanted.max()), "greatest_error": float((found - wanted).abs().max())}
    return {**worst, "exact": all(one["greatest_error"] == 0 for one in worst.values())}


def same_integers(training: Training) -> dict[str, Any]:
    """Potentials of a batch against the CPU's; TensorFloat-32 goes off if it must."""
    training.check_device()
    return {"network": training.name, "convolutions": torch.backends.cudnn.fp32_precision}


def no_reading_back(training: Training) -> dict[str, Any]:
    """A step, kernel by kernel, in which waiting for the device is an error."""
    training.step.run()
    torch.cuda.set_sync_debug_mode("error")
    try:
        training.step.run()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    return {"reads_back": False}


def same_gradients(device: str) -> dict[str, Any]:
    """A narrow VGG-9's loss and gradients against the CPU's; TensorFloat-32 rounds gradients."""
    torch.manual_seed(0)
    module = named("vgg9", Size(Precision(2, 2), 1 / 8))
    images, labels = torch.randint(0, 256, (16, 3, 32, 32), dtype=torch.uint8), torch.arange(16) % 10
    module.calibrate(images)
    losses, gradients = [], []
    for place in ("cpu", device):
        there = copy.deepcopy(module).to(place)
        loss = functional.cross_entropy(there(images.to(place)), labels.to(place))
        loss.backward()
        losses.append(loss.item())
        gradients.append(torch.cat([p.grad.flatten().cpu() for p in there.parameters() if p.grad is not None]))
    error = float((gradients[1] - gradients[0]).norm() / gradients[0].norm())
    require(abs(losses[1] - losses[0]) < 1e-4 and error < 0.05, f"losses {losses}, gradients {error:.1%} away")
    return {"loss": losses, "relative_error": error}


def same_step(training: Training) -> dict[str, Any]:
    """A captured step changes the weights as the same step does kernel by kernel."""
    step, place = training.step, training.batches.table(0)[0]
    for _ in range(EAGER_STEPS + 1):
        step(place, 1e-3)
    if step.graph is None:
        return {"captured": False}
    states = (value for state in training.optimiser.state.values() for value in state.values())
    kept = [*training.module.parameters(), *training.module.buffers(), *states]
    before = [tensor.detach().clone() for tensor in kept]
    step(place, 1e-3)
    captured = [tensor.detach().clone() for tensor in kept]
    with torch.no_grad():
        for tensor, value in zip(kept, before, strict=True):
            tensor.copy_(value)
    step.run()
    pairs = zip(training.module.parameters(), captured, before, strict=False)
    error, moved = map(sum, zip(*((float((p - a).norm()), float((a - b).norm())) for p, a, b in pairs), strict=True))
    step.forget()
    if not moved or error > 0.05 * moved:
        step.captures = Step.capturing = False
        raise RuntimeError(f"a captured step is {error:.3g} away of {moved:.3g}: steps are not captured")
    return {"captured": True, "relative_error": error / moved}


def speed(training: Training) -> dict[str, Any]:
    """Images per second, kernel by kernel and as one graph, and memory."""
    found: dict[str, Any] = {}
    table = training.batches.table(0)

    def timed(count: int, run: Callable[[int], None]) -> float:
        torch.cuda.synchronize()
        started = perf_counter()
        for number in range(count):
            run(number)
        torch.cuda.synchronize()
        return count * training.recipe.batch_size / (perf_counter() - started)

    torch.cuda.reset_peak_memory_stats()
    timed(5, lambda number: training.step.run())
    found["images_per_second_eager"] = timed(STEPS // 2, lambda number: training.step.run())
    timed(5, lambda number: training.step(table[number], 1e-3))
    found["captured"] = training.step.graph is not None
    found["images_per_second"] = timed(STEPS, lambda number: training.step(table[number % len(table)], 1e-3))
    found["epoch_seconds"] = len(training.labels) / found["images_per_second"]
    found["memory_mib"] = torch.cuda.max_memory_allocated() >> 20
    return found


def peers(device: str, log: Log) -> dict[str, Any]:
    """A training step of ours at W4/U4 against the peers' in float32."""
    builds = race.contestants(Precision(4, 4), RACE_CHANNELS, log)
    found = race.race(builds, 4, RACE_ROUNDS, device)
    ours = next(iter(found.values()))["wall_seconds"]
    return {name: {**one, "times_ours": one["wall_seconds"] / ours} for name, one in found.items()}


def smoke(queue: dict[str, Recipe], data: Dataset, device: str, out: Path, clock: Clock, log: Log) -> dict[str, Any]:
    """All checks; writes ``smoke.json``."""
    began, found = clock.now(), dict[str, Any]()

    def check(name: str, run: Callable[[], dict[str, Any]]) -> None:
        if clock.now() - began > SECONDS:
            log(f"smoke, {name}: left out, {SECONDS:.0f} s are over")
            return
        try:
            found[name] = run()
        except Exception as error:  # the next check may tell more
            found[name] = {"failed": f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"}
        log(f"smoke, {name}: {found[name]}")

    check("sums", lambda: exact_sums(device))
    name = next(iter(queue))
    store = Store(out / "smoke-state")  # nothing is written there
    training: list[Training] = []

    def network() -> dict[str, Any]:
        training.append(Training(name, queue[name], data, store, clock, log, device))
        return {"is": name, "weights": sum(parameter.numel() for parameter in training[0].module.parameters())}

    check("network", network)
    if training:
        check("integers", lambda: same_integers(training[0]))
        if device != "cpu":
            check("gradients", lambda: same_gradients(device))
            check("reading back", lambda: no_reading_back(training[0]))
            check("capture", lambda: same_step(training[0]))
            check("speed", lambda: speed(training[0]))
    if device == "cpu":
        log("smoke: gradients, reading back, capture, speed and the race are for a GPU")
    else:
        check("race", lambda: peers(device, log))
    with replacing(out / "smoke.json") as temporary:
        temporary.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return found
