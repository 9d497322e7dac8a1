"""Memory of a training step against T: what autograd keeps from the forward pass for the backward one.

python -m bench.memory [vgg9] [--width 1] [--batch 128] [--bits 4] [--time-steps 1 2 4 8]

Every storage that is kept is counted once, parameters left out: nearly all that a step needs at its peak beside
weights, gradients and optimiser, and the same on every machine. One image and two are run; what is kept grows by as
much for each further image of a batch. Prints MiB; writes ``build/training_memory.json``.
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor, nn

from bench.entry import run
from mint.console import console
from mint.report import write_json
from model.config import Precision
from model.training.named import builder

OUTPUT = Path("build/training_memory.json")


def kept_bytes(module: nn.Module, images: Tensor) -> int:
    """Bytes of the storages that a forward pass in training mode keeps, parameters left out."""
    own = {parameter.untyped_storage().data_ptr() for parameter in module.parameters()}
    kept: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        logits = module.train()(images)  # what is kept lives as long as this
    found = sum(size for place, size in kept.items() if place not in own)
    del logits
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Memory of a training step against T.")
    parser.add_argument("network", nargs="?", default="vgg9")
    parser.add_argument("--width", type=float, default=1.0)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--bits", type=int, default=4)
    parser.add_argument("--time-steps", type=int, nargs="+", default=[1, 2, 4, 8])
    arguments = parser.parse_args()
    precision = Precision(arguments.bits, arguments.bits)
    console.print(
        f"{arguments.network}, width {arguments.width:g}, {precision}, batch {arguments.batch}: "
        "MiB kept for the backward pass",
        soft_wrap=True,
    )
    found = {}
    for time_steps in arguments.time_steps:
        module = builder(arguments.network, width=arguments.width, time_steps=time_steps)(precision)
        images = torch.randint(0, 256, (2, *module.input_shape), dtype=torch.uint8)
        one, two = (kept_bytes(module, images[:count]) for count in (1, 2))
        found[time_steps] = one + (arguments.batch - 1) * (two - one)
        console.print(f"T = {time_steps:2}  {found[time_steps] / 2**20:10,.1f}")
    settings = {key: getattr(arguments, key) for key in ("network", "width", "batch", "bits")}
    write_json(OUTPUT, {**settings, "bytes": found})


if __name__ == "__main__":
    run(main)
