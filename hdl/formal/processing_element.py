"""The processing element follows its law, and rests when there is nothing to do."""

from pathlib import Path

from hdl.array.processing_element import ProcessingElement
from hdl.formal.proof import Proof
from hdl.verilog.text import verilog_text
from model.array import ArrayConfig

HARNESS = Path(__file__).with_suffix(".v")

COVERS = (
    "cover_weight",
    "cover_negative_weight",
    "cover_no_spike",
    "cover_carry",
    "cover_preload",
    "cover_wrap",
    "cover_long_sum",
    "cover_rest",
)


def processing_element(config: ArrayConfig, component: type[ProcessingElement] = ProcessingElement) -> Proof:
    return Proof(
        name="processing element = law",
        configuration=f"W = {config.weight_width}, {config.accumulator_width} bits",
        design=verilog_text(component(config), "mint_pe"),
        harness=HARNESS.read_text(encoding="utf-8"),
        longest=2,
        defines={"W": config.weight_width, "A": config.accumulator_width},
        peeks={"carry": "element.carry"},
        covers=COVERS,
    )
