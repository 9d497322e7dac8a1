"""The input writer puts every beat of a whole packet in its place, in a bank that is free, and throws others away."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from hdl.accelerator.input_writer import InputWriter
from hdl.formal.proof import Proof
from hdl.verilog.text import verilog_text
from model.accelerator.config import AcceleratorConfig
from model.accelerator.plan import plan
from model.arithmetic import number_width
from model.config import Precision
from model.inputs import COUNTS, inputs_of
from model.network.graph import INPUT, Layer, LayerKind, Source
from model.network.network import Network

NAME = "input writer: images in their banks, others thrown away"
HARNESS = Path(__file__).with_suffix(".v")
PLANES = HARNESS.with_name("input_planes.v")
PACKETS = HARNESS.with_name("packets.v")
"""What both harnesses count."""
COVERS = ("cover_both_full", "cover_third", "cover_after_long", "cover_after_short")
OF_PLANES = ("cover_both_full", "cover_after_long", "cover_after_short", "cover_rest_of_broken")
ROWS, COLUMNS, STEPS, CHANNELS, COUNT_BITS = 2, 2, 2, 2, 3
WORD, INPUTS = 8, 18
"""Of a linear layer: bits of a word, and inputs, which are two words and a part of a third."""


def writer_config(kind: str, layer: str, inputs: int = 8) -> AcceleratorConfig:
    """An accelerator of one layer, whose input is all that matters: four positions, or the inputs of a linear layer."""
    conv, precision = layer == LayerKind.CONV, Precision(2, 2)
    one, code = np.ones(2, np.int32), precision.code
    first = Layer(
        name="first",
        kind=LayerKind(layer),
        neuron=precision.lif(),
        code=code,
        sources=(Source(INPUT, np.ones((2, CHANNELS, 1, 1) if conv else (2, inputs), np.int8)),),
        bias=one,
        threshold=one,
    )
    reads = Source("first", np.ones((2, 8 if conv else 2), np.int8))
    last = Layer(name="last", kind=LayerKind.LINEAR, neuron=None, code=code, sources=(reads,), bias=0 * one)
    network = Network(
        inputs_of(kind, COUNT_BITS if kind == COUNTS else None),
        (CHANNELS, ROWS, COLUMNS) if conv else (inputs, 1, 1),
        STEPS,
        (first, last),
    )
    return plan(network, lanes=2, lanes_per_neuron_unit=1)


def linear_config(kind: str) -> AcceleratorConfig:
    """Of a linear layer of ``INPUTS``, with words that are shorter than a real one's."""
    planned = writer_config(kind, "linear", INPUTS)
    first = replace(planned.layers[0], word_channels=WORD, words=-(-INPUTS // WORD))
    return replace(planned, layers=(first, *planned.layers[1:]))


def plane_writer(component: type[InputWriter] = InputWriter) -> Proof:
    """Of the pixels of a linear layer, which become bit planes."""
    config = linear_config("pixels")
    first, beats = config.layers[0], WORD // config.beat_values
    registers = "place", "filling", "last_word", "captured", "ends", "plane", "waiting", "number"
    sets = {
        f"pixels_{which}": ",".join(f"writer.pixel_{which}_{k}" for k in reversed(range(WORD))) for which in range(2)
    }
    return Proof(
        name=NAME,
        configuration=f"pixels, linear, {config.input_beats} beats",
        design=verilog_text(component(config), "mint_writer"),
        harness=PLANES.read_text(encoding="utf-8") + PACKETS.read_text(encoding="utf-8"),
        defines={
            "BEATS": config.input_beats,
            "WORDS": first.words,
            "VALUES": config.beat_values,
            "PIXELS": INPUTS,
            "D": config.input_width,
            "W": config.input_word_width,
            "A": number_width(config.input_words),
            "K": number_width(WORD),
            "N": number_width(config.input_beats),
            "B": number_width(beats),
            "V": number_width(first.words),
        },
        peeks={name: f"writer.{name}" for name in registers}
        | {"unit_count": "writer.count", "unit_swallow": "writer.swallow"}
        | sets,
        covers=OF_PLANES,
        cover_cycles=2 * (config.input_beats + 8 * first.words + 2),
        apart=True,
    )


def input_writer(kind: str, layer: str, component: type[InputWriter] = InputWriter) -> Proof:
    """Of packets that are stored beat by beat, as all are but the pixels of a linear layer."""
    if (kind, layer) == ("pixels", "linear"):
        return plane_writer(component)
    config = linear_config(kind) if layer == "linear" else writer_config(kind, layer)
    ordered = kind != "pixels" and layer == "conv"
    defines: dict[str, int | str] = {
        "BEATS": config.input_beats,
        "STEPS": STEPS if ordered else 1,
        "D": config.input_width,
        "W": config.input_word_width,
        "A": number_width(config.input_words),
        "N": number_width(config.input_beats),
    }
    peeks = {"unit_count": "writer.count" if ordered else "writer.address", "unit_swallow": "writer.swallow"}
    design = verilog_text(component(config), "mint_writer")
    if ordered:
        defines |= {"LOOPS": 1, "COLUMNS": COLUMNS}
        taken = re.findall(r"address_step\$\d+", design)[0]  # the loops have a wire of that name, too
        registers = {"step": taken, "row": "address_row", "column": "values__address"}
        peeks["unit_begun"] = "writer.begun"
        for level, register in registers.items():
            peeks[f"{level}_count"] = f"1'0,1'0,writer.order.{level}_count"
            peeks[f"address_{level}"] = f"writer.order.{register}"
    if layer == "linear":
        first = config.layers[0]
        rest = INPUTS % WORD * first.value_bits
        defines |= {"WORDS": first.words, "REST": rest, "V": number_width(first.words)}
        peeks["unit_number"] = "writer.number"
    return Proof(
        name=NAME,
        configuration=f"{kind}, {layer}, {config.input_beats} beats",
        design=design,
        harness=HARNESS.read_text(encoding="utf-8") + PACKETS.read_text(encoding="utf-8"),
        defines=defines,
        peeks=peeks,
        covers=COVERS,
        cover_cycles=3 * config.input_beats + 6,
        apart=True,
    )
