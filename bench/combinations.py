"""Every neuron with every weight code through the accelerator: numbers that are compared, and how many differ.

python -m bench.combinations [--images N] [--output FILE]

A network of three layers for each pair, of random integers, on pixels or spikes in turn, spikes in both orders of the
time steps: Verilog in Icarus and in Verilator, with inputs that pause and results that are refused, beside the golden
model. Writes
``build/combinations.json`` and ends with status 1 if a number differs.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.entry import run as start
from hdl.synthesis.lanes import CODE_WIDTHS
from mint.console import console, messages
from mint.report import write_json
from model.accelerator.config import STREAMING
from model.accelerator.layer_plan import SKIP
from model.accelerator.plan import plan
from model.config import Precision
from model.errors import Defect
from model.network.graph import Pool, PoolKind
from model.network.network import Network
from model.neurons import Lif, MemoryFree, Neuron
from model.neurons.lif import Reset
from sim.accelerator.cosim import prepare, run
from sim.harness.cosimulation import Waits
from sim.networks.chains import Chain, Link

NEURONS: dict[str, Neuron] = {
    "lif, leak 1/2 (MINT)": Lif(4, 2),
    "lif, leak 7/8, subtract": Lif(8, 2, 7 / 8, Reset.SUBTRACT),
    "lif, no leak, no reset": Lif(6, 2, 1.0, Reset.NONE),
    "lif, leak 0": Lif(0, 1, 0.0),
    "memory-free, 1 1/2 1/4 1/8": MemoryFree.fading(4),
    "memory-free, -1 0 1/2, 2 apart": MemoryFree(((-1, 1), (0, 0), (1, 0)), 2),
}
LANES, TIME_STEPS, IMAGES = 6, 5, 4
WAITING = Waits(idle=64, stall=64)
OUTPUT = Path("build/combinations.json")


def network_of(neuron: Neuron, precision: Precision, kind: str) -> Network:
    """A convolution, a pool, a second convolution and a linear layer before the last one."""
    links = (
        Link(5, 3, padding=1, pool=Pool(PoolKind.MAX, 2), precision=precision, leak=1),
        Link(7, 2, pool=Pool(PoolKind.SUM, 2), precision=precision, leak=1),
        Link(9, 0, precision=precision, leak=1),
    )
    found = Chain(kind, (2, 7, 6), TIME_STEPS, links, 5, precision, seed=2, density=0.4).network()
    layers = [replace(layer, neuron=neuron) if layer.neuron else layer for layer in found.layers]
    return replace(found, layers=tuple(layers))


def pairs() -> Iterator[tuple[str, str, int]]:
    yield from ((name, code, width) for name, (code, width) in product(NEURONS, CODE_WIDTHS))


def measure(name: str, code: str, width: int, kind: str, images: int) -> dict[str, Any]:
    """Of a pair, in both simulators."""
    precision = Precision(width, 4, weight_code=code)
    network = network_of(NEURONS[name], precision, kind)
    given = replace(CHAIN, input_kind=kind).images(images)
    row: dict[str, Any] = {"neuron": name, "code": code, "width": width, "input": kind, "compared": 0, "differing": 0}
    for dataflow in (SKIP,) if network.inputs.static else (SKIP, STREAMING):
        config = plan(network, lanes=LANES, lanes_per_neuron_unit=1 + (width % 2), dataflow=dataflow, retire=True)
        with TemporaryDirectory() as folder:
            prepared = prepare(network, given, Path(folder), config, cycles_an_image=20_000)
            for simulator in ("icarus", "verilator"):
                found = run(prepared, waits=WAITING, simulator=simulator)
                row["compared"] += found.comparisons
                row["differing"] += found.mismatches
    return row


CHAIN = Chain("pixels", (2, 7, 6), TIME_STEPS, (Link(1, 3),), 5, Precision(4, 4), seed=2, density=0.4)
"""Whose images these networks see."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Every neuron with every weight code through the accelerator.")
    parser.add_argument("--images", type=int, default=IMAGES, help="of each pair")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="where the JSON report goes")
    chosen = parser.parse_args()
    rows = []
    for number, pair in enumerate(pairs()):
        kind = ("pixels", "spikes")[(number + number // len(CODE_WIDTHS)) % 2]
        rows.append(measure(*pair, kind, chosen.images))
        console.print(f"{pair[0]:32} {pair[1]} {pair[2]}: {rows[-1]['differing']} of {rows[-1]['compared']:,} differ")
    write_json(chosen.output, {"images": chosen.images, "lanes": LANES, "time_steps": TIME_STEPS, "pairs": rows})
    messages.print(f"written: {chosen.output}")
    if any(row["differing"] for row in rows):
        raise Defect("hardware and golden model differ")


if __name__ == "__main__":
    start(main)
