"""Compile a file, or copy what the same command has compiled before: most of a Verilator build never changes.

Verilator's makefile puts this before the compiler (its variable ``OBJCACHE``). Its runtime library comes with its
package and is the same for every design: it is kept in the Python environment that the package is in. What is compiled
from a file in the folder of the build is not, nor what includes one: cocotb's part of the program makes the design's
object, whose size is in a header there.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

FOLDER = Path(sys.prefix) / "verilator-objects"


def compile_or_copy(command: Sequence[str], folder: Path) -> int:
    """Run the compiler's ``command`` unless ``folder`` has what it writes; its exit status."""
    source = Path(command[-1])
    if not source.is_absolute() or "-o" not in command:
        return subprocess.run(command, check=False).returncode
    target = Path(command[command.index("-o") + 1])
    state = source.stat()
    root = os.environ.get("VERILATOR_ROOT", "")  # where its path is not plain, a link whose name is another each time
    words = [word.replace(root, os.path.realpath(root)) if root else word for word in command]
    known = "\0".join([*words, _version(command[0]), str(state.st_size), str(state.st_mtime_ns)])
    kept = folder / hashlib.sha256(known.encode()).hexdigest()
    if kept.exists():
        shutil.copyfile(kept, target)
        return 0
    status = subprocess.run(command, check=False).returncode
    if status == 0 and _belongs_to_no_design(target.with_suffix(".d")):
        _keep(target, kept)
    return status


def _belongs_to_no_design(dependencies: Path) -> bool:
    """Whether all files that a compiler read, in the makefile's rule that it wrote (-MMD), have absolute names."""
    if not dependencies.exists():
        return False
    files = dependencies.read_text(encoding="utf-8").partition(":")[2].replace("\\\n", " ").split()
    return bool(files) and all(Path(file).is_absolute() for file in files)


def _version(compiler: str) -> str:
    return subprocess.run([compiler, "--version"], capture_output=True, encoding="utf-8", check=False).stdout


def _keep(target: Path, kept: Path) -> None:
    """Copy; the name comes last, so that nobody finds half a file. An environment that is read-only keeps nothing."""
    try:
        kept.parent.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=kept.parent, delete=False) as new:
            new.write(target.read_bytes())
        Path(new.name).replace(kept)
    except OSError:
        return


if __name__ == "__main__":
    sys.exit(compile_or_copy(sys.argv[1:], FOLDER))
