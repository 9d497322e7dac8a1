"""That the papers' networks run exactly: trained model in evaluation mode = golden model, on real images.

python -m bench.exactness [NETWORK ...] [--dataset cifar10] [--data-dir DIR] [--bits 2 4 8] [--width 1] [--images 100]
                          [--steps 0]

The networks are made from a seed, take r and running statistics from one batch, and are trained for ``--steps``
batches. Then every potential, spike, membrane and logit of test images is compared; prints a line for each, and
writes ``build/exactness.json``.
"""

import argparse
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from bench.entry import run
from mint.console import console, messages
from mint.report import write_json
from model import datasets
from model.config import Precision
from model.errors import require
from model.training.named import builder

BATCH = 32
LEARNING_RATE = 1e-3
OUTPUT = Path("build/exactness.json")


def compare(name: str, data: datasets.Dataset, arguments: argparse.Namespace, bits: int) -> dict[str, Any]:
    """One network at one precision."""
    import torch
    from torch.nn import functional

    from model.training.equality import compare as compare_models
    from model.training.export import to_network

    torch.manual_seed(0)
    classes = int(data.train.labels.max()) + 1
    shape = data.train.images.shape
    build = builder(name, width=arguments.width, input_shape=(shape[1], shape[2], shape[3]), classes=classes)
    module = build(Precision(bits, bits))
    images, labels = torch.from_numpy(data.train.images), torch.from_numpy(data.train.labels)
    module.calibrate(images[:BATCH])
    optimiser = torch.optim.AdamW(module.parameters(), LEARNING_RATE)
    for step in range(arguments.steps):
        part = slice(step * BATCH, (step + 1) * BATCH)
        loss = functional.cross_entropy(module(images[part]), labels[part])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    network = to_network(module.eval())
    started = perf_counter()
    found = compare_models(module, network, data.test.images[: arguments.images])
    seconds = perf_counter() - started
    density = {name: float(x.density) for name, x in module.spiking().items() if x.density is not None}
    return {
        "network": name,
        "width": arguments.width,
        "bits": bits,
        "training_steps": arguments.steps,
        "images": min(arguments.images, len(data.test)),
        "weights": sum(source.weight.size for layer in network.layers for source in layer.sources),
        "neurons": sum(int(np.prod(network.shapes[layer])) for layer in module.spiking()),
        "compared": found.compared,
        "differing": found.differing,
        "seconds": round(seconds, 1),
        "least_density": min(density.values()),
        "greatest_density": max(density.values()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Trained model in evaluation mode against the golden model.")
    parser.add_argument("networks", nargs="*", default=["vgg9", "vgg9-plain", "vgg16", "resnet19"])
    parser.add_argument("--dataset", default="cifar10")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--bits", type=int, nargs="+", default=[2, 4, 8])
    parser.add_argument("--width", type=float, default=1.0)
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--steps", type=int, default=0)
    arguments = parser.parse_args()
    data = datasets.load(arguments.dataset, arguments.data_dir)
    require(data.inputs.static, f"{data.name} has {data.inputs.name}, and these networks take pixels; name another set")
    found = []
    for name in arguments.networks:
        for bits in arguments.bits:
            messages.print(f"{name}, {bits} bits")
            found.append(entry := compare(name, data, arguments, bits))
            low, high = (100 * entry[f"{which}_density"] for which in ("least", "greatest"))
            console.print(
                f"{name:10} w{bits}u{bits}: {entry['differing']} of {entry['compared']:,} differ, "
                f"{entry['images']} images, {entry['seconds']:.0f} s, spikes {low:.1f} to {high:.1f} %",
                soft_wrap=True,
            )
    write_json(OUTPUT, {"dataset": arguments.dataset, "networks": found})
    if any(entry["differing"] for entry in found):
        sys.exit("error: trained model and golden model differ")


if __name__ == "__main__":
    run(main)
