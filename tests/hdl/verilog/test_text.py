"""The Verilog writer: the same text everywhere, and a file that is whole or not there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from amaranth.hdl import Module, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.array.systolic_array import SystolicArray
from hdl.verilog.text import VerilogError, verilog_text, write_verilog
from model.array import ArrayConfig
from model.config import Precision

CONFIG = ArrayConfig(
    precision=Precision(2, 4), rows=2, columns=3, accumulator_width=15, neurons=Precision(2, 4).lifs(0, 2), joins=True
)
ELSEWHERE = """
import sys
from hdl.array.systolic_array import SystolicArray
from hdl.verilog.text import verilog_text
from model.array import ArrayConfig
from model.config import Precision
widths = Precision(2, 4)
config = ArrayConfig(
    precision=widths, neurons=widths.lifs(0, 2), rows=2, columns=3, accumulator_width=15, joins=True
)
sys.stdout.write(verilog_text(SystolicArray(config), "systolic_array"))
"""


@pytest.fixture(scope="module")
def text():
    return verilog_text(SystolicArray(CONFIG), "systolic_array")


def test_same_bytes_in_one_process_and_in_another(text, monkeypatch):
    assert verilog_text(SystolicArray(CONFIG), "systolic_array") == text
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    root = Path(__file__).parents[3]
    other = subprocess.run(
        [sys.executable, "-c", ELSEWHERE], cwd=root, capture_output=True, encoding="utf-8", check=True
    )
    assert other.stdout == text


def test_text_names_no_place(text):
    assert "/home" not in text
    assert ".py" not in text
    assert str(Path.cwd()) not in text


def test_modules_are_shared_and_named_plainly(text):
    modules = re.findall(r"^module (\S+)", text, re.MULTILINE)
    assert modules[0].startswith("systolic_array(")
    assert modules.count("systolic_array_pe") == 1
    assert len(re.findall(r"^  systolic_array_pe pe_\d_\d \($", text, re.MULTILINE)) == CONFIG.processing_elements
    assert not any("\\" in module for module in modules)


def test_ports_have_plain_names(text):
    ports = set(re.findall(r"^  (?:input|output) (?:\[\d+:0\] )?(\S+);", text.split("endmodule")[0], re.MULTILINE))
    streams = ("i_parameters", "i_weights", "i_spikes", "i_skips", "o_spikes", "o_sums")
    assert ports == {"clk", "rst"} | {f"{name}__{part}" for name in streams for part in ("payload", "valid", "ready")}


def test_no_process_waits_for_its_inputs(text):
    assert "always @*" not in text
    assert "always @(posedge clk)" in text


def test_file_is_written_once(tmp_path, text):
    path = tmp_path / "deep" / "array.v"
    assert write_verilog(path, SystolicArray(CONFIG), "systolic_array")
    assert path.read_text(encoding="utf-8") == text
    stamp = path.stat().st_mtime_ns
    assert not write_verilog(path, SystolicArray(CONFIG), "systolic_array")
    assert path.stat().st_mtime_ns == stamp
    assert [file.name for file in path.parent.iterdir()] == ["array.v"]


class Twice(wiring.Component):
    """Two identical submodules whose names clash with a third's once their indices are dropped."""

    i: In(signed(4))
    o: Out(signed(4))

    def elaborate(self, platform):
        m = Module()
        value = self.i
        for name, step in (("part_0", 1), ("part_1", 1), ("part", 2)):
            m.submodules[name] = part = Part(step)
            m.d.comb += part.i.eq(value)
            value = part.o
        m.d.comb += self.o.eq(value)
        return m


class Part(wiring.Component):
    i: In(signed(4))
    o: Out(signed(4))

    def __init__(self, step):
        self.step = step
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        m.d.sync += self.o.eq(self.i + self.step)
        return m


def test_sharing_keeps_different_modules_apart():
    modules = re.findall(r"^module (\w+)", verilog_text(Twice(), "twice"), re.MULTILINE)
    assert len(set(modules)) == len(modules) == 3


def test_failure_of_yosys_is_told(monkeypatch):
    """And is forgotten by the next text, of the same process."""
    text = verilog_text(SystolicArray(CONFIG), "systolic_array")
    with monkeypatch.context() as patch:
        patch.setattr("hdl.verilog.text.PASSES", ("no_such_pass",))
        with pytest.raises(VerilogError, match=r"could not write the Verilog of systolic_array: .*no_such_pass"):
            verilog_text(SystolicArray(CONFIG), "systolic_array")
    assert verilog_text(SystolicArray(CONFIG), "systolic_array") == text


@pytest.mark.parametrize("home", ["/dev/null", "relative"])
def test_a_home_that_holds_no_cache_is_none(home, tmp_path):
    """Yosys's compiled WebAssembly is kept where that is possible, and made again where not."""
    code = "from hdl.verilog.writer import written; print(written('write_rtlil'))"
    root = Path(__file__).parents[3]
    environment = {"PATH": os.environ["PATH"], "HOME": home, "PYTHONPATH": str(root)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8", check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
