"""Where the commands print: results to stdout, everything else to stderr."""

from rich.console import Console

console = Console(highlight=False, markup=False)
"""Tables and numbers that were asked for."""

messages = Console(stderr=True, highlight=False, markup=False)
"""Progress, warnings and errors."""
