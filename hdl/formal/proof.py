"""A proof by induction over time, and the witnesses that it is about something.

A proof is a design and a harness in Verilog. The harness is a module ``proof`` that holds the design and has the outputs

- ``ok``: what has to be 1 in every cycle;
- ``assumed``: 1 in the cycles that the proof is about, which is what the design's surroundings promise;
- ``cover_...``: something that has to happen in some run that is as assumed.

``ok`` is proved by k-induction: it holds in the first k cycles, and after k cycles in which it held it holds in the next.
Nothing bounds the time. Registers of the design start with any value whatever; those of the harness that have an initial
value start with that. A register of the design that the harness needs to know is one of the proof's ``peeks``.
"""

import re
import shutil
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from hdl.yosys import YosysError, run_script

COUNTEREXAMPLE_LINES = 60


class ProofError(RuntimeError):
    """A proof that failed, or a cover without a witness; the text has the first lines of the counterexample."""


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
        Outputs that are 1 in some run of ``cover_cycles`` cycles.
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
    longest: int = 3
    files: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Record:
    """A proof that held: an entry of ``formal.json``."""

    proof: str
    configuration: str
    method: str
    covers: tuple[str, ...]
    seconds: float


def prove(proof: Proof) -> Record:
    """Prove it and find its covers, in a process of its own."""
    begun = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="mint-"))
    try:
        for name, text in {**proof.files, "design.v": proof.design, "harness.v": proof.harness}.items():
            (folder / name).write_text(text)
        try:
            run_script(_commands(proof), folder)
        except YosysError as error:
            raise ProofError(_failure(proof, folder, error)) from error
        length = re.findall(r"Trying induction with length (\d+)", (folder / "induction.log").read_text())[-1]
    finally:
        shutil.rmtree(folder)
    covers = tuple(cover.removeprefix("cover_") for cover in proof.covers)
    seconds = round(time.monotonic() - begun, 1)
    return Record(proof.name, proof.configuration, f"induction, k = {length}", covers, seconds)


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
        "flatten",
        "cd proof",
        *(f"connect -nounset -set {wire} {signal}" for wire, signal in proof.peeks.items()),
        "cd ..",
        "opt -fast",
        "check -assert",  # a wire without a driver could be anything
        f"tee -o induction.log sat -tempinduct -maxsteps {proof.longest} -prove ok 1 -set assumed 1 -verify",
        *(
            f"tee -o {cover}.log sat -seq {proof.cover_cycles} -prove {cover} 0 -set assumed 1 -falsify"
            for cover in proof.covers
        ),
    ]


def _failure(proof: Proof, folder: Path, error: YosysError) -> str:
    """What failed, with the first cycles of the counterexample."""
    what = f"{proof.name}, {proof.configuration}"
    for cover in proof.covers:
        log = folder / f"{cover}.log"
        if "did succeed" in str(error) and log.exists() and "no model found" in log.read_text():
            return f"{what}: {cover} does not happen within {proof.cover_cycles} cycles"
    log = folder / "induction.log"
    found = re.findall(r"^  Time Signal Name.*?(?=^\n|\Z)", log.read_text() if log.exists() else "", re.M | re.S)
    if "proof did fail" not in str(error) or not found:
        return f"{what}: {error}"
    lines = found[-1].rstrip().splitlines()[:COUNTEREXAMPLE_LINES]
    return f"{what}: it does not hold\n" + "\n".join(lines)
