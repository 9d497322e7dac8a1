"""What toggles in a processing element that adds, and in one that is idle.

python -m bench.activity [--liberty FILE] [--cycles N]

Simulates the netlists that `mint area` measures, without delays. Prints how many registers and cells' outputs toggle a
cycle and writes ``build/activity.json``.
"""

import argparse
from dataclasses import asdict
from pathlib import Path

from bench.entry import run
from hdl.synthesis.activity import element_activity
from hdl.synthesis.flows import Library
from hdl.synthesis.liberty import installed_libraries
from mint.console import console
from mint.report import checked_libraries, write_json
from model.config import WIDTHS, Precision

OUTPUT = Path("build/activity.json")


def main() -> None:
    parser = argparse.ArgumentParser(description="Toggles of a processing element's registers and gates.")
    parser.add_argument("--liberty", type=Path, help="standard-cell library; without it, the installed one")
    parser.add_argument("--cycles", type=int, default=2000, help="cycles of every situation")
    chosen = parser.parse_args()
    found = [chosen.liberty] if chosen.liberty else installed_libraries()
    library = Library(found[0]) if found else Library()
    records = [
        record for width in WIDTHS for record in element_activity(library, Precision(width, width), chosen.cycles)
    ]
    for record in records:
        numbers = f"{record.registers:6.2f} registers {record.outputs:6.2f} outputs"
        console.print(f"w{record.weight_width} {record.situation:50} {numbers}", soft_wrap=True)
    write_json(OUTPUT, [asdict(record) for record in records], checked_libraries([library]))


if __name__ == "__main__":
    run(main)
