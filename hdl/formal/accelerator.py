"""Handshakes of the accelerator's control: layers, hand-overs to the neuron units, results, memories."""

from pathlib import Path

import numpy as np

from hdl.accelerator import Accelerator
from hdl.formal.proof import Proof
from hdl.verilog import verilog_text
from model.accelerator import SKIP, STREAMING, number_width
from model.config import Precision
from model.network import Layer, Network, Source
from model.plan import plan
from model.validation import INPUT

HARNESS = Path(__file__).with_suffix(".v")
COVERS = ("cover_starts", "cover_read_and_write")
OF_SPIKES = ("cover_fire_after_fire", "cover_done")
"""A unit a lane: two time steps right after each other; a whole layer."""


def small_network(kind: str, channels: int) -> Network:
    """A convolution on pixels or spikes and a linear layer, as small as they come: the control does not care."""
    precision = Precision(2, 2)
    weight = np.ones((2, channels, 1, 1), np.int8)
    first = Layer("first", "conv", "lif", precision, (Source(INPUT, weight),), *np.full((2, 2), 1, np.int32))
    last = Layer(
        "last", "linear", "none", precision, (Source("first", np.ones((2, 4), np.int8)),), np.zeros(2, np.int32)
    )
    return Network(kind, (channels, 1, 2), 2, (first, last))


def accelerator(kind: str, share: int, component: type[Accelerator] = Accelerator, dataflow: str = SKIP) -> Proof:
    """The first layer has two rows, of ``dataflow``, unless that is skip or streaming."""
    rows = 1 if dataflow in (SKIP, STREAMING) else 2
    network = small_network(kind, 1 if rows == 1 else 4)  # 4: a memory of lanes that differ has no row without contents
    chosen = [(dataflow, rows), (SKIP, 1)] if rows > 1 else dataflow
    config = plan(network, lanes=2 * rows, lanes_per_neuron_unit=share, dataflow=chosen)
    row = number_width(config.weight_rows)
    intervals = [config.fire_interval(each) for each in config.layers]
    first = config.layers[0]
    window = first.window
    stages = "top.token_2", "top.token_1", "top.token_0"
    peeks = {
        "layer": "top.layer",
        "frame": "top.frame" if config.streaming else "1'1",
        "running": "top.running",
        "start": "top.start",
        "done": "top.sequencer.done",
        "reading": "top.reading",
        "writer_bank": "top.input_writer.bank",
        "writing": "top.input_writer.write",
        "reserved": "top.reserved",
        "full": "top.input_writer.full",
        "wait_": "top.wait",
        "valid": "top.token_2_valid,top.token_1_valid,top.token_0_valid",
        "tokens": ",".join(stages),
        "waiting": "top.sequencer.waiting",
        "pausing": "top.sequencer.pausing" if share == 1 and (first.fires_steps_together or first.tile > 1) else "1'0",
        "complete": "top.sequencer.complete",
        "final_": "top.sequencer.final",
        "storing": "top.storing",
        "update": "top.results.update",
        "step": "1'0" if config.streaming else "top.sequencer.nest.step_count",
        "part": "1'0" if first.tile == 1 else "top.sequencer.nest.part_count",
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
        configuration=f"{kind}, {share} lanes a neuron unit" + (f", {dataflow}" if dataflow != SKIP else ""),
        design=verilog_text(component(config, network), "mint_accelerator"),
        harness=HARNESS.read_text(),
        defines={
            "IN": config.input_width,
            "ROW": row,
            "MASK": rows if rows > 1 else 0,
            "TIMES": config.frame_steps if first.fires_steps_together else 1,
            "TILE": first.tile,
            "SHARE": share,
            "WAIT": (max(intervals) - 1).bit_length(),
            "STEP": number_width(config.frame_steps),
            "INDEX": number_width(share),
            "WINDOW": int(window),
        },
        prepare=("proc", "memory"),
        peeks=peeks,
        covers=COVERS + (OF_SPIKES if kind == "spikes" and share == rows == 1 and not config.streaming else ()),
        cover_cycles=28 if kind == "spikes" and rows == 1 else 14,
    )
