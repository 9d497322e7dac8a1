"""An accelerator's cells on a 7-series FPGA, mapped by Yosys, not placed: for comparison with others' numbers."""

import json
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hdl.verilog.yosys import run_script
from model.files.home import plain_temporary

FLOW = "synth_xilinx -family xc7 -flatten -noiopad -nodsp"
"""In which Spiker+ 784-128-10 takes 7,703 LUT."""

SMALL_MEMORIES = {"RAM32M": 4, "RAM64M": 4, "RAM32X1D": 2, "RAM64X1D": 2, "RAM128X1D": 4}
"""Tables that a memory of tables takes."""


@dataclass(frozen=True)
class Cells:
    """Cells: ``lut`` of one to six inputs; ``all_lut`` with inverters, shift registers and small memories."""

    lut: int
    all_lut: int
    flip_flops: int
    block_ram: float
    """Of 36 kbit."""
    dsp: int


def cells(texts: Mapping[str, str], top: str) -> Cells:
    """Map module ``top`` of ``mint.v`` in ``texts``, which has the files that the Verilog reads, too."""
    with tempfile.TemporaryDirectory(prefix="mint-", dir=plain_temporary()) as name:
        folder = Path(name)
        for file, text in texts.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(text, encoding="utf-8")
        script = ["read_verilog mint.v", f"hierarchy -check -top {top}", f"{FLOW} -top {top}"]
        run_script([*script, "tee -q -o cells.json stat -json"], folder)
        found = json.loads((folder / "cells.json").read_text(encoding="utf-8"))["design"]["num_cells_by_type"]
    return counted(found)


def counted(found: Mapping[str, int]) -> Cells:
    """The counts of a netlist's cells by type."""

    def count(pattern: str) -> int:
        return sum(number for cell, number in found.items() if re.fullmatch(pattern, cell))

    lut = count(r"LUT[1-6]")
    small = sum(tables * found.get(cell, 0) for cell, tables in SMALL_MEMORIES.items())
    return Cells(
        lut=lut,
        all_lut=lut + count(r"INV|SRL\w+") + small,
        flip_flops=count(r"FD[RSCP]E"),
        block_ram=count("RAMB36E1") + count("RAMB18E1") / 2,
        dsp=count(r"DSP\w+"),
    )
