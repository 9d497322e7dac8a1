"""What holds of every component's text and netlist, apart from what it computes."""

import json
import re
import subprocess
import sys
from dataclasses import replace

import pytest
from amaranth.back import rtlil

from hdl.array.neuron_unit import NeuronUnit
from hdl.array.processing_element import ProcessingElement
from hdl.array.systolic_array import SystolicArray
from model.array import ArrayConfig
from model.config import Precision

CONFIG = ArrayConfig(
    precision=Precision(4, 4),
    rows=3,
    columns=2,
    accumulator_width=17,
    neurons=Precision(4, 4).lifs(0, 1, 3),
    joins=True,
    retire=True,
)
COMPONENTS = [ProcessingElement, NeuronUnit, SystolicArray]

CELLS = """
import json, sys
from pyosys import libyosys as ys
design = ys.Design()
for command in sys.argv[2:]:
    ys.run_pass(command, design)
ys.run_pass(f"tee -q -o {sys.argv[1]} stat -json", design)
"""


def cells(component, folder, *passes):
    """Number of cells of each type after ``passes``; Yosys runs in a process of its own, which it may end."""
    design, stat = folder / "design.il", folder / "stat.json"
    design.write_text(rtlil.convert(component, name="top", emit_src=False), encoding="utf-8")
    commands = [f"read_rtlil {design}", "proc", *passes]
    subprocess.run([sys.executable, "-c", CELLS, stat, *commands], check=True, capture_output=True, timeout=120)
    counts = {}
    for module in json.loads(stat.read_text(encoding="utf-8"))["modules"].values():
        for kind, number in module["num_cells_by_type"].items():
            counts[kind] = counts.get(kind, 0) + number
    return counts


@pytest.mark.parametrize("component", COMPONENTS)
def test_optional_members_follow_the_configuration(component):
    plain = component(replace(CONFIG, joins=False, retire=False)).signature.members
    assert not {"skip", "bias_skip", "i_skips", "retire"} & set(plain)


def test_nothing_multiplies_or_divides(tmp_path):
    counts = cells(SystolicArray(CONFIG), tmp_path)
    assert not {kind for kind in counts if re.search("mul|macc|div|mod|pow", kind)}
    assert counts["$add"] >= CONFIG.processing_elements


FLIP_FLOPS = ("flatten", "opt -full", "dffunmap", "simplemap", "opt_clean")


def flip_flops(component, folder):
    return sum(number for kind, number in cells(component, folder, *FLIP_FLOPS).items() if "DFF" in kind)


def test_retire_costs_nothing_when_off(tmp_path):
    plain = replace(CONFIG, retire=False, joins=False, neurons=CONFIG.neurons[1:2])
    width, columns = plain.accumulator_width, plain.columns
    expected = {
        "accumulators and their carries": plain.processing_elements * (width + 1),
        "neuron units: potential, threshold, bias, membrane": columns * (3 * width + plain.membrane_width),
        "tokens; the first has no enable of its own, the last shows results only": 9 + (columns - 1) * 10 + 2,
        "spikes to the next column": (columns - 1) * plain.rows,
        "weight skew": plain.weight_width * columns * (columns - 1) // 2,
        "spike deskew": columns * (columns - 1) // 2,
        "outputs: two of spikes and valid, waiting sums, freeze": 2 * (columns + 1) + 1 + 1,
        "control: state, stepping, action, row, cycle": 2 + 1 + 3 + 3 + 3,
    }
    assert flip_flops(SystolicArray(plain), tmp_path) == sum(expected.values())
    assert flip_flops(SystolicArray(replace(plain, retire=True)), tmp_path) > sum(expected.values())


def test_processing_element_is_two_registers_two_adders_and_a_multiplexer(tmp_path):
    counts = cells(ProcessingElement(CONFIG), tmp_path, "opt -full", "wreduce", "opt_clean")
    gates = {"$and": 2, "$logic_not": 1} if "$logic_not" in counts else {"$and": 3, "$not": 1}
    assert counts == {**gates, "$add": 2, "$mux": 1, "$dff": 2}
