"""What lanes of the accelerator cost with each weight code and neuron: decoders, accumulators and the neuron unit.

One lane with a neuron unit of its own, and sixteen that share one; accumulators of the code's value bits and 13, and
where windows keep sums, of the bits by which potentials are wider; the same Verilog that users get.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from itertools import product
from typing import Any

import numpy as np
from amaranth.hdl import Module, Mux
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from hdl.accelerator.cluster import Cluster
from hdl.codes import decoded
from hdl.synthesis.flows import FPGAS, Flow
from hdl.verilog.text import verilog_text
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
SHARES = dict.fromkeys(NEURONS, (1,)) | {"lif, u4 (MINT)": (1, 16)}
"""Lanes per neuron unit."""
FAMILIES = ("xc7", "ecp5")


class Lane(wiring.Component):
    """A cluster behind the decoders of its weights.

    Members
    -------
    codes : In(code_width · lanes)
        Of the weights, as memory has them; the others are the cluster's.
    """

    def __init__(self, config: AcceleratorConfig, code: str) -> None:
        self.config, self.kind = config, code
        self.cluster = Cluster(config)
        members = dict(self.cluster.signature.members)
        members.pop("weights")
        super().__init__(members | {"codes": In(config.code_width * config.lanes)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.cluster = cluster = self.cluster
        for lane, weight in enumerate(cluster.weights):
            code = self.codes.word_select(lane, self.config.code_width)
            signed = decoded(self.kind, code, self.config.weight_width).as_signed()
            m.d.comb += weight.eq(Mux(self.step.enable, code if self.config.signless else signed, 0))
        for name, member in cluster.signature.members.items():
            if name == "weights":
                continue
            own, inner = getattr(self, name), getattr(cluster, name)
            m.d.comb += inner.eq(own) if member.flow == In else own.eq(inner)
        return m


def config_of(code: WeightCode, neuron: Neuron, dataflow: str, share: int) -> AcceleratorConfig:
    """Of a network of a neuron for each lane, but for the accumulator's width."""
    weight, one = np.full((share, 1), code.levels[-1], np.int8), np.ones(share, np.int32)
    first = Layer(
        name="first",
        kind=LayerKind.LINEAR,
        neuron=neuron,
        code=code,
        sources=(Source(INPUT, weight),),
        bias=one,
        threshold=one,
    )
    last = replace(first, name="last", neuron=None, threshold=None, sources=(Source("first", weight.repeat(share, 1)),))
    network = Network(SPIKES, (1, 1, 1), TIME_STEPS, (first, last))
    config = plan(network, lanes=share, lanes_per_neuron_unit=share, dataflow=dataflow)
    return replace(config, accumulator_width=code.accumulator_width + neuron.gain_bits)


def kinds() -> list[tuple[str, int, str, int]]:
    """Neuron, lanes per neuron unit, weight code and its bits of every record."""
    found = [(name, share) for name in NEURONS for share in SHARES[name]]
    return [(*neuron, *code) for neuron, code in product(found, CODE_WIDTHS)]


def flows_of(flows: Sequence[Flow]) -> list[Flow]:
    """Those that lanes are measured with: the last library, and FPGAS whose families differ."""
    libraries = [flow for flow in flows if flow not in FPGAS]
    return [libraries[-1], *(flow for flow in flows if flow.name in FAMILIES)]


def measure(flows: Sequence[Flow]) -> Iterator[dict[str, Any]]:
    """A record of each of :func:`kinds` with each of ``flows``."""
    for name, share, code, width in kinds():
        neuron, dataflow = NEURONS[name]
        config = config_of(CODES[code].of(width), neuron, dataflow, share)
        text = verilog_text(Lane(config, code), "mint_lane")
        for flow in flows:
            cost = flow.measure(text, "mint_lane")
            yield {"neuron": name, "lanes": share, "code": code, "width": width, "flow": flow.name, **asdict(cost)}
