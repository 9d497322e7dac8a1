"""The layer sequencer starts every layer once, in order, and the first one of a packet that is there."""

from dataclasses import replace
from pathlib import Path

from hdl.accelerator.layer_sequencer import LayerSequencer
from hdl.formal.proof import Proof
from hdl.formal.result_stream import result_config
from hdl.verilog.text import verilog_text
from model.accelerator.history import Turn
from model.arithmetic import number_width

HARNESS = Path(__file__).with_suffix(".v")
LAYERS, FRAMES, FURTHEST = 3, 2, 3
COVERS = ("cover_next_layer", "cover_waits", "cover_other_bank", "cover_emits")


def layers(
    streaming: bool,
    component: type[LayerSequencer] = LayerSequencer,
    *,
    lasts: bool = False,
    windows: bool = False,
    frames: int = FRAMES,
) -> Proof:
    base = result_config(1, 1, 1)
    plans = base.layers * LAYERS
    if windows:
        plans = (replace(plans[0], history=(Turn(1, 0, False), Turn(1, FURTHEST, False))), *plans[1:])
    config = replace(base, layers=plans, time_steps=frames, streaming=streaming, lasts=lasts)
    slot = max(config.slot_bits, config.bank_bits)
    looks_back = {"FURTHEST": FURTHEST, "SLOT": slot, "AGE": number_width(FURTHEST + 1)}
    return Proof(
        name="layer sequencer: layers in order, banks in turn",
        configuration=f"{LAYERS} layers"
        + f", streaming, {frames} frames" * streaming
        + ", lasting state" * lasts
        + f", {FURTHEST} earlier frames" * windows,
        design=verilog_text(component(config), "mint_layers"),
        harness=HARNESS.read_text(encoding="utf-8"),
        defines={
            "L": number_width(LAYERS),
            "F": number_width(frames),
            "LAYERS": LAYERS,
            "FRAMES": config.frames,
            **({"STREAMING": 1} if streaming else {}),
            **({"LASTS": 1} if lasts else {}),
            **(looks_back if windows else {}),
        },
        peeks={"running": "layers.running", "cleared": "layers.cleared"},
        covers=COVERS + ("cover_within_image",) * lasts,
        cover_cycles=12 * frames,
    )
