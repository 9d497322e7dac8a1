"""Speed of training: ours with quantised weights and membranes against snnTorch and SpikingJelly in float32.

python -m bench.race [--bits 4] [--time-steps 4] [--rounds 15] [--device cpu] [--channels 16 32]

The same network for all: conv 3 × 3 (16), batch norm, LIF, pool, conv 3 × 3 (32), batch norm, LIF, pool, fully
connected (a GPU needs more channels, or it waits for the host); 28 × 28 pixels, batch 128, membranes halve each step,
reset to 0, ATan surrogate, AdamW. The peers get what ours has: the first convolution once per image, the second one for
all time steps in one call. One process, one after the other, a step each, for ``--rounds`` rounds after a first one
that does not count; the medians are compared. Processor time is beside the wall clock: on a busy machine it is the
steadier of the two. Writes ``build/race.json``.

The peers come with ``pip install -e '.[peers]'``; without them ours runs alone.
"""

import argparse
import statistics
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.config import Precision
from model.training.layers import Conv, MaxPool, Readout
from model.training.network import SpikingNetwork
from model.training.train import keep_freed_memory

BATCH, EPOCH_IMAGES = 128, 60_000
Channels = tuple[int, int]
CHANNELS: Channels = (16, 32)
OUTPUT = Path("build/race.json")
Build = Callable[[int], nn.Module]


def ours(precision: Precision, channels: Channels) -> Build:
    """Quantisation-aware training of this project."""
    first, second = channels

    def build(time_steps: int) -> nn.Module:
        layers = {
            "conv1": Conv(1, first, 3, padding=1, precision=precision),
            "pool1": MaxPool(2),
            "conv2": Conv(first, second, 3, padding=1, precision=precision),
            "pool2": MaxPool(2),
            "fc": Readout(second * 49, 10, precision=precision),
        }
        return SpikingNetwork(layers, input_shape=(1, 28, 28), time_steps=time_steps)

    return build


def _convolution(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)  # batch norm follows, as in ours


class Peer(nn.Module):
    """The network in float32 with another library's neurons: ``fire`` maps currents [T, N, ...] to spikes."""

    def __init__(self, time_steps: int, channels: Channels, neuron: Callable[[], nn.Module]) -> None:
        super().__init__()
        self.time_steps = time_steps
        first, second = channels
        self.conv1, self.conv2 = _convolution(1, first), _convolution(first, second)
        self.norm1, self.norm2 = nn.BatchNorm2d(first), nn.BatchNorm2d(second)
        self.fire1, self.fire2 = neuron(), neuron()
        self.fc = nn.Linear(second * 49, 10)

    def forward(self, images: Tensor) -> Tensor:
        static = self.norm1(self.conv1(images.float() / 256))
        spikes = self.fire1(static.expand(self.time_steps, *static.shape))
        current = self.norm2(self.conv2(functional.max_pool2d(spikes.flatten(0, 1), 2)))
        spikes = self.fire2(current.view(self.time_steps, -1, *current.shape[1:]))
        pooled = functional.max_pool2d(spikes.flatten(0, 1), 2).view(self.time_steps, len(images), -1)
        return self.fc(pooled.mean(0))


