"""Which benches notice which mutants of the accelerator: the own bench of a component, then the accelerator's."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from unittest import mock

from hdl.formal import equivalence, mutation
from hdl.formal.equivalence import Miter, ports_of
from hdl.formal.mutation import Mutant, Verdict, flat_text, instance, list_mutants, selecting, spread, write_mutant
from sim.accelerator import cosim
from sim.accelerator.subjects import SUBJECTS, Subject
from sim.harness.compiled import compile_verilog
from sim.harness.cosimulation import Waits
from sim.harness.mutants import Campaign, Mutated, Outcome, fingerprint
from sim.harness.simulators import BenchError, OvertimeError, SimulationError
from sim.networks.random_chains import sparse_images

SEED = 2024
LIST_SEED = 1
TIMEOUT_S = 60
"""For one mutant; the longest bench takes a second."""

PROOF_S = 20
"""Of the processor, for one mutant."""
IMAGES, CYCLES = 3, 2500
"""Of the co-simulation, for an image at most about."""

MORE = 4
"""So many times as many are listed as are wanted, so that there are enough of each mode."""


@dataclass(frozen=True)
class Said:
    """What a bench said about a mutant: what it noticed, if anything, or how the simulation died."""

    noticed: str | None = None
    died: str | None = None


def subject_mutants(text: str, module: str, count: int, folder: Path) -> list[Mutant]:
    """``count`` mutants, every mode as often as there are."""
    return spread(list_mutants(text, module, LIST_SEED, MORE * count, folder), count)


def around(subject: Subject, text: str) -> str:
    """Verilog of the accelerator without the component that has the Verilog ``text``."""
    names = {name for _, _, name in ports_of(text, subject.module)}
    design = subject.design
    elaborate = instance(subject.module, [name for name in ("clk", "rst") if name not in names])
    with mock.patch.object(subject.kind, "elaborate", elaborate):
        return cosim.accelerator_text(design.network, design.config)


def run_bench(text: str, mutants: Sequence[Mutant], name: str, folder: Path, timeout_s: int = TIMEOUT_S) -> list[Said]:
    """What the bench of the subject ``name`` says about each of ``mutants``.

    The design without a mutant comes first: raises :class:`SimulationError` if the bench has something to say about
    that, or if the simulation does not build or run.
    """
    folder.mkdir(parents=True, exist_ok=True)
    library = compile_verilog(text, folder / "compiled", selecting(mutants))
    outcomes, job = folder / "outcomes.jsonl", folder / "job.json"
    outcomes.unlink(missing_ok=True)
    said: dict[int, Said] = {}
    waiting = [*range(len(mutants) + 1)]
    while waiting:
        asked = {"subject": name, "library": str(library), "outcomes": str(outcomes), "numbers": waiting}
        job.write_text(json.dumps(asked | {"seed": SEED, "timeout_s": timeout_s}), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-m", "sim.accelerator.bench_mutants", str(job)],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path)},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        lines = (
            [json.loads(line) for line in outcomes.read_text(encoding="utf-8").splitlines()]
            if outcomes.exists()
            else []
        )
        said |= {line["number"]: Said(line["noticed"]) for line in lines if "noticed" in line}
        if 0 not in said:
            raise SimulationError(
                f"the bench of {name} does not run: {(done.stderr.splitlines() or ['no reason'])[-1]}"
            )
        if said[0].noticed:
            raise SimulationError(f"the bench of {name} fails without a mutant: {said[0].noticed}")
        waiting = [number for number in waiting if number not in said]
        if waiting:
            said[waiting[0]] = Said(died=f"the simulation of {name} died: exit status {done.returncode}")
            waiting = waiting[1:]
    return [said[number] for number in range(1, len(mutants) + 1)]


def cosimulate(subject: Subject, text: str, folder: Path) -> str | None:
    """What the accelerator's co-simulation says about the accelerator with the Verilog ``text``; None if nothing.

    Raises :class:`SimulationError` if it dies, or is not over in time.
    """
    design = subject.design
    prepared = cosim.prepare(
        design.network,
        sparse_images(design.network, IMAGES, SEED),
        folder,
        design.config,
        cycles_an_image=CYCLES,
        verilog=text,
    )
    try:
        return cosim.run(prepared, waits=Waits(64, 64)).first
    except OvertimeError:
        raise
    except BenchError as error:
        return str(error)


def judge(name: str, text: str, mutants: Sequence[Mutant], folder: Path) -> list[Outcome]:
    """What the own bench of the subject ``name`` makes of mutants."""
    try:
        return [_outcome(name, said) for said in run_bench(text, mutants, name, folder / "bench")]
    except Exception as error:  # what could not be tried says nothing, whatever the reason
        return [Outcome("error", f"{type(error).__name__}: {error}")] * len(mutants)


def _outcome(name: str, said: Said) -> Outcome:
    if said.died is not None:
        return Outcome("error", said.died)
    return Outcome("unnoticed", "") if said.noticed is None else Outcome("killed", f"{name}: {said.noticed}")


def settle(name: str, text: str, mutants: Sequence[Mutant], folder: Path) -> list[Outcome]:
    """What becomes of mutants that their own bench does not notice: a proof, or else the accelerator's bench."""
    try:
        subject = SUBJECTS[name]()
        miter = Miter(text, mutants, subject.module, folder / "proof", subject.surroundings)
        if miter.prove(0, PROOF_S) is not Verdict.SAME:
            raise SimulationError(f"{name} is not proved to do the same as itself")
        others = around(subject, text)
        verdicts = [miter.prove(number, PROOF_S) for number in range(1, len(mutants) + 1)]
        return [
            Outcome("equivalent", "proved: no input makes a difference that counts")
            if verdict is Verdict.SAME
            else _settle(subject, others + write_mutant(text, mutant, folder / "mutant"), verdict, folder)
            for mutant, verdict in zip(mutants, verdicts, strict=True)
        ]
    except Exception as error:
        return [Outcome("error", f"{type(error).__name__}: {error}")] * len(mutants)


