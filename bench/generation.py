"""Time and memory of ``mint verilog`` against the weights of a network.

python -m bench.generation

Untrained networks of 2 bits for 128 lanes, each written by a process of its own: its processor time, and the peak of
the largest process of those that it starts. Writes ``build/generation.json``.
"""

import argparse
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from tempfile import TemporaryDirectory

from bench.entry import run
from mint.console import console, messages
from mint.report import write_json
from model.config import Precision
from model.network import bundle
from model.network.network import Network
from model.network.shapes import resnet19, vgg9, vgg16

OUTPUT = Path("build/generation.json")
LANES = 128
PRECISION = Precision(2, 2)
NETWORKS: dict[str, Callable[[], Network]] = {
    "vgg9 × ¼": partial(vgg9, PRECISION, width=1 / 4),
    "vgg9 × ½": partial(vgg9, PRECISION, width=1 / 2),
    "vgg9": partial(vgg9, PRECISION),
    "resnet19": partial(resnet19, PRECISION),
    "vgg16": partial(vgg16, PRECISION),
}


def measure(network: Network) -> tuple[float, int]:
    """Processor seconds and peak bytes of the command; in a process that has started no other."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "network.safetensors"
        bundle.write(network, path)
        command: list[str | Path] = [sys.executable, "-m", "mint", "verilog", "--bundle", path, "--lanes", str(LANES)]
        subprocess.run([*command, "--output", Path(folder) / "verilog"], check=True, capture_output=True)
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime, used.ru_maxrss * 1024


def main() -> None:
    argparse.ArgumentParser(description="Time and memory of mint verilog against the weights.").parse_args()
    records = []
    for name, make in NETWORKS.items():
        network = make()
        messages.print(f"{name} …")
        with get_context("spawn").Pool(1) as pool:
            processor, peak = pool.apply(measure, (network,))
        weights = sum(source.weight.size for layer in network.layers for source in layer.sources)
        records.append(
            {"network": name, "weights": weights, "processor": round(processor, 1), "peak_mb": round(peak / 1e6)}
        )
        console.print(f"{name:10} {weights:12,} weights  {processor:6.1f} s  {peak / 1e6:6.0f} MB")
    write_json(OUTPUT, {"lanes": LANES, "precision": str(PRECISION), "networks": records})


if __name__ == "__main__":
    run(main)
