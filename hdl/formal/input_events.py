"""The input memory has the events of every whole packet, in a bank that is free, and nothing of others."""

from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np

from hdl.accelerator import input_memory
from hdl.accelerator.event_bank import EventBank
from hdl.accelerator.event_writer import EventWriter
from hdl.accelerator.input_memory import InputMemory
from hdl.formal.proof import Proof
from hdl.verilog.text import verilog_text
from model.accelerator.config import AcceleratorConfig
from model.accelerator.plan import plan
from model.arithmetic import number_width
from model.config import Precision
from model.inputs import COUNTS, inputs_of
from model.network.graph import INPUT, Layer, LayerKind, Source
from model.network.network import Network

HARNESS = Path(__file__).with_suffix(".v")
LAYOUTS = ("steps", "window", "linear")
"""Words of a time step each; of all time steps of a position, in a window; of a linear layer."""
COVERS = ("cover_both_full", "cover_beyond", "cover_full_behind", "cover_after_thrown")
SHAPE, STEPS, WORD = (2, 2, 3), 2, 8
"""Of the input; the linear layer's twelve inputs are a word and a half."""


def memory_config(layout: str, count_bits: int = 1) -> AcceleratorConfig:
    """An accelerator of one layer, whose input is all that matters."""
    precision = Precision(2, 2)
    one, code = np.ones(2, np.int32), precision.code
    linear, kernel = layout == "linear", 3 if layout == "window" else 1
    weight = np.ones((2, int(np.prod(SHAPE))) if linear else (2, SHAPE[0], kernel, kernel), np.int8)
    first = Layer(
        name="first",
        kind=LayerKind.LINEAR if linear else LayerKind.CONV,
        neuron=precision.lif(),
        code=code,
        sources=(Source(INPUT, weight, padding=kernel // 2),),
        bias=one,
        threshold=one,
    )
    reads = Source("first", np.ones((2, 2 if linear else 2 * SHAPE[1] * SHAPE[2]), np.int8))
    last = Layer(name="last", kind=LayerKind.LINEAR, neuron=None, code=code, sources=(reads,), bias=0 * one)
    network = Network(inputs_of(COUNTS, count_bits), SHAPE, STEPS, (first, last))
    config = plan(network, lanes=2, lanes_per_neuron_unit=1, input_stream="events")
    if not linear:
        return config
    short = replace(config.layers[0], word_channels=WORD, words=-(-config.layers[0].source_channels // WORD))
    return replace(config, layers=(short, *config.layers[1:]))


def input_events(
    layout: str, count_bits: int = 1, writer: type[EventWriter] = EventWriter, bank: type[EventBank] = EventBank
) -> Proof:
    """Of two banks behind a writer, with all that their memories hold; spikes are counts of a bit."""
    config = memory_config(layout, count_bits)
    with mock.patch.multiple(input_memory, EventWriter=writer, EventBank=bank):
        design = verilog_text(InputMemory(config), "mint_memory")
    channels, rows, columns = config.input_shape
    words = config.input_words
    counts = f", counts of {count_bits} bits" * (count_bits > 1)
    peeks = {
        "unit_step": "memory.writer.step",
        "unit_swallow": "memory.writer.swallow",
        "unit_bank": "memory.writer.bank",
        "unit_set": "memory.writer.set",
        "unit_filled": "memory.writer.filled",
        "set_address": "memory.writer.address",
        "set_index": "memory.writer.index",
        **{
            name: f"memory.bank_1.{signal},memory.bank_0.{signal}"
            for name, signal in (("clean", "clean"), ("setting", "setting"), ("again", "again"))
        },
    }
    for number in range(2):
        own = f"memory.bank_{number}"
        stored = ",".join(f"{own}.memory.words[{word}]" for word in reversed(range(words)))
        peeks |= {
            f"place_{number}": f"{own}.place",
            f"index_{number}": f"{own}.place_index",
            f"swept_{number}": f"{own}.swept",
            f"written_{number}": f"{own}.written",
            f"data_{number}": f"{own}.memory.read_data",
            f"words_{number}": stored,
        }
    return Proof(
        name="input memory: events in their banks, nothing of packets that are thrown away",
        configuration=f"{layout}, {words} words of {config.input_word_width} bits" + counts,
        design=design,
        harness=HARNESS.read_text(encoding="utf-8"),
        defines={
            "LAYOUT": LAYOUTS.index(layout),
            "STEPS": config.frame_steps,
            "CHANNELS": channels,
            "ROWS": rows,
            "COLUMNS": columns,
            "WORDS": words,
            "W": config.input_word_width,
            "A": number_width(words),
            "N": count_bits,
            "I": number_width(config.input_word_width // count_bits),
            "S": number_width(config.frame_steps),
        },
        # Beyond its words a memory would give anything; there it is neither read nor written, which is proved as well.
        prepare=("hierarchy -top mint_memory", "proc", "memory -nordff", "setundef -undriven -zero"),
        peeks=peeks,
        covers=COVERS,
        cover_cycles=2 * words + 12,
        apart=True,
    )
