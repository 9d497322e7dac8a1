"""The FuseSoC description of a generated folder."""

import json
from collections.abc import Iterable

VERSION = "0.1.0"


def core_file(name: str, module: str, memories: Iterable[str], vectors: Iterable[str]) -> str:
    """CAPI 2: targets ``default`` (the files alone), ``sim`` and ``sim_verilator`` (the testbench), and ``lint``.

    Memories keep their folder, because that is where the Verilog looks for them.
    """

    def data(files: Iterable[str]) -> str:
        # A JSON string is a YAML string as well.
        return "".join(
            f"      - {json.dumps(file)}: {{file_type: user, copyto: {json.dumps(file)}}}\n" for file in files
        )

    return f"""\
CAPI=2:
name: {json.dumps(f"::{name}:{VERSION}")}
description: "A spiking neural network as one module with AXI4-Stream ports"

filesets:
  rtl:
    files:
      - mint.v: {{file_type: verilogSource-2005}}
  memory:
    files:
{data(memories)}\
  tb:
    files:
      - testbench.v: {{file_type: verilogSource-2005}}
{data(vectors)}\
  waivers:
    files:
      - mint.vlt: {{file_type: vlt}}

targets:
  default: &default
    filesets: [rtl, memory]
    toplevel: {module}
  sim: &sim
    <<: *default
    description: "compare with the golden vectors in Icarus; the exit status says whether all is well"
    filesets: [rtl, memory, tb]
    toplevel: testbench
    flow: sim
    flow_options:
      tool: icarus
      iverilog_options: [-g2005]
  sim_verilator:
    <<: *sim
    description: "the same in Verilator"
    flow_options:
      tool: verilator
      mode: binary
      verilator_options: [--timing, -Wno-lint, -Wno-style, -Wno-TIMESCALEMOD, -Wno-UNOPTFLAT]
  lint:
    <<: *default
    description: "Verilator's linter, all warnings on"
    filesets: [waivers, rtl, memory]
    flow: lint
    flow_options:
      tool: verilator
      verilator_options: [-Wall]
"""