def snntorch(channels: Channels) -> Build:
    """snnTorch: a Python loop over time."""
    from snntorch import Leaky, surrogate

    class Loop(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.neuron = Leaky(beta=0.5, spike_grad=surrogate.atan(), reset_mechanism="zero")

        def forward(self, currents: Tensor) -> Tensor:
            membrane, spikes = torch.zeros_like(currents[0]), []
            for current in currents:
                spike, membrane = self.neuron(current, membrane)
                spikes.append(spike)
            return torch.stack(spikes)

    return lambda time_steps: Peer(time_steps, channels, Loop)


def spikingjelly(channels: Channels) -> Build:
    """SpikingJelly: its multi-step mode, with what it selects for the device; on a GPU its fused kernels."""
    from spikingjelly.activation_based import functional as jelly
    from spikingjelly.activation_based import surrogate
    from spikingjelly.activation_based.neuron import LIFNode

    class MultiStep(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.neuron = LIFNode(
                tau=2.0, decay_input=False, surrogate_function=surrogate.ATan(), detach_reset=True, step_mode="m"
            )

        def forward(self, currents: Tensor) -> Tensor:
            jelly.reset_net(self.neuron)
            return self.neuron(currents)

    return lambda time_steps: Peer(time_steps, channels, MultiStep)


PEERS = {"snntorch": snntorch, "spikingjelly": spikingjelly}


def contestants(
    precision: Precision, channels: Channels = CHANNELS, say: Callable[[str], None] = print
) -> dict[str, Build]:
    """Ours, and the peers that are installed; of the others ``say`` is told."""
    found = {f"mint {precision}": ours(precision, channels)}
    for name, peer in PEERS.items():
        try:
            found[f"{name} float32"] = peer(channels)
        except ImportError as error:
            say(f"{name} cannot be imported ({error}); install it: pip install -e '.[peers]'")
    return found


def race(builds: dict[str, Build], time_steps: int, rounds: int, device: str) -> dict[str, dict[str, float]]:
    """Medians over ``rounds`` of the seconds of a training step, on the clock and of the processor."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (BATCH, 1, 28, 28), dtype=torch.uint8, generator=generator).to(device)
    labels = torch.randint(0, 10, (BATCH,), generator=generator).to(device)
    torch.manual_seed(0)
    modules = {name: build(time_steps).to(device).train() for name, build in builds.items()}
    optimisers = {name: torch.optim.AdamW(module.parameters(), 1e-3) for name, module in modules.items()}

    def step(name: str) -> tuple[float, float]:
        if device != "cpu":
            torch.cuda.synchronize()
        wall, processor = perf_counter(), process_time()
        loss = functional.cross_entropy(modules[name](images), labels)
        optimisers[name].zero_grad()
        loss.backward()
        optimisers[name].step()
        if device != "cpu":
            torch.cuda.synchronize()
        return perf_counter() - wall, process_time() - processor

    times: dict[str, list[tuple[float, float]]] = {name: [] for name in modules}
    for number in range(rounds + 1):
        for name in modules:
            taken = step(name)
            if number:  # the first one compiles, calibrates and allocates
                times[name].append(taken)
    return medians(times)


def medians(times: dict[str, list[tuple[float, float]]]) -> dict[str, dict[str, float]]:
    """Of each contestant's steps, on the clock and of the processor."""
    return {
        name: {
            "wall_seconds": statistics.median(wall for wall, _ in taken),
            "processor_seconds": statistics.median(processor for _, processor in taken),
        }
        for name, taken in times.items()
    }


def main() -> None:
    from mint.console import console, messages  # not for whoever only races
    from mint.report import write_json
    from model.training.session import checked_device

    parser = argparse.ArgumentParser(description="Seconds per epoch of training, against other libraries.")
    parser.add_argument("--bits", type=int, default=4)
    parser.add_argument("--time-steps", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--channels", type=int, nargs=2, default=CHANNELS)
    arguments = parser.parse_args()
    device = checked_device(arguments.device)
    keep_freed_memory()
    builds = contestants(Precision(arguments.bits, arguments.bits), tuple(arguments.channels), messages.print)
    found = race(builds, arguments.time_steps, arguments.rounds, device)
    first = next(iter(found.values()))
    steps = EPOCH_IMAGES / BATCH
    console.print(f"seconds per epoch of {EPOCH_IMAGES:,} images, T = {arguments.time_steps}, {arguments.device}")
    result: dict[str, Any] = {}
    for name, taken in found.items():
        ratios = {kind: taken[kind] / first[kind] for kind in taken}
        result[name] = {**taken, "epoch_seconds": taken["wall_seconds"] * steps, "times_ours": ratios}
        console.print(
            f"{name:22} {taken['wall_seconds'] * steps:7.1f} s, {ratios['wall_seconds']:.2f} times ours; "
            f"processor {taken['processor_seconds'] * steps:7.1f} s, {ratios['processor_seconds']:.2f} times ours",
            soft_wrap=True,
        )
    threads = torch.get_num_threads()
    settings = {"device": device, "threads": threads, "rounds": arguments.rounds, "channels": arguments.channels}
    write_json(OUTPUT, {**settings, "results": result})


if __name__ == "__main__":
    from bench.entry import run

    run(main)