def _settle(subject: Subject, text: str, verdict: Verdict, folder: Path) -> Outcome:
    noticed = cosimulate(subject, text, folder / "accelerator")
    if noticed is not None:
        return Outcome("killed", f"accelerator: {noticed}")
    different = verdict is Verdict.DIFFERENT
    return Outcome("survived", "some input makes a difference" if different else f"no proof in {PROOF_S} s")


def campaign(folder: Path) -> Campaign:
    """Every subject alike."""
    here = Path(__file__).parent
    shared = [*(here.parent / "harness").glob("*.py"), *(here.parent / "networks").glob("*.py")]
    shared += [path for path in here.glob("*.py") if not path.name.startswith(("bench_", "surroundings"))]
    shared += [here / "bench_accelerator.py", here / "bench_mutants.py"]
    shared += [Path(str(module.__file__)) for module in (equivalence, mutation)]  # whose verdicts are kept
    modules = {}
    designs: dict[int, str] = {}
    for name, make in SUBJECTS.items():
        subject = make()
        text = flat_text(subject.component, subject.module, folder / "text")
        if id(subject.design) not in designs:
            designs[id(subject.design)] = cosim.accelerator_text(subject.design.network, subject.design.config)
        whole = designs[id(subject.design)]
        key = fingerprint(text + whole + str(subject.surroundings), [*shared, here / f"bench_{subject.module}.py"])
        modules[name] = Mutated(
            key,
            partial(subject_mutants, text, subject.module),
            partial(judge, name, text),
            1 / len(SUBJECTS),
            partial(settle, name, text),
        )
    about = {name: make().design.network.name for name, make in SUBJECTS.items()}
    return Campaign(modules, {"networks": about}, group=80)
