"""Activations of several bits in place of windows: the baseline with the memory and additions of ``streaming``.

python -m bench.activations [--output FILE]

A layer whose neurons see the last k frames keeps k bits of each input and adds a spike up to k times. A network of
activations of k bits keeps as many bits and adds as often, a bit plane at a time, but of one frame: it knows nothing of
time. Here it is, with the shape, the ternary weights and the recipe of ``moving``, frame by frame, its logits added up
over the recording; three seeds for each k. Additions are those of the first images. Writes ``build/activations.json``.
"""

import argparse
import statistics
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.entry import run
from bench.schemes import IMAGES, SEEDS, WINDOWS
from mint import api
from mint.console import console, messages
from mint.report import write_json
from model import datasets
from model.codes import Narrow
from model.config import Precision
from model.training.quantisers.learned_step import LearnedStep, round_ste

OUTPUT = Path("build/activations.json")


class Activation(nn.Module):
    """Batch norm, and n = clamp(rint(x/s), 0, 2^k - 1) with a learned step s; hands on s·n."""

    def __init__(self, channels: int, bits: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(channels)
        self.largest = (1 << bits) - 1
        self.step = nn.Parameter(torch.tensor(2.0 / self.largest))
        self.codes = torch.zeros(0)

    def forward(self, x: Tensor) -> Tensor:
        normal = self.norm(x.flatten(2)).view_as(x)
        codes = round_ste((normal / self.step).clamp(0, self.largest))
        self.codes = codes.detach().int()
        return codes * self.step


class Layer(nn.Module):
    """Ternary weights with a learned step."""

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(nn.init.kaiming_normal_(torch.empty(shape), nonlinearity="relu"))
        self.quantiser = LearnedStep(Narrow(2))
        self.quantiser.initialise(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        step = self.quantiser.step(self.weight.numel())
        weight = step * self.quantiser.values(self.weight, step)
        if weight.dim() == 4:
            return functional.conv2d(x, weight, stride=2, padding=1)
        return functional.linear(x.flatten(1), weight)[..., None, None]


class Activations(nn.Module):
    """conv16-fc128-fc20 on frames [N, T, 2, 12, 12], as ``moving``; mean logits over T."""

    def __init__(self, bits: int) -> None:
        super().__init__()
        self.conv1, self.fc2, self.fc3 = Layer(16, 2, 3, 3), Layer(128, 576), Layer(20, 128)
        self.first, self.second = Activation(16, bits), Activation(128, bits)
        self.bias = nn.Parameter(torch.zeros(20))

    def forward(self, images: Tensor) -> Tensor:
        active = self.second(self.fc2(self.first(self.conv1(images.flatten(0, 1)))))
        logits = self.fc3(active).flatten(1) + self.bias
        return logits.view(*images.shape[:2], -1).mean(1)


def additions(network: Activations, images: Tensor) -> float:
    """Weights that are added per image [N, T, ...]: every set bit of what a layer reads, once per output that it
    reaches; pixels outside the map reach fewer."""
    network.eval()
    with torch.no_grad():
        network(images)
    ones = torch.ones(16, images.shape[2], 3, 3)
    found = functional.conv2d(images.flatten(0, 1).float(), ones, stride=2, padding=1).sum()
    for activation, layer in ((network.first, network.fc2), (network.second, network.fc3)):
        for place in range(max(WINDOWS)):
            found += (activation.codes >> place & 1).sum() * len(layer.weight)
    return float(found) / len(images)


def accuracy(network: Activations, split: datasets.Split) -> float:
    """In percent."""
    network.eval()
    with torch.no_grad():
        classes = network(torch.from_numpy(split.images).float()).argmax(1)
    return 100 * float((classes == torch.from_numpy(split.labels)).float().mean())


def trained(bits: int, seed: int) -> tuple[Activations, float]:
    """The network of the epoch with the best validation accuracy, as `mint train` keeps it, and its test accuracy."""
    data, recipe = datasets.load("moving-digits"), api.recipe("moving", Precision(2, 4), seed=seed)
    images, labels = torch.from_numpy(data.train.images).float(), torch.from_numpy(data.train.labels)
    torch.manual_seed(seed)
    network = Activations(bits)
    optimiser = torch.optim.AdamW(network.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay)
    best, test = -1.0, 0.0
    batches = len(labels) // recipe.batch_size
    for epoch in range(recipe.epochs):
        network.train()
        for index, part in enumerate(torch.randperm(len(labels)).split(recipe.batch_size)[:batches]):
            for group in optimiser.param_groups:
                group["lr"] = recipe.rate(epoch * batches + index, batches)
            loss = functional.cross_entropy(network(images[part]), labels[part])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        found = accuracy(network, data.validation)
        if found > best:
            best, test = found, accuracy(network, data.test)
            kept = {name: value.clone() for name, value in network.state_dict().items()}
    network.load_state_dict(kept)
    return network, test


def measure(bits: int) -> dict[str, Any]:
    """Accuracies of every seed; bits that are kept of a frame's activations, and additions of the first seed's."""
    found = [trained(bits, seed) for seed in SEEDS]
    network = found[0][0]
    images = torch.from_numpy(datasets.load("moving-digits").test.images[:IMAGES]).float()
    return {
        "bits": bits,
        "test": [test for _, test in found],
        "additions": additions(network, images),
        "kept_bits": bits * (network.first.codes[0].numel() + network.second.codes[0].numel()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Activations of several bits in place of windows.")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="where the JSON report goes")
    chosen = parser.parse_args()
    rows = []
    for bits in WINDOWS:
        rows.append(measure(bits))
        console.print(f"{bits} bits: {statistics.mean(rows[-1]['test']):.2f} %, {rows[-1]['additions']:,.0f} additions")
    write_json(chosen.output, {"rows": rows})
    messages.print(f"written: {chosen.output}")


if __name__ == "__main__":
    run(main)
