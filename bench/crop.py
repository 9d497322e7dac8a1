"""VGG-9's shape on the middle of CIFAR-10's test images: small enough that all of it is simulated.

python -m bench.crop build/vgg9-8x8 [--map 8] [--bits 4] [--images 4]

Writes the untrained network and its images, for

mint cosim --bundle build/vgg9-8x8.safetensors --input build/vgg9-8x8.npy --simulator verilator
"""

import argparse
from pathlib import Path

import numpy as np

from bench.entry import run
from mint.console import console
from mint.output import bundle_file
from model import datasets
from model.config import Precision
from model.errors import require
from model.files.replacing import replacing
from model.network import bundle
from model.network.shapes import vgg9


def main() -> None:
    parser = argparse.ArgumentParser(description="VGG-9's shape on the middle of CIFAR-10's test images.")
    parser.add_argument("stem", type=Path)
    parser.add_argument("--map", type=int, default=8)
    parser.add_argument("--bits", type=int, default=4)
    parser.add_argument("--images", type=int, default=4)
    parser.add_argument("--data-dir", type=Path)
    arguments = parser.parse_args()
    size = arguments.map
    test = datasets.load("cifar10", arguments.data_dir).test.images[: arguments.images]
    start = (test.shape[-1] - size) // 2
    network, images = arguments.stem.with_suffix(".safetensors"), arguments.stem.with_suffix(".npy")
    bundle_file(network)
    require(network.exists() or not images.exists(), f"{images} is there already; choose another stem")
    bundle.write(vgg9(Precision(arguments.bits, arguments.bits), (test.shape[1], size, size)), network)
    with replacing(images) as temporary, temporary.open("wb") as target:
        np.save(target, test[:, :, start : start + size, start : start + size])
    console.print(f"written: {network}, {images}", soft_wrap=True)


if __name__ == "__main__":
    run(main)
