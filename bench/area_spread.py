"""How much an area depends on what means nothing: the order of ports and statements in the Verilog.

python -m bench.area_spread [--liberty FILE] [--period NS] [--orders N] [--design NAME ...] [--output FILE]

Synthesises processing element and array N times, each time in another order and in a process of its own: the first time
as Amaranth writes them, which is what `mint area` and `mint timing` report. Prints median, least and most, and writes
``build/area_spread.json``.
"""

import argparse
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

from bench.entry import run
from hdl.synthesis.designs import Variant
from hdl.synthesis.flows import Library
from hdl.synthesis.liberty import installed_libraries
from hdl.synthesis.shuffle import shuffled
from mint.console import console, messages
from mint.report import checked_libraries, write_json
from model.config import WIDTHS, Precision

DESIGNS = ("mint_pe", "mint_array")
ROWS, COLUMNS = 16, 8
WORKERS = 2
OUTPUT = Path("build/area_spread.json")


def measure(library: Library, designs: Sequence[str], orders: int) -> Iterator[dict[str, Any]]:
    """Gate equivalents of ``designs`` at every width, one for each order."""
    with ThreadPoolExecutor(WORKERS) as pool:
        for variant in (Variant(design, Precision(width, width)) for design in designs for width in WIDTHS):
            text = variant.verilog(ROWS, COLUMNS)
            texts = [text, *(shuffled(text, seed) for seed in range(1, orders))]
            found = pool.map(lambda each, top=variant.design: library.measure(each, top), texts)
            yield {
                "design": variant.design,
                "weight_width": variant.precision.weight_width,
                "membrane_width": variant.precision.membrane_width,
                "rows": 1 if variant.single else ROWS,
                "columns": 1 if variant.single else COLUMNS,
                "flow": library.name,
                "period_ns": library.period_ns,
                "gate_equivalents": [cost.gate_equivalents for cost in found],
            }


def main() -> None:
    parser = argparse.ArgumentParser(description="Spread of areas over orders of the same Verilog.")
    parser.add_argument("--liberty", type=Path, help="standard-cell library; without it, the installed one")
    parser.add_argument("--period", type=float, help="clock's period in ns that cells are sized for; without it, none")
    parser.add_argument("--orders", type=int, default=9, help="how many, the design's own included")
    parser.add_argument("--design", nargs="+", default=DESIGNS, choices=DESIGNS, help="what is measured")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="where the JSON report goes")
    chosen = parser.parse_args()
    found = [chosen.liberty] if chosen.liberty else installed_libraries()
    library = Library(found[0], chosen.period) if found else Library()
    records = []
    for record in measure(library, chosen.design, chosen.orders):
        areas = record["gate_equivalents"]
        widths = f"{record['weight_width']}/{record['membrane_width']}"
        numbers = f"{median(areas):9,.1f} ({min(areas):,.1f} to {max(areas):,.1f}), as written {areas[0]:,.1f}"
        console.print(f"{record['design']:10} {widths} {numbers}")
        records.append(record)
    write_json(chosen.output, records, checked_libraries([library]))
    messages.print(f"{library.name}, GE over {chosen.orders} orders; written: {chosen.output}")


if __name__ == "__main__":
    run(main)
