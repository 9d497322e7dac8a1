"""Which benches notice which mutants of the array: its processing element, its neuron unit, its control."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import model
import sim
from hdl.formal.mutation import Mutant, Verdict, compare, design_text, list_mutants, write_mutant, write_mutants
from model.array import ArrayConfig
from model.config import Precision
from model.neurons import Lif
from sim.array.bench_mutants import JOB_VARIABLE
from sim.harness.mutants import Campaign, Mutated, Outcome, fingerprint
from sim.harness.runner import config_environment, simulate
from sim.harness.simulators import SimulationError

TOP = "systolic_array"
CONFIG = ArrayConfig(
    precision=Precision(4, 4),
    accumulator_width=10,
    rows=4,
    columns=3,
    time_steps=2,
    neurons=(Lif(4, 0), Lif(4, 2)),
    joins=True,
    retire=True,
)
"""The array that is mutated: small, with every option, no two of its sizes the same."""

MODULES = ("processing_element", "neuron_unit", TOP)
"""What is mutated: stems of components and of their benches; of the array itself its control."""

SEED = 2024
LIST_SEED = 1
TIMEOUT_S = 120
"""For one mutant; the benches take a tenth of it."""
PROOF_S = 60


def run_bench(
    text: str, mutants: Sequence[Mutant], bench: str, folder: Path, timeout_s: int = TIMEOUT_S
) -> list[str | None]:
    """What the bench of stem ``bench`` says about each of ``mutants``; None where it noticed nothing.

    The design without a mutant comes before and after them: raises :class:`SimulationError` if the bench
    has something to say about that, or if the simulation does not build or ends for another reason than a
    mutant that hangs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mutants.v").write_text(write_mutants(text, mutants, folder / "yosys"), encoding="utf-8")
    outcomes = folder / "outcomes.jsonl"
    outcomes.unlink(missing_ok=True)
    said: dict[int, str | None] = {}
    waiting = [*range(len(mutants) + 1)]
    while waiting:
        job = {"bench": bench, "outcomes": str(outcomes), "numbers": [*waiting, 0], "timeout_s": timeout_s}
        stopped = None
        try:
            simulate(
                [folder / "mutants.v"],
                bench,
                "sim.array.bench_mutants",
                build_dir=folder / "simulation",
                environment={JOB_VARIABLE: json.dumps(job), **config_environment(CONFIG)},
                seed=SEED,
                timeout_s=(len(waiting) + 1) * timeout_s,
            )
        except SimulationError as error:
            stopped = error
        lines = (
            [json.loads(line) for line in outcomes.read_text(encoding="utf-8").splitlines()]
            if outcomes.exists()
            else []
        )
        for line in lines:
            if "noticed" in line and (line["number"] or line["noticed"]):
                said[line["number"]] = line["noticed"]
        if said.get(0):
            raise SimulationError(f"the bench of {bench} fails without a mutant: {said[0]}")
        if stopped is None:
            break
        if not lines or "noticed" in lines[-1] or not lines[-1]["number"]:
            raise stopped
        # The simulator was ended while this one ran; the rest gets another.
        hung = lines[-1]["number"]
        said[hung] = f"not over after {timeout_s} s"
        waiting = [number for number in waiting if number > hung]
    return [said[number] for number in range(1, len(mutants) + 1)]


def judge(text: str, mutants: Sequence[Mutant], folder: Path) -> list[Outcome]:
    """What becomes of ``mutants``, all of one module: its bench first, then the array's, then a proof."""
    module = mutants[0].option("module")
    found: dict[Mutant, Outcome] = {}
    left = list(mutants)
    try:
        for bench in dict.fromkeys([module, TOP]):
            if left:
                said = run_bench(text, left, bench, folder / bench)
                pairs = zip(left, said, strict=True)
                found |= {mutant: Outcome("killed", f"{bench}: {what}") for mutant, what in pairs if what is not None}
                left = [mutant for mutant in left if mutant not in found]
        for mutant in left:
            found[mutant] = _prove(text, mutant, folder / "proof")
    except Exception as error:  # what could not be tried says nothing, whatever the reason
        return [found.get(mutant, Outcome("error", f"{type(error).__name__}: {error}")) for mutant in mutants]
    return [found[mutant] for mutant in mutants]


def _prove(text: str, mutant: Mutant, folder: Path) -> Outcome:
    match compare(text, write_mutant(text, mutant, folder), TOP, folder, PROOF_S):
        case Verdict.SAME:
            return Outcome("equivalent", "proved: no input makes a difference")
        case Verdict.DIFFERENT:
            return Outcome("survived", "some input makes a difference")
    return Outcome("survived", f"no proof in {PROOF_S} s")


def campaign(folder: Path) -> Campaign:
    """Half of the mutants are of the control, which has the most cells."""
    text = design_text(CONFIG)
    sources = [
        path
        for package in (model, sim)
        for place in package.__path__
        for path in Path(place).rglob("*.py")
        if "training" not in path.parts
    ]
    key = fingerprint(text, sources)
    shares = dict(zip(MODULES, (0.25, 0.25, 0.5), strict=True))
    modules = {
        module: Mutated(key, partial(list_mutants, text, module, LIST_SEED), partial(judge, text), share)
        for module, share in shares.items()
    }
    return Campaign(modules, {"array": asdict(CONFIG)}, group=20)
