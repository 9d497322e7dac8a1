"""What is too long for ``make test``: at most three hours on two cores, part by part.

python -m tools.nightly [PART ...]

A part is a list of steps, each a command that can be run by hand. A step that passed is not run again while the tree
is the same: state and logs are in build/nightly, in a folder named by a digest over all files. So what was interrupted
goes on where it was, and a step that failed is tried again. The exit status is 1 unless every step passed.
"""

import argparse
import hashlib
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from rich.table import Table

from mint.console import console, messages, print_wide

ROOT = Path(__file__).parent.parent
STATE = Path("build/nightly")
WORKERS = 2
MINUTES = 180.0
"""Then what still runs is ended, and counts as failed."""

Step = tuple[str, ...]
"""Arguments of Python, or a make verb."""
RUNNING: set["subprocess.Popen[bytes]"] = set()


@dataclass(frozen=True)
class Part:
    """A row of the table: what it shows, and the steps that show it, in any order."""

    name: str
    shows: str
    steps: tuple[Step, ...]


OF_RECORDINGS = ("bundles/nmnist-w4u4.safetensors",)
"""Checked where MINT_DATA names the recordings: nothing downloads them."""
BUNDLES = tuple(
    name
    for name in sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "bundles").glob("*.safetensors"))
    if "MINT_DATA" in os.environ or name not in OF_RECORDINGS
)
PARTS = (
    Part(
        "shipped",
        "shipped networks classify all test images as recorded, to the image",
        tuple(("-m", "tools.shipped", name) for name in BUNDLES),
    ),
    Part(
        "fuzz",
        "20,000 damaged bundles: each is refused with a sentence, or is a network that everything takes",
        tuple(("-m", "tools.fuzz", f"--first={first}", "--count=2000") for first in range(0, 20_000, 2000)),
    ),
    Part("tests", "the tests that are too long for `make test`", (("-m", "pytest", "-m", "nightly"),)),
    Part("long", "65,536 time steps through the testbench of a generated folder", (("-m", "bench.long_stream"),)),
    Part("soak", "1,000 images through an accelerator in Verilog, with random waits", (("make", "soak"),)),
)


def tree_digest(root: Path = ROOT) -> str:
    """Of the names and bytes of all files that git tracks or would."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        check=True,
    ).stdout
    digest = hashlib.sha256()
    for name in sorted(set(listed.split(b"\0")) - {b""}):
        path = root / os.fsdecode(name)
        if path.is_file():
            digest.update(name + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def log_of(state: Path, step: Step) -> Path:
    """Where a step's output goes; once it passed, with the suffix ``.passed``."""
    return state / f"{hashlib.sha256(shlex.join(step).encode()).hexdigest()[:16]}.log"


def passed(state: Path, step: Step) -> bool:
    return log_of(state, step).with_suffix(".passed").exists()


def run(step: Step, state: Path, deadline: float, root: Path = ROOT) -> str | None:
    """Run a step unless it passed before; None if it passes, else a sentence."""
    if passed(state, step):
        return None
    if monotonic() >= deadline:
        return "not started: the time is over; the same command goes on"
    command = list(step) if step[0] == "make" else [sys.executable, *step]
    log = log_of(state, step)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    environment |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    with log.open("wb") as output:
        # A session of its own, so that it ends with all that it started.
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, env=environment, start_new_session=True
        )
        RUNNING.add(process)
        try:
            status = process.wait(deadline - monotonic())
        except subprocess.TimeoutExpired:
            return f"ended: the time is over; the same command goes on; {log}"
        finally:
            end(process)
    if status:
        return f"exit status {status}: {last_line(log)}; {log}"
    if state.name != tree_digest(root):
        return f"a file changed meanwhile; the same command begins anew; {log}"
    log.replace(log.with_suffix(".passed"))
    return None


def end(process: "subprocess.Popen[bytes]") -> None:
    """End a step that still runs, with all that it started."""
    RUNNING.discard(process)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def last_line(log: Path) -> str:
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return lines[-1].strip() if lines else "no output"


def nightly(parts: Sequence[Part], folder: Path = STATE, minutes: float = MINUTES, root: Path = ROOT) -> bool:
    """Run what has not passed, two steps at a time, and print the table; whether all have."""
    state = folder / tree_digest(root)
    state.mkdir(parents=True, exist_ok=True)
    deadline = monotonic() + 60 * minutes

    def report(step: Step) -> str | None:
        failure = run(step, state, deadline, root)
        messages.print(f"{'ok    ' if failure is None else 'FAILED'} {shlex.join(step)}", soft_wrap=True)
        return failure

    with ThreadPoolExecutor(WORKERS) as pool:
        waiting = {part: [pool.submit(report, step) for step in part.steps] for part in parts}
        try:
            found = {part: [step.result() for step in steps] for part, steps in waiting.items()}
        except BaseException:  # interrupted: nothing stays behind
            pool.shutdown(wait=False, cancel_futures=True)
            for process in list(RUNNING):
                end(process)
            raise
    table = Table("part", "step", "result")
    for part, failures in found.items():
        table.add_section()
        for index, (step, failure) in enumerate(zip(part.steps, failures, strict=True)):
            line = failure or last_line(log_of(state, step).with_suffix(".passed"))
            table.add_row("" if index else part.name, shlex.join(step), line if failure is None else f"FAILED {line}")
    print_wide(table, f"nightly, state in {state}")
    missed = sum(failure is not None for failures in found.values() for failure in failures)
    console.print(f"{missed} steps failed" if missed else "all passed")
    return missed == 0


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; the exit status."""
    listed = "\n".join(f"  {part.name:10} {part.shows}" for part in PARTS)
    parser = argparse.ArgumentParser(
        prog="python -m tools.nightly", epilog=f"parts:\n{listed}", formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help="without one, all")
    asked = parser.parse_args(arguments).parts
    unknown = sorted(set(asked) - {part.name for part in PARTS})
    if unknown:
        parser.error(f"part {unknown[0]!r}; choose among: {', '.join(part.name for part in PARTS)}")
    chosen = [part for part in PARTS if not asked or part.name in asked]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    return 0 if nightly(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
