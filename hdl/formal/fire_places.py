"""The fire sequencer says which neuron is due, where its parameters are, and where its spikes belong."""

import re
from pathlib import Path

import numpy as np

from hdl.accelerator.fire_sequencer import LEVELS, FireSequencer, program
from hdl.formal.loops import choose, position, registers
from hdl.formal.proof import Proof
from hdl.verilog.text import verilog_text
from model.accelerator.plan import plan
from model.arithmetic import number_width
from model.config import Precision
from model.inputs import inputs_of
from model.network.graph import INPUT, Layer, LayerKind, Pool, PoolKind, Source
from model.network.network import Network

HARNESS = Path(__file__).with_suffix(".v")
COVERS = (
    "cover_merges",
    "cover_drops",
    "cover_second_group",
    "cover_second_step",
    "cover_shortcut",
    "cover_last_layer",
)


def fired_network(kind: str, channels: int) -> Network:
    """Max pooling of an odd map, a layer with an identity shortcut, and a linear layer."""
    precision = Precision(2, 2)
    one, code = np.ones(channels, np.int32), precision.code

    def spiking(name: str, origin: str, inputs: int, pool: Pool | None = None, skip: str | None = None) -> Layer:
        source = Source(origin, np.ones((channels, inputs, 1, 1), np.int8))
        return Layer(
            name=name,
            kind=LayerKind.CONV,
            neuron=precision.lif(),
            code=code,
            sources=(source,),
            bias=one,
            threshold=one,
            pool=pool,
            skip=skip,
            skip_bias=None if skip is None else one,
        )

    first = spiking("first", INPUT, 1, Pool(PoolKind.MAX, 2))
    second = spiking("second", "first", channels, skip="first")
    reads = Source("second", np.ones((1, 2 * channels), np.int8))
    last = Layer(name="last", kind=LayerKind.LINEAR, neuron=None, code=code, sources=(reads,), bias=one[:1] * 0)
    return Network(inputs_of(kind), (1, 3, 5), 2, (first, second, last))


def fire_places(kind: str, share: int, component: type[FireSequencer] = FireSequencer) -> Proof:
    """As many lanes as share a unit, and two groups of them."""
    config = plan(fired_network(kind, share + 1), lanes=share, lanes_per_neuron_unit=share)
    design = verilog_text(component(config), "mint_sequencer")
    layers = config.layers
    programs = [program(layer, config) for layer in layers]
    nest = position("nest", ("sequencer.nest", "mint_sequencer_nest"), design, programs, LEVELS, "own")
    numbers = {
        "GROUPS": [each.groups for each in layers],
        "ROWS": [each.positions[0] for each in layers],
        "COLUMNS": [each.positions[1] for each in layers],
        "STEPS": [config.time_steps if each.spiking else 1 for each in layers],
        "POOL": [each.pool for each in layers],
        "SPIKES": [int(each.spiking) for each in layers],
        "TOGETHER": [int(each.spiking and each.static) for each in layers],
        "SKIPS": [int(each.skip_memory is not None) for each in layers],
        "FIRST": [each.parameter_row for each in layers],
    }
    texts = {name: choose(values, "own") for name, values in numbers.items()} | {"POSITIONS": nest.text}
    harness = re.sub(r"`(\w+)", lambda macro: texts.get(macro[1], macro[0]), HARNESS.read_text(encoding="utf-8"))
    widths = registers(design, "mint_sequencer")

    def wide(register: str) -> str:
        return ",".join(["1'0"] * (4 - widths[register]) + [f"sequencer.{register}"])

    return Proof(
        name="fire sequencer: neurons, parameters and places of the loops",
        configuration=f"{kind}, {share} lanes per neuron unit",
        design=design,
        harness=harness,
        defines={
            "S": share,
            "X": number_width(share),
            "L": number_width(len(layers)),
            "LAYERS": len(layers),
            "ADDRESS": config.spike_address_width,
            "PARAMETER": number_width(config.parameter_rows),
            **({"SHARED": 1} if share > 1 else {}),
        },
        peeks={
            "waiting": "sequencer.waiting",
            "unit_pausing": "sequencer.pausing" if "pausing" in widths else "1'0",
            "unit_final": "sequencer.final",
            "unit_row_base": "sequencer.row_base",
            "unit_column_base": "sequencer.column_base",
            "unit_place": "sequencer.place",
            "unit_row": wide("row"),
            "unit_column": wide("column"),
            "unit_within_row": "sequencer.within_row",
            "unit_within_column": "sequencer.within_column",
            "unit_index": "sequencer.index" if share > 1 else "1'0",
            **nest.peeks,
        },
        covers=COVERS,
        cover_cycles=32,
        apart=True,
    )
