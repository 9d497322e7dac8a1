"""The input writer puts every beat of a whole packet in its place, in a bank that is free, and throws others away."""

import re
from pathlib import Path

import numpy as np

from hdl.formal.proof import Proof
from hdl.input_writer import InputWriter
from hdl.verilog import verilog_text
from model.accelerator import AcceleratorConfig, number_width
from model.config import Precision
from model.network import Layer, Network, Source
from model.plan import plan
from model.validation import INPUT

HARNESS = Path(__file__).with_suffix(".v")
COVERS = ("cover_both_full", "cover_third", "cover_after_long", "cover_after_short")
ROWS, COLUMNS, STEPS, CHANNELS = 2, 2, 2, 2


def writer_config(kind: str, layer: str) -> AcceleratorConfig:
    """An accelerator of one layer, whose input is all that matters: four positions, or time steps of a linear layer."""
    network = Network(
        kind,
        (CHANNELS, ROWS, COLUMNS),
        STEPS,
        (
            Layer(
                "first", layer, "lif", Precision(2, 2),
                (Source(INPUT, np.ones((2, CHANNELS, 1, 1) if layer == "conv" else (2, 8), np.int8)),),
                *np.full((2, 2), 1, np.int32),
            ),
            Layer(
                "last", "linear", "none", Precision(2, 2),
                (Source("first", np.ones((2, 8 if layer == "conv" else 2), np.int8)),), np.zeros(2, np.int32),
            ),
        ),
    )  # fmt: skip
    return plan(network, lanes=2, lanes_per_neuron_unit=1)


def input_writer(kind: str, layer: str, component: type[InputWriter] = InputWriter) -> Proof:
    """Of packets that are stored beat by beat, as all are but the pixels of a linear layer."""
    config = writer_config(kind, layer)
    ordered = (kind, layer) == ("spikes", "conv")
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
    return Proof(
        name="input writer: images in their banks, others thrown away",
        configuration=f"{kind}, {layer}, {config.input_beats} beats",
        design=design,
        harness=HARNESS.read_text(),
        defines=defines,
        peeks=peeks,
        covers=COVERS,
        cover_cycles=3 * config.input_beats + 6,
    )
