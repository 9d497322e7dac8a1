"""A name of one's own begins every module and file, so that two networks live in one chip and one workspace."""

import json
import re
import subprocess
import sys
from dataclasses import replace

import pytest

from hdl.verilog.names import LONGEST, Names
from model.version import VERSION
from tests.hdl.folder.test_files import CHAIN, IMAGES, generate

OTHER = replace(CHAIN, seed=8, classes=4, links=CHAIN.links[:1])
NETWORKS = {"eye": CHAIN, "ear": OTHER}

BENCH = """
`timescale 1ns / 1ps
module chip_test;
  reg clk = 0, rst = 1;
  always #5 clk = ~clk;
  initial begin #40 rst = 0; end
{instances}
  always @(posedge clk) if ({done}) begin $display("both are done"); $finish; end
endmodule
"""
INSTANCE = """
  reg [{width}-1:0] {name}_beats [0:{beats}-1];
  reg [31:0] {name}_expected [0:{results}-1];
  initial $readmemh("vectors/{name}_input.hex", {name}_beats);
  initial $readmemh("vectors/{name}_expected.hex", {name}_expected);
  integer {name}_sent = 0, {name}_got = 0;
  wire {name}_ready, {name}_valid, {name}_last, {name}_error;
  wire [31:0] {name}_result;
  {name}_accelerator {name} (
    .clk(clk), .rst(rst), .s_axis_tdata({name}_beats[{name}_sent % {beats}]), .s_axis_tvalid({name}_sent < {beats}),
    .s_axis_tready({name}_ready), .s_axis_tlast({name}_sent % {packet} == {packet} - 1), .m_axis_tdata({name}_result),
    .m_axis_tvalid({name}_valid), .m_axis_tready(1'b1), .m_axis_tlast({name}_last), .error({name}_error), .working());
  always @(posedge clk) if (!rst) begin
    if ({name}_ready && {name}_sent < {beats}) {name}_sent <= {name}_sent + 1;
    if ({name}_error !== 0) $display("{name}: error");
    if ({name}_valid) begin
      {name}_got <= {name}_got + 1;
      if ({name}_result !== {name}_expected[{name}_got])
        $display("{name}: result %0d is %0d", {name}_got, $signed({name}_result));
    end
  end
"""


@pytest.fixture(scope="module")
def chip(tmp_path_factory):
    """Both networks in one folder, and their descriptions."""
    folder = tmp_path_factory.mktemp("chip")
    return folder, {name: generate(chain, folder, names=Names(name)) for name, chain in NETWORKS.items()}


def bench(descriptions):
    def instance(name, description):
        packet, port = description["input_packet"]["beats"], description["ports"]
        width = next(each["width"] for each in port if each["name"] == "s_axis_tdata")
        results = IMAGES * (description["parameters"]["classes"] + 1)
        return INSTANCE.format(name=name, width=width, packet=packet, beats=IMAGES * packet, results=results), results

    made = {name: instance(name, description) for name, description in descriptions.items()}
    done = " && ".join(f"{name}_got == {results}" for name, (_, results) in made.items())
    return BENCH.format(instances="".join(text for text, _ in made.values()), done=done)


def test_two_networks_compute_their_golden_vectors_in_one_design(chip):
    folder, descriptions = chip
    (folder / "chip_test.v").write_text(bench(descriptions), encoding="utf-8")
    sources = ["chip_test.v", *(f"{name}.v" for name in NETWORKS)]
    subprocess.run(["iverilog", "-g2005", "-Wall", "-o", "chip.vvp", *sources], cwd=folder, check=True)
    done = subprocess.run(
        ["vvp", "chip.vvp"], cwd=folder, capture_output=True, encoding="utf-8", timeout=60, check=False
    )
    assert done.stdout.splitlines()[0] == "both are done"


def test_their_modules_and_files_have_nothing_in_common(chip):
    folder, descriptions = chip
    modules = {}
    for name, description in descriptions.items():
        assert description["name"] == name
        text = (folder / description["verilog"]).read_text(encoding="utf-8")
        modules[name] = set(re.findall(r"^module (\S+?)\s*\(", text, re.MULTILINE))
        assert {f"{name}_accelerator", f"{name}_accelerator_skip"} <= modules[name]
        assert all(module.startswith(f"{name}_") for module in modules[name])
        assert all((folder / file).is_file() for file in description["verilog_parameters"].values())
    assert not modules["eye"] & modules["ear"]
    for path in folder.rglob("*"):
        if path.is_file() and path.name not in ("README.md", "mint.json", "chip_test.v", "chip.vvp"):
            assert re.match("(eye|ear)[._]", path.name), path
            assert not re.search(r"mint[._]", path.read_text(encoding="utf-8")), path


@pytest.mark.parametrize("name", NETWORKS)
def test_each_has_its_own_testbench(chip, name):
    folder, _ = chip
    sources = [f"{name}_testbench.v", f"{name}.v"]
    subprocess.run(["iverilog", "-g2005", "-o", f"{name}.vvp", *sources], cwd=folder, check=True)
    done = subprocess.run(["vvp", f"{name}.vvp"], cwd=folder, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stdout[:4]) == (0, "PASS"), done.stdout
    (folder / f"{name}.vvp").unlink()


CORE = f"""\
CAPI=2:
name: "::chip:1"
filesets:
  parts:
    depend: ["::eye:{VERSION}", "::ear:{VERSION}"]
targets:
  default:
    filesets: [parts]
    toplevel: chip
    flow: vivado
"""


def test_fusesoc_makes_a_core_of_both(chip, tmp_path):
    """Vivado gets the memories of both, and none of their clocks."""
    folder, _ = chip
    (folder / "chip.core").write_text(CORE, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "fusesoc.main",
        "--cores-root",
        ".",
        "run",
        "--setup",
        "--work-root",
        str(tmp_path),
    ]
    subprocess.run([*command, "chip"], cwd=folder, check=True)
    (folder / "chip.core").unlink()
    script = (tmp_path / "chip_1.tcl").read_text(encoding="utf-8")
    memories = [f"{name}_{memory}.hex" for name in NETWORKS for memory in ("weights", "parameters")]
    assert sorted(re.findall(r"^read_mem \{(.*)\}$", script, re.MULTILINE)) == sorted(memories)
    assert len(re.findall(r"^read_verilog \{.*/(?:eye|ear)\.v\}$", script, re.MULTILINE)) == 2
    assert "read_xdc" not in script


def test_descriptions_name_no_other(chip):
    assert not any("mint" in json.dumps(description) for description in chip[1].values())


@pytest.mark.parametrize("name", ["", "2d", "a-b", "a b", "häuser", "a$b", "a\n", "x" * (LONGEST + 1), "../up"])
def test_what_cannot_begin_a_module_is_refused(name):
    with pytest.raises(ValueError, match="cannot begin Verilog modules; choose up to 64 letters, digits and underscor"):
        Names(name)
