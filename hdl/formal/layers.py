"""The layer sequencer starts every layer once, in order, and the first one of a packet that is there."""

from dataclasses import replace
from pathlib import Path

from hdl.accelerator.layer_sequencer import LayerSequencer
from hdl.formal.proof import Proof
from hdl.formal.result_stream import result_config
from hdl.verilog.text import verilog_text
from model.arithmetic import number_width

HARNESS = Path(__file__).with_suffix(".v")
LAYERS, FRAMES = 3, 2
COVERS = ("cover_next_layer", "cover_waits", "cover_other_bank", "cover_emits")


def layers(streaming: bool, component: type[LayerSequencer] = LayerSequencer, *, lasts: bool = False) -> Proof:
    base = result_config(1, 1, 1)
    config = replace(base, layers=base.layers * LAYERS, time_steps=FRAMES, streaming=streaming, lasts=lasts)
    return Proof(
        name="layer sequencer: layers in order, banks in turn",
        configuration=f"{LAYERS} layers" + f", streaming, {FRAMES} frames" * streaming + ", lasting state" * lasts,
        design=verilog_text(component(config), "mint_layers"),
        harness=HARNESS.read_text(encoding="utf-8"),
        defines={
            "L": number_width(LAYERS),
            "F": number_width(FRAMES),
            "LAYERS": LAYERS,
            "FRAMES": config.frames,
            **({"STREAMING": 1} if streaming else {}),
            **({"LASTS": 1} if lasts else {}),
        },
        peeks={"running": "layers.running", "cleared": "layers.cleared"},
        covers=COVERS + ("cover_within_image",) * lasts,
        cover_cycles=24,
    )
