"""What a lane of the accelerator costs with each weight code and neuron: decoder, accumulator and neuron unit.

python -m bench.lane_area [--liberty FILE] [--output FILE]

One lane with a neuron unit of its own, accumulators of the code's value bits and 13, and where windows keep sums, of
the bits by which potentials are wider; the same Verilog that users get, mapped as ``mint area`` maps it. Writes
``build/lane_area.json``.
"""

import argparse
from collections.abc import Iterator
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from amaranth.hdl import Module, Mux
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from bench.entry import run
from hdl.accelerator.cluster import Cluster
from hdl.codes import decoded
from hdl.synthesis.flows import FPGAS, Flow, Library
from hdl.synthesis.liberty import installed_libraries
from hdl.verilog.text import verilog_text
from mint.console import console, messages
from mint.report import checked_libraries, write_json
from model.accelerator.config import STREAMING, AcceleratorConfig
from model.accelerator.layer_plan import SKIP
from model.accelerator.plan import plan
from model.codes import CODES, WeightCode
from model.inputs import SPIKES
from model.network.graph import INPUT, Layer, LayerKind, Source
from model.network.network import Network
from model.neurons import Lif, MemoryFree, Neuron

CODE_WIDTHS = (("narrow", 2), ("narrow", 4), ("narrow", 8), ("binary", 1), ("pow2-5", 3), ("pow2-7", 3))
WINDOW, TIME_STEPS = 4, 8
NEURONS: dict[str, tuple[Neuron, str]] = {
    "lif, u4 (MINT)": (Lif(4, 2), SKIP),
    "memory-free, k = 4, sums in the lane": (MemoryFree.fading(WINDOW), SKIP),
    "memory-free, k = 4, streaming": (MemoryFree.fading(WINDOW), STREAMING),
}
FAMILIES = ("xc7", "ecp5")
OUTPUT = Path("build/lane_area.json")


class Lane(wiring.Component):
    """A cluster of one lane behind the decoder of its weights.

    Members
    -------
    code : In(code_width)
        Of the weight, as memory has it; the others are the cluster's.
    """

    def __init__(self, config: AcceleratorConfig, code: str) -> None:
        self.config, self.kind = config, code
        self.cluster = Cluster(config)
        members = dict(self.cluster.signature.members)
        members.pop("weights")
        super().__init__(members | {"code": In(config.code_width)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.cluster = cluster = self.cluster
        level = decoded(self.kind, self.code, self.config.weight_width).as_signed()
        m.d.comb += cluster.weights[0].eq(Mux(self.step.enable, level, 0))
        for name, member in cluster.signature.members.items():
            if name == "weights":
                continue
            own, inner = getattr(self, name), getattr(cluster, name)
            m.d.comb += inner.eq(own) if member.flow == In else own.eq(inner)
        return m


def config_of(code: WeightCode, neuron: Neuron, dataflow: str) -> AcceleratorConfig:
    """Of a network with one neuron, but for the accumulator's width."""
    weight, one = np.full((1, 1), code.levels[-1], np.int8), np.ones(1, np.int32)
    first = Layer(
        name="first",
        kind=LayerKind.LINEAR,
        neuron=neuron,
        code=code,
        sources=(Source(INPUT, weight),),
        bias=one,
        threshold=one,
    )
    last = replace(first, name="last", neuron=None, threshold=None, sources=(Source("first", weight),))
    network = Network(SPIKES, (1, 1, 1), TIME_STEPS, (first, last))
    config = plan(network, lanes=1, lanes_per_neuron_unit=1, dataflow=dataflow)
    return replace(config, accumulator_width=code.accumulator_width + neuron.gain_bits)


def measure(flows: list[Flow]) -> Iterator[dict[str, Any]]:
    """A record for each neuron, code and flow."""
    for (name, (neuron, dataflow)), (code, width) in product(NEURONS.items(), CODE_WIDTHS):
        config = config_of(CODES[code].of(width), neuron, dataflow)
        text = verilog_text(Lane(config, code), "mint_lane")
        for flow in flows:
            cost = flow.measure(text, "mint_lane")
            yield {"neuron": name, "code": code, "width": width, "flow": flow.name, **asdict(cost)}


def main() -> None:
    parser = argparse.ArgumentParser(description="A lane with each weight code and neuron.")
    parser.add_argument("--liberty", type=Path, help="standard-cell library; without it, the installed one")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="where the JSON report goes")
    chosen = parser.parse_args()
    found = [chosen.liberty] if chosen.liberty else installed_libraries()
    library = Library(found[0]) if found else Library()
    records = []
    for record in measure([library, *(flow for flow in FPGAS if flow.name in FAMILIES)]):
        cells = record["lut"] or record["gate_equivalents"]
        console.print(f"{record['neuron']:38} {record['code']} {record['width']} {record['flow']:24} {cells:8,.1f}")
        records.append(record)
    write_json(chosen.output, records, checked_libraries([library]))
    messages.print(f"written: {chosen.output}")


if __name__ == "__main__":
    run(main)
