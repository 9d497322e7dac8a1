"""Speed of the golden model and of the co-simulation, on the shipped network with 4 bits.

Both are dense: the time does not depend on what the pixels are, so that noise does. Prints two numbers and
writes ``build/bench.json``.
"""

import sys
from pathlib import Path
from time import perf_counter

import numpy as np

from bench.entry import run
from mint.console import console, messages
from mint.report import write_json
from model.config import Precision
from model.files.folders import work_folder
from model.golden.network import forward
from model.network import bundle
from model.network.shipped import chosen
from sim.array import cosim

PRECISION = Precision(4, 4)
GOLDEN_IMAGES = 1000
OUTPUT = Path("build/bench.json")


def main() -> None:
    network = bundle.read(chosen(None, PRECISION))
    images = np.random.default_rng(1).integers(0, 256, (GOLDEN_IMAGES, *network.input_shape), np.uint8)
    forward(network, images[:100])  # the first call pays for the libraries' start

    messages.print(f"golden model: {GOLDEN_IMAGES} images")
    started = perf_counter()
    forward(network, images)
    images_per_second = GOLDEN_IMAGES / (perf_counter() - started)

    messages.print("Icarus Verilog: one image, every number compared")
    with work_folder(Path("build/bench")) as folder:
        outcomes = cosim.run(cosim.prepare(network, images[:1], folder))

    result = {
        "network": network.name,
        "golden_images_per_second": round(images_per_second, 1),
        "icarus_cycles": outcomes.total_cycles,
        "icarus_cycles_per_second": round(outcomes.cycles_per_second, 1),
        "mismatches": outcomes.mismatches,
    }
    for name, value in result.items():
        console.print(f"{name:26} {value}")
    write_json(OUTPUT, result)
    if outcomes.mismatches:
        sys.exit(f"error: the Verilog and the golden model differ: {outcomes.first}")


if __name__ == "__main__":
    run(main)
