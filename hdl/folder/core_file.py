"""The FuseSoC description of a generated folder."""

import json
from collections.abc import Iterable

from hdl.verilog.names import Names
from model.version import VERSION


def core_file(names: Names, memories: Iterable[str], vectors: Iterable[str]) -> str:
    """CAPI 2: targets ``default`` (the files alone), ``sim`` and ``sim_verilator`` (the testbench), ``lint``, and
    ``vivado`` and ``ecp5`` (the accelerator by itself on an FPGA). Constraints of the clock are for an accelerator by
    itself: as a part of another core, it gets its clock from there.

    What a memory begins with is of the type ``mem``, without which Vivado does not look for it. It lies where the
    tool runs, because that is where the Verilog looks for it; vectors keep their folder for the same reason.
    """
    # long: one text, a target after the other

    def data(files: Iterable[str], kind: str) -> str:
        # A JSON string is a YAML string as well.
        return "".join(
            f"      - {json.dumps(file)}: {{file_type: {kind}, copyto: {json.dumps(file)}}}\n" for file in files
        )

    return f"""\
CAPI=2:
name: {json.dumps(f"::{names.name}:{VERSION}")}
description: "A spiking neural network as one module with AXI4-Stream ports"

filesets:
  rtl:
    files:
      - {names(".v")}: {{file_type: verilogSource-2005}}
  memory:
    files:
{data(memories, "mem")}\
  tb:
    files:
      - {names.testbench}.v: {{file_type: verilogSource-2005}}
{data(vectors, "user")}\
  sdc:
    files:
      - {names(".sdc")}: {{file_type: SDC}}
  xdc:
    files:
      - {names(".xdc")}: {{file_type: xdc}}
  lpf:
    files:
      - {names(".lpf")}: {{file_type: LPF}}
  waivers:
    files:
      - {names(".vlt")}: {{file_type: vlt}}

targets:
  default: &default
    filesets: [rtl, memory, "is_toplevel ? (sdc)"]
    toplevel: {names.accelerator}
  sim: &sim
    <<: *default
    description: "compare with the golden vectors in Icarus; the exit status says whether all is well"
    filesets: [rtl, memory, tb]
    toplevel: {names.testbench}
    flow: sim
    flow_options:
      tool: icarus
      iverilog_options: [-g2005]
  sim_verilator:
    <<: *sim
    description: "the same in Verilator"
    filesets: [waivers, rtl, memory, tb]
    flow_options:
      tool: verilator
      mode: binary
      verilator_options: [--timing]
  lint:
    <<: *default
    description: "Verilator's linter, all warnings on"
    filesets: [waivers, rtl, memory]
    flow: lint
    flow_options:
      tool: verilator
      verilator_options: [-Wall]
  vivado:
    <<: *default
    description: "synthesis in Vivado"
    filesets: [rtl, memory, xdc]
    flow: vivado
    flow_options:
      part: xc7a100tcsg324-1
      pnr: none
  ecp5:
    <<: *default
    description: "Yosys and nextpnr, every port on a pin of the latter's choice"
    filesets: [rtl, memory, lpf]
    flow: trellis
    flow_options:
      nextpnr_options: [--85k, --package, CABGA756, --lpf-allow-unconstrained]
"""
