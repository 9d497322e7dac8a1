"""Handshakes of the accelerator's control: layers, hand-overs to the neuron units, results, memories."""

from pathlib import Path

import numpy as np

from hdl.accelerator import Accelerator
from hdl.formal.proof import Proof
from hdl.verilog import verilog_text
from model.accelerator import number_width, plan
from model.config import Precision
from model.network import Layer, Network, Source
from model.validation import INPUT

HARNESS = Path(__file__).with_suffix(".v")
COVERS = ("cover_starts", "cover_read_and_write")
OF_SPIKES = ("cover_fire_after_fire", "cover_done")
"""A unit a lane: two time steps right after each other; a whole layer."""


def small_network(kind: str) -> Network:
    """A convolution on pixels or spikes and a linear layer, as small as they come: the control does not care."""
    precision = Precision(2, 2)
    weight = np.ones((2, 1, 1, 1), np.int8)
    first = Layer("first", "conv", "lif", precision, (Source(INPUT, weight),), *np.full((2, 2), 1, np.int32))
    last = Layer(
        "last", "linear", "none", precision, (Source("first", np.ones((2, 4), np.int8)),), np.zeros(2, np.int32)
    )
    return Network(kind, (1, 1, 2), 2, (first, last))


def accelerator(kind: str, share: int, component: type[Accelerator] = Accelerator) -> Proof:
    network = small_network(kind)
    config = plan(network, lanes=2, lanes_per_neuron_unit=share)
    row = number_width(config.weight_rows)
    intervals = [config.fire_interval(each) for each in config.layers]
    window = config.layers[0].window
    stages = "top.token_2", "top.token_1", "top.token_0"
    peeks = {
        "layer": "top.layer",
        "running": "top.running",
        "start": "top.start",
        "done": "top.sequencer.done",
        "reading": "top.reading",
        "writer_bank": "top.input_writer.bank",
        "writing": "top.input_writer.write",
        "reserved": "top.reserved",
        "full": "top.input_writer.full",
        "wait_": "top.wait",
        "valid": "top.token_2_valid,top.token_1_valid,top.read__en",
        "tokens": ",".join(stages),
        "waiting": "top.sequencer.waiting",
        "pausing": "top.sequencer.pausing" if share == 1 and window else "1'0",
        "complete": "top.sequencer.complete",
        "final_": "top.sequencer.final",
        "storing": "top.storing",
        "update": "top.update",
        "step": "top.sequencer.nest.step_count",
        "index": "1'0" if share == 1 else "top.sequencer.index",
        "skip_valid": "top.skip.o__valid",
        "level": "top.words.level",
        "feeder_running": "top.feeder.running",
        "feeder_fetched": "top.feeder.fetched",
        "feeder_valid": "top.feeder.valid",
        "feeder_read": "top.feeder.read",
    }
    for name in ("running", "valid", "complete", "emitting", "read"):
        peeks[f"window_{name}"] = f"top.window.{name}" if window else "1'0"
    return Proof(
        name="accelerator: layers, hand-overs, results, memories",
        configuration=f"{kind}, {share} lanes a neuron unit",
        design=verilog_text(component(config, network), "mint_accelerator"),
        harness=HARNESS.read_text(),
        defines={
            "IN": config.input_width,
            "ROW": row,
            "TIMES": config.time_steps if window else 1,
            "SHARE": share,
            "WAIT": (max(intervals) - 1).bit_length(),
            "STEP": number_width(config.time_steps),
            "INDEX": number_width(share),
            "WINDOW": int(window),
        },
        prepare=("proc", "memory"),
        peeks=peeks,
        covers=COVERS + (OF_SPIKES if kind == "spikes" and share == 1 else ()),
        cover_cycles=28 if kind == "spikes" else 14,
    )
