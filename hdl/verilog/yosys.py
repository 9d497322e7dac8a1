"""Run a Yosys script in a process of its own: an error in Yosys ends the process that it happens in."""

import os
import subprocess
import sys
from pathlib import Path

from model.errors import UserError
from model.files.home import plain_temporary


class YosysError(UserError):
    """Yosys stopped; the text is its own message."""


def run_script(commands: list[str], folder: Path) -> None:
    """Run ``commands`` in ``folder``; what Yosys prints goes to ``yosys.log`` there."""
    (folder / "script.ys").write_text("\n".join(commands) + "\n", encoding="utf-8")
    log = folder / "yosys.log"
    with log.open("w", encoding="utf-8") as output:
        child = subprocess.run(
            [sys.executable, "-c", "from pyosys import libyosys as y; y.run_pass('script script.ys', y.Design())"],
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | {"TMPDIR": plain_temporary()},  # ABC is run there, by a shell
            check=False,
        )
    if child.returncode:
        lines = log.read_text(encoding="utf-8").splitlines()
        errors = [line for line in lines if line.startswith("ERROR:")] or lines[-1:] or ["no output"]
        raise YosysError(f"Yosys failed: {errors[0].removeprefix('ERROR: ')}")
