"""How many bits the baseline's scales need: accuracy of the shipped networks with three scales a layer.

python -m bench.uq_scales [--images N] [--bits K ...]

The membrane's scale is calibrated on training images; of a few quantiles, the one that does best on validation
images is taken. Prints accuracy on the test images against bits and writes ``build/uq_scales.json``.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.entry import run
from mint.console import console, messages
from mint.report import write_json
from model import datasets
from model.baseline.network import calibrate, uq_accuracy, uq_layers
from model.config import WIDTHS, Precision
from model.golden.network import chunks, classify, forward
from model.network import bundle
from model.network.network import Network
from model.network.shipped import chosen

BITS = (32, 16, 12, 8, 6, 5, 4, 3, 2)
QUANTILES = (0.9, 0.99, 1.0)
CALIBRATION_IMAGES = 500
VALIDATION_IMAGES = 1000
OUTPUT = Path("build/uq_scales.json")


def mint_accuracy(network: Network, split: datasets.Split) -> float:
    """With one scale, as trained; in percent."""
    parts = chunks(network, split.images)
    correct = sum(int((classify(forward(network, part)) == split.labels[where]).sum()) for where, part in parts)
    return 100 * correct / len(split)


def measure(network: Network, data: datasets.Dataset, images: int, widths: Sequence[int]) -> dict[str, Any]:
    """Accuracy on the first ``images`` test images for every number of bits in ``widths``."""
    validation = datasets.Split(data.validation.images[:VALIDATION_IMAGES], data.validation.labels[:VALIDATION_IMAGES])
    test = datasets.Split(data.test.images[:images], data.test.labels[:images])
    scales = {q: calibrate(network, data.train.images[:CALIBRATION_IMAGES], q) for q in QUANTILES}
    found = {
        q: uq_accuracy(network, validation.images, validation.labels, uq_layers(network, scales[q], 32))
        for q in QUANTILES
    }
    quantile = max(QUANTILES, key=lambda q: found[q])
    accuracy = {}
    for bits in widths:
        layers = uq_layers(network, scales[quantile], bits)
        accuracy[bits] = uq_accuracy(network, test.images, test.labels, layers)
        messages.print(f"{network.name}: {bits} bits, {accuracy[bits]:.2f} %")
    return {
        "network": network.name,
        "images": len(test),
        "mint": mint_accuracy(network, test),
        "quantile": quantile,
        "validation": found,
        "membrane_scales": scales[quantile],
        "accuracy": accuracy,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Accuracy of the baseline against the bits of its scales.")
    parser.add_argument("--images", type=int, default=10_000, help="test images to evaluate")
    parser.add_argument("--bits", type=int, nargs="+", default=BITS, help="bits of a scale to try")
    arguments = parser.parse_args()
    data = datasets.load("fashion-mnist")
    results = {
        str(precision): measure(bundle.read(chosen(None, precision)), data, arguments.images, arguments.bits)
        for precision in (Precision(width, width) for width in WIDTHS)
    }
    console.print("bits " + "".join(f"{name:>8}" for name in results))
    for bits in arguments.bits:
        console.print(f"{bits:4} " + "".join(f"{result['accuracy'][bits]:8.2f}" for result in results.values()))
    console.print("MINT " + "".join(f"{result['mint']:8.2f}" for result in results.values()))
    write_json(OUTPUT, results)


if __name__ == "__main__":
    run(main)
