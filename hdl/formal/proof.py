"""A proof by induction over time, and the witnesses that it is about something.

A proof is a design and a harness in Verilog. The harness is a module ``proof`` that holds the design and has outputs:

- ``ok``: what has to be 1 in every cycle;
- ``assumed``: 1 in the cycles that the proof is about, which is what the design's surroundings promise;
- ``cover_...``: something that has to happen in some run that is as assumed.

``ok`` is proved by k-induction: it holds in the first k cycles, and after k cycles in which it held it holds in the
next. Nothing bounds the time. Registers of the design start with any value whatever; those of the harness that have an
initial value start with that. A register of the design that the harness needs to know is one of the proof's ``peeks``.
"""

import re
import shutil
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from hdl.verilog.yosys import YosysError, run_script
from model.files.home import plain_temporary

ALL_COVERS = """\
    reg [{last}:0] covered_before = 0;
    wire [{last}:0] covered_now = covered_before | {{{covers}}};
    always @(posedge clk) covered_before <= covered_now;
    (* keep *) wire covered = &covered_now;
endmodule"""
"""The end of a harness: whether all covers have happened."""

COUNTEREXAMPLE_LINES = 60
FAILURE_CYCLES = 16
"""How long a run to show a failure may be."""


class ProofError(RuntimeError):
    """A proof that failed, or a cover without a witness.

    The text's first line says which; a counterexample's first lines follow.
    """


@dataclass(frozen=True)
class Proof:
    """Something to prove.

    Parameters
    ----------
    name, configuration : str
        What is proved, and for which sizes.
    design, harness : str
        Verilog text; the top module is the harness's ``proof``.
    defines : dict
        Macros of the harness.
    peeks : dict
        Wires of the harness, and what they are connected to in the flattened design.
    prepare : tuple of str
        Yosys commands before the harness is read.
    covers : tuple of str
        Outputs that are 1 at some time in a run of ``cover_cycles`` cycles: all in one run, or each in its own if
        they are ``apart``, which is quicker where a run is long.
    longest : int
        The greatest k that is tried.
    """

    name: str
    configuration: str
    design: str
    harness: str
    defines: dict[str, int | str] = field(default_factory=dict)
    peeks: dict[str, str] = field(default_factory=dict)
    prepare: tuple[str, ...] = ()
    covers: tuple[str, ...] = ()
    cover_cycles: int = 8
    apart: bool = False
    longest: int = 1
    files: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Record:
    """What became of a proof: an entry of ``formal.json``."""

    proof: str
    configuration: str
    method: str
    covers: tuple[str, ...]
    seconds: float
    counterexample: str | None = None
    """Why it does not hold; the first lines."""


def prove(proof: Proof, explain: bool = True) -> Record:
    """Prove it and find its covers, in a process of its own; if it fails, ``explain`` looks for a run that shows it."""
    begun = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="mint-", dir=plain_temporary()))
    try:
        for name, text in {**proof.files, "design.v": proof.design, "harness.v": _harness(proof)}.items():
            (folder / name).write_text(text, encoding="utf-8")
        try:
            run_script([*_commands(proof), *_induction(proof), *_covers(proof)], folder)
        except YosysError as error:
            raise ProofError(
                f"{proof.name}, {proof.configuration}: {_failure(proof, folder, error, explain)}"
            ) from error
        length = re.findall(
            r"Trying induction with length (\d+)", (folder / "induction.log").read_text(encoding="utf-8")
        )[-1]
    finally:
        shutil.rmtree(folder)
    covers = tuple(cover.removeprefix("cover_") for cover in proof.covers)
    seconds = round(time.monotonic() - begun, 1)
    return Record(proof.name, proof.configuration, f"induction, k = {length}", covers, seconds)


def _harness(proof: Proof) -> str:
    if not proof.covers:
        return proof.harness
    covers = ALL_COVERS.format(last=len(proof.covers) - 1, covers=", ".join(proof.covers))
    return proof.harness.replace("endmodule", covers, 1)


def _commands(proof: Proof) -> list[str]:
    defines = " ".join(f"-D{name}={value}" for name, value in proof.defines.items())
    return [
        "read_verilog design.v",
        *proof.prepare,
        # Whatever a register of the design holds: not only what it has after power-up.
        "setattr -unset init w:*",
        f"read_verilog {defines} harness.v",
        "hierarchy -check -top proof",
        "proc",
        "flatten -noscopeinfo",
        "cd proof",
        *(f"connect -nounset -set {wire} {signal}" for wire, signal in proof.peeks.items()),
        "cd ..",
        "opt -fast",
        "check -assert",  # a wire without a driver could be anything
    ]


def _induction(proof: Proof) -> list[str]:
    return [f"tee -o induction.log sat -tempinduct -maxsteps {proof.longest} -prove ok 1 -set assumed 1 -verify"]


def _covers(proof: Proof) -> list[str]:
    together = ("covered",) if proof.covers else ()
    return [_search(proof, cover, "-falsify") for cover in (proof.covers if proof.apart else together)]


def _search(proof: Proof, cover: str, option: str = "") -> str:
    """A run with a cover. Only what this and the assumption depend on is looked at: without the law, half the time."""
    cone = f"w:{cover} w:assumed %u %ci*"
    return f"tee -o {cover}.log sat -seq {proof.cover_cycles} -set assumed 1 -prove {cover} 0 {option} {cone}"


def _failure(proof: Proof, folder: Path, error: YosysError, explain: bool) -> str:
    """What failed; for a proof, with the first lines of a run from the beginning, if a short one shows it."""
    if "did succeed" in str(error):
        return _missed(proof, folder)
    if "did fail" not in str(error):
        return str(error)
    search = f"sat -tempinduct-baseonly -maxsteps {FAILURE_CYCLES} -prove ok 1 -set assumed 1 -show-ports -verify"
    try:
        if explain:
            run_script([*_commands(proof), f"tee -o run.log {search}"], folder)
    except YosysError:
        return "it does not hold\n" + _table((folder / "run.log").read_text(encoding="utf-8"), "init|cover_")
    return f"k = {proof.longest} does not prove it\n" + _table((folder / "induction.log").read_text(encoding="utf-8"))


def _missed(proof: Proof, folder: Path) -> str:
    """Which covers no run has."""
    run_script([*_commands(proof), *(_search(proof, cover) for cover in proof.covers)], folder)
    logs = {cover: (folder / f"{cover}.log").read_text(encoding="utf-8") for cover in proof.covers}
    missed = [cover for cover, log in logs.items() if "no model found" in log]
    if not missed:
        return f"the covers do not all happen in one run of {proof.cover_cycles} cycles"
    return (
        f"{' and '.join(missed)} {'does' if len(missed) == 1 else 'do'} not happen within {proof.cover_cycles} cycles"
    )


def _table(log: str, without: str = "cover_") -> str:
    """The last table of a log, less some lines, and less the wires that have no name."""
    table = log[log.rindex("  Time Signal Name") :].split("\n\n")[0]
    lines = [line for line in table.splitlines() if not re.match(rf"\s+(\d+ \\?)?(\w+ \$|{without})", line)]
    return "\n".join(lines[:COUNTEREXAMPLE_LINES])
