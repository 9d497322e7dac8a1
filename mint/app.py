"""The command ``mint``.

A command is a function of its own name in a module of its own name (``mint/commands/area.py`` has ``area``), listed in
:data:`COMMANDS`. The module is imported when the command is used, or when its help is asked for; what takes long to
import (torch, Amaranth, NumPy) is imported inside the function, so that ``mint --help`` is there at once.
"""

from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from mint.failure import explain, sentence
from model.files.home import ensure_home

COMMANDS = (
    "train",
    "export",
    "check",
    "evaluate",
    "golden",
    "watch",
    "memory",
    "energy",
    "estimate",
    "verilog",
    "cosim",
    "area",
    "timing",
    "fpga",
    "formal",
    "mutation",
)
"""In the order in which ``mint --help`` lists them."""

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 120}


class Commands(TyperGroup):
    """Imports a command's module when it is needed, and says what is wrong where one fails."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        single = typer.Typer(add_completion=False, rich_markup_mode="rich", context_settings=CONTEXT)
        single.command(cmd_name)(getattr(import_module(f"mint.commands.{cmd_name}"), cmd_name))
        return typer.main.get_command(single)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except Exception as error:
            of_typer = type(error).__module__.partition(".")[0] in ("click", "typer")
            closed = isinstance(error, BrokenPipeError)  # what reads the output has had enough
            if of_typer or closed or (ctx.params["debug"] and sentence(error) is not None):
                raise
            raise typer.Exit(explain(error)) from error


app = typer.Typer(
    cls=Commands, add_completion=False, no_args_is_help=True, rich_markup_mode="rich", context_settings=CONTEXT
)


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error too.")] = False,
) -> None:
    """From a trained spiking network with 2 to 8 bits to Verilog that computes the same integers."""


def main() -> None:
    """Run the command line; the console script calls this."""
    ensure_home()
    app(prog_name="mint")
