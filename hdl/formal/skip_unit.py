"""The skip unit hands out every set bit of every word exactly once, in order, and none else."""

from pathlib import Path

from hdl.accelerator.skip_unit import SkipUnit, item_layout
from hdl.formal.proof import Proof
from hdl.verilog.text import verilog_text

HARNESS = Path(__file__).with_suffix(".v")
ROW_WIDTH = 5

COVERS = ("cover_full_word", "cover_empty_fires", "cover_empty_doubles", "cover_doubles_and_fires")
OF_SEVERAL_BITS = ("cover_waits_between_bits", "cover_word_after_word")


def skip_unit(word_width: int, component: type[SkipUnit] = SkipUnit) -> Proof:
    return Proof(
        name="skip unit: every set bit once, in order",
        configuration=f"{word_width} bits",
        design=verilog_text(component(item_layout(word_width, ROW_WIDTH)), "mint_skip"),
        harness=HARNESS.read_text(encoding="utf-8"),
        defines={"B": word_width, "R": ROW_WIDTH},
        peeks={"word": "unit.word", "unit_doubling": "unit.doubling"},
        covers=COVERS if word_width == 1 else COVERS + (OF_SEVERAL_BITS if word_width > 2 else OF_SEVERAL_BITS[1:]),
        cover_cycles=word_width + 5,
        apart=True,
    )
