"""Seconds of a training step against T: windows without a loop over time, leaky neurons in compiled loops and in a
plain one, and snnTorch.

python -m bench.window_speed [--rounds N] [--output FILE]

Two networks: 288 inputs, two linear layers of 256 neurons and a readout, batch 64; frames of 2 × 16 × 16, convolutions
to 16 channels and, with a stride of 2, 32, and a readout, batch 16. AdamW; weights of 4 bits, membranes of 4 bits
or a window of 4 learned taps; snnTorch in float32, where it is installed (``pip install -e '.[peers]'``). One process
and its threads, one after the other, a step each, for ``--rounds`` rounds after a first one that does not count;
medians, of the clock and of the processor. Writes ``build/window_speed.json``.
"""

import argparse
from contextlib import nullcontext
from itertools import product
from pathlib import Path
from time import perf_counter, process_time
from typing import Any
from unittest import mock

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.entry import run
from bench.race import medians
from mint.console import console, messages
from mint.report import write_json
from model.config import Precision
from model.neurons import MemoryFree
from model.training.layers import Conv, Linear, Readout
from model.training.network import SpikingNetwork
from model.training.neurons import kernel
from model.training.train import keep_freed_memory

LINEAR, CONVOLUTIONS = "linear layers", "convolutions"
BATCHES = {LINEAR: 64, CONVOLUTIONS: 16}
INPUTS, NEURONS, CLASSES = 288, 256, 10
CHANNELS, SIDE = (2, 16, 32), 16
TIME_STEPS = (4, 16, 64, 256)
OUTPUT = Path("build/window_speed.json")
LIF = Precision(4, 4)
WINDOW = Precision(4, 0, neuron_family=MemoryFree.family, window=4)


def shape_of(network: str) -> tuple[int, int, int]:
    """Of a frame."""
    return (INPUTS, 1, 1) if network == LINEAR else (CHANNELS[0], SIDE, SIDE)


def ours(network: str, precision: Precision, time_steps: int) -> nn.Module:
    layers: dict[str, nn.Module] = {
        "first": Conv(CHANNELS[0], CHANNELS[1], 3, padding=1, precision=precision),
        "second": Conv(CHANNELS[1], CHANNELS[2], 3, stride=2, padding=1, precision=precision),
        "out": Readout(CHANNELS[2] * SIDE**2 // 4, CLASSES, precision=precision),
    }
    linear: dict[str, nn.Module] = {
        "first": Linear(INPUTS, NEURONS, precision=precision),
        "second": Linear(NEURONS, NEURONS, precision=precision),
        "out": Readout(NEURONS, CLASSES, precision=precision),
    }
    chosen = linear if network == LINEAR else layers
    return SpikingNetwork(chosen, input_shape=shape_of(network), time_steps=time_steps, input_kind="spikes")


class SnnTorch(nn.Module):
    """The same in float32: a Python loop over time, batch norm over time and batch at once."""

    def __init__(self, network: str) -> None:
        super().__init__()
        from snntorch import Leaky, surrogate

        first, second, third = CHANNELS
        self.weights = nn.ModuleList(
            [nn.Conv2d(first, second, 3, padding=1), nn.Conv2d(second, third, 3, stride=2, padding=1)]
            if network == CONVOLUTIONS
            else [nn.Linear(INPUTS, NEURONS), nn.Linear(NEURONS, NEURONS)]
        )
        self.norms = nn.ModuleList(
            [nn.BatchNorm2d(second), nn.BatchNorm2d(third)]
            if network == CONVOLUTIONS
            else [nn.BatchNorm1d(NEURONS), nn.BatchNorm1d(NEURONS)]
        )
        self.neurons = nn.ModuleList(
            Leaky(beta=0.5, spike_grad=surrogate.atan(), reset_mechanism="zero") for _ in self.weights
        )
        self.out = nn.LazyLinear(CLASSES)

    def forward(self, spikes: Tensor) -> Tensor:
        x = spikes.flatten(2) if spikes.shape[3] == 1 else spikes
        for weight, norm, neuron in zip(self.weights, self.norms, self.neurons, strict=True):
            currents = norm(weight(x.flatten(0, 1))).unflatten(0, x.shape[:2])
            membrane, found = torch.zeros_like(currents[0]), []
            for current in currents:
                spike, membrane = neuron(current, membrane)
                found.append(spike)
            x = torch.stack(found)
        return self.out(x.mean(0).flatten(1))


def contestants(network: str, time_steps: int) -> dict[str, tuple[nn.Module, bool]]:
    """Modules by name, and whether the compiled loops are left out."""
    found = {
        "memory-free, window of 4": (ours(network, WINDOW, time_steps), False),
        "lif, compiled loops": (ours(network, LIF, time_steps), False),
        "lif, plain loop": (ours(network, LIF, time_steps), True),
    }
    try:
        found["snnTorch, float32"] = (SnnTorch(network), False)
    except ImportError as error:
        messages.print(f"snntorch cannot be imported ({error}); install it: pip install -e '.[peers]'")
    return found


def measure(network: str, time_steps: int, rounds: int) -> dict[str, dict[str, float]]:
    """Medians of each contestant."""
    generator = torch.Generator().manual_seed(0)
    batch = BATCHES[network]
    spikes = (torch.rand(time_steps, batch, *shape_of(network), generator=generator) < 0.2).float()
    labels = torch.randint(0, CLASSES, (batch,), generator=generator)
    torch.manual_seed(0)
    modules = contestants(network, time_steps)
    for module, _ in modules.values():
        module(spikes)  # what makes its parameters at first
    optimisers = {name: torch.optim.AdamW(module.parameters(), 1e-3) for name, (module, _) in modules.items()}
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in modules}
    for number in range(rounds + 1):
        for name, (module, plain) in modules.items():
            loops: Any = mock.patch.object(kernel, "AVAILABLE", False) if plain else nullcontext()
            with loops:
                wall, processor = perf_counter(), process_time()
                loss = functional.cross_entropy(module(spikes), labels)
                optimisers[name].zero_grad()
                loss.backward()
                optimisers[name].step()
                taken = perf_counter() - wall, process_time() - processor
            if number:
                times[name].append(taken)
    return medians(times)


def main() -> None:
    parser = argparse.ArgumentParser(description="Seconds of a training step against T.")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    chosen = parser.parse_args()
    keep_freed_memory()
    found: dict[str, Any] = {}
    for network, steps in product((CONVOLUTIONS, LINEAR), TIME_STEPS):
        own = found.setdefault(network, {})[str(steps)] = measure(network, steps, chosen.rounds)
        for name, one in own.items():
            clock, processor = (1000 * one[key] for key in ("wall_seconds", "processor_seconds"))
            console.print(f"{network} T = {steps:4} {name:28} {clock:9.1f} ms, processor {processor:9.1f} ms")
    write_json(chosen.output, {"rounds": chosen.rounds, "threads": torch.get_num_threads(), "steps": found})
    messages.print(f"written: {chosen.output}")


if __name__ == "__main__":
    run(main)
