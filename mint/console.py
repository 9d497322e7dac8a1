"""Where the commands print: results to stdout, everything else to stderr."""

import codecs
import os
import re
import sys
import time
import unicodedata
from io import TextIOWrapper
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from model.files.text import printable

SPELT = {
    "×": "x", "·": "*", "±": "+-", "–": "-", "—": "-", "√": "sqrt", "→": "->", "≥": ">=", "≤": "<=",
    "α": "alpha", "β": "beta", "γ": "gamma", "Θ": "theta", "λ": "lambda", "µ": "u", "μ": "u", "σ": "sigma", "Σ": "sum",
    "²": "^2", "⁶": "^6",
}  # fmt: skip
"""What stands in place of a character that the terminal's encoding lacks; a letter loses its accent, others are ?."""


def spelt(error: UnicodeError) -> tuple[str, int]:
    """An error handler of ``str.encode``: the characters that cannot be written, in ASCII."""
    assert isinstance(error, UnicodeEncodeError)
    text = error.object[error.start : error.end]
    plain = (SPELT.get(each) or unicodedata.normalize("NFKD", each).encode("ascii", "ignore").decode() for each in text)
    return "".join(each or "?" for each in plain), error.end


codecs.register_error("spelt", spelt)
for stream in (sys.stdout, sys.stderr):
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(errors="spelt")


class Printer(Console):
    """A console that prints names out of files and of files as they are, and lets none of them drive the terminal."""

    def render_str(self, text: str, **options: Any) -> Text:
        safe = re.sub(r"[^\n\t]+", lambda part: printable(part[0]), text)
        return super().render_str(safe, **options)


console = Printer(highlight=False, markup=False)
"""Tables and numbers that were asked for."""

messages = Printer(stderr=True, highlight=False, markup=False)
"""Progress, warnings and errors."""

BEGUN = time.monotonic()


def print_wide(table: Table, title: str) -> None:
    """Print a table as wide as it is, even in a narrow terminal or a file: a cut number is worth nothing."""
    needed = console.measure(table, options=console.options.update(max_width=1000)).maximum
    wide = Printer(width=max(needed, console.width), highlight=False, markup=False)
    wide.print(title, style="italic")  # a title of the table would wrap at the table's width
    wide.print(table)


def print_time() -> None:
    """Print what a command took: on the clock, and of processors, children included, whatever else the machine did."""
    processor = sum(os.times()[:4])
    messages.print(f"{(time.monotonic() - BEGUN) / 60:.1f} minutes, {processor / 60:.1f} minutes of processor time")
