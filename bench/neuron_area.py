"""What each member of the LIF family takes: the array's neuron unit alone, beside MINT's.

python -m bench.neuron_area [--liberty FILE] [--output FILE]

Every leak and reset with membranes of 4 and 8 bits, weights of 4 bits and r = 2, in a library and as cells of xc7 and
ECP5; writes ``build/neuron_area.json``.
"""

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.entry import run
from hdl.array.neuron_unit import NeuronUnit
from hdl.synthesis.flows import FPGAS, Flow, Library
from hdl.synthesis.liberty import installed_libraries
from hdl.verilog.text import verilog_text
from mint.console import console, messages
from mint.report import checked_libraries, write_json
from model.array import ArrayConfig
from model.config import Precision
from model.neurons import Lif
from model.neurons.lif import LEAKS, Reset

WEIGHT_WIDTH, MEMBRANE_WIDTHS, R = 4, (4, 8), 2
FAMILIES = ("xc7", "ecp5")
OUTPUT = Path("build/neuron_area.json")


def members() -> Iterator[Lif]:
    """MINT's first, of each width; with leak 0 a reset has nothing to do."""
    for width in MEMBRANE_WIDTHS:
        found = [Lif(width, R, leak, reset) for leak in LEAKS[1:] for reset in Reset]
        yield from sorted(found, key=lambda neuron: (neuron.leak, list(Reset).index(Reset(neuron.reset))))
    yield Lif(0, 1, 0.0)


def unit(neuron: Lif) -> str:
    """Verilog of a neuron unit for it alone."""
    precision = Precision(WEIGHT_WIDTH, neuron.membrane_width, leak=neuron.leak, reset=neuron.reset)
    config = ArrayConfig(precision=precision, accumulator_width=precision.code.accumulator_width, neurons=(neuron,))
    return verilog_text(NeuronUnit(config), "mint_neuron")


def measure(flows: list[Flow]) -> Iterator[dict[str, Any]]:
    """A record for each member and flow."""
    for neuron in members():
        text = unit(neuron)
        for flow in flows:
            cost = flow.measure(text, "mint_neuron")
            yield {**neuron.fields(), "weight_width": WEIGHT_WIDTH, "flow": flow.name, **asdict(cost)}


def main() -> None:
    parser = argparse.ArgumentParser(description="Neuron units of the LIF family.")
    parser.add_argument("--liberty", type=Path, help="standard-cell library; without it, the installed one")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="where the JSON report goes")
    chosen = parser.parse_args()
    found = [chosen.liberty] if chosen.liberty else installed_libraries()
    library = Library(found[0]) if found else Library()
    records = []
    for record in measure([library, *(flow for flow in FPGAS if flow.name in FAMILIES)]):
        cells = record["lut"] or record["gate_equivalents"]
        console.print(f"leak {record['leak']:<8g} reset {record['reset']:9} u{record['membrane_width']} "
                      f"{record['flow']:24} {cells:8,.1f}")  # fmt: skip
        records.append(record)
    write_json(chosen.output, records, checked_libraries([library]))
    messages.print(f"written: {chosen.output}")


if __name__ == "__main__":
    run(main)
