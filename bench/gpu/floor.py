"""What an epoch costs at least: operations and bytes of a network's training, and the time they take a device.

python -m bench.gpu.floor [NETWORK] [--images 50000] [--tflops 300] [--terabytes 2.5]

Operations are those of the convolutions and the last layer: forward, for the inputs, for the weights; the first layer
runs once per image, and needs no gradient of its input. Bytes are those of sums and spikes in float32, each read or
written as often as a kernel touches it, membranes as a byte. Weights and the optimiser are left out: they are small.
"""

import argparse
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from model.config import Precision
from model.training.networks import Size, named
from model.training.pooling import MaxPool
from model.training.spiking import Weighted

SUMS = 4 * (1 + 1 + 1 + 2 + 1 + 2)
"""Bytes a sum: written by the convolution, read for the moments, by the neuron and twice by its backward pass, its
gradient written, and read by both convolutions of the backward pass."""
SPIKES = 4 * (1 + 2) + 3
"""Bytes a neuron and time step: spike written, its gradient read twice; membrane written, read twice."""
READ = 4 * (1 + 1 + 1)
"""Bytes a spike that a convolution reads: forward, for the weights, and its gradient written."""
DENSITY = 4
"""Bytes of counting spikes."""
POOLED = 4 * (1 + 1 + 1)
"""Bytes an input of max pooling: read forward and backward, its gradient written; outputs are a quarter of that."""


@dataclass
class Cost:
    """Of one image: floating-point operations and bytes."""

    operations: int = 0
    bytes: int = 0


def count(network: str, width: float = 1.0) -> Cost:
    """Cost of an image's training step, T = 4, on 32 × 32 pixels."""
    torch.manual_seed(0)
    module = named(network, Size(Precision(2, 2), width))
    total = Cost()
    first = next(layer for layer in module.children() if isinstance(layer, Weighted))

    def add(layer: nn.Module, inputs: tuple[Tensor, ...], out: Tensor) -> None:
        if isinstance(layer, Weighted):
            static = layer is first
            neurons = out[0].numel()
            rounds, passes = (1, 2) if static else (module.time_steps, 3)
            total.operations += 2 * passes * rounds * neurons * layer.weight[0].numel()
            total.bytes += SUMS * rounds * neurons + (SPIKES + DENSITY) * module.time_steps * neurons
            total.bytes += 0 if static else sum(READ * x.numel() for x in inputs)
        elif isinstance(layer, MaxPool):
            total.bytes += POOLED * (inputs[0].numel() + out.numel())

    for layer in module.children():
        layer.register_forward_hook(add)
    with torch.no_grad():
        module(torch.randint(0, 256, (1, 3, 32, 32), dtype=torch.uint8))
    return total


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.gpu.floor", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("networks", nargs="*", default=["vgg9", "vgg16", "resnet19"])
    parser.add_argument("--images", type=int, default=50_000)
    parser.add_argument("--tflops", type=float, default=300, help="that the device sustains in TensorFloat-32")
    parser.add_argument("--terabytes", type=float, default=2.5, help="a second, that its memory sustains")
    arguments = parser.parse_args()
    for name in arguments.networks:
        cost = count(name)
        operations, traffic = cost.operations * arguments.images / 1e12, cost.bytes * arguments.images / 1e12
        seconds = operations / arguments.tflops + traffic / arguments.terabytes
        print(f"{name:10} {operations:7.1f} TFLOP, {traffic:5.2f} TB per epoch: {seconds:.1f} s one after the other")


if __name__ == "__main__":
    main()
