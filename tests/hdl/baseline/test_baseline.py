"""What holds of components of the baseline, apart from what it computes: it multiplies."""

import subprocess
import sys
from pathlib import Path

import pytest

from hdl.baseline.array import UqArray
from hdl.baseline.neuron_unit import UqNeuronUnit
from hdl.baseline.processing_element import UqProcessingElement
from hdl.baseline.shared_array import UqSharedArray
from hdl.synthesis.flows import operators
from hdl.verilog.text import verilog_text
from model.baseline.config import UqConfig
from model.config import Precision

ROOT = Path(__file__).parents[3]
WAIVERS = ROOT / "hdl" / "verilog" / "mint.vlt"


def config(component, rows=2, columns=2):
    shared = component in (UqNeuronUnit, UqSharedArray)
    return UqConfig.full_scale(Precision(4, 4), rows=rows, columns=columns, shared=shared)


@pytest.mark.parametrize(("component", "multipliers"), [(UqProcessingElement, 1), (UqArray, 6), (UqSharedArray, 2)])
def test_multipliers(component, multipliers):
    """One in an element, or one per column; elements are counted once per module."""
    text = verilog_text(component(config(component, rows=3)), "top")
    assert operators(text, "top")["$mul"] == multipliers


@pytest.mark.parametrize("component", [UqArray, UqSharedArray])
def test_verilator_has_nothing_to_say(component, tmp_path):
    path = tmp_path / "mint.v"  # what the waivers are for
    path.write_text(verilog_text(component(config(component)), "uq"), encoding="utf-8")
    program = Path(sys.executable).with_name("verilator-cli")
    command = [program, "--lint-only", "-Wall", str(WAIVERS), str(path)]
    result = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert (result.returncode, result.stderr) == (0, "")
