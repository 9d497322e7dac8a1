"""Runs a component's bench on one mutant after another and writes down which it noticed: ``python -m`` this, and a job.

A process of its own, because a mutant may end it: what was being tried then is the last line without an outcome.
"""

import json
import signal
import sys
import warnings
from pathlib import Path
from random import Random

from amaranth.hdl import Shape, UnusedElaboratable
from amaranth.lib import wiring

from sim.accelerator.subjects import SUBJECTS, Subject
from sim.harness.compiled import CompiledPort, run_compiled
from sim.harness.port import decode, port_members

DISTURBED = 60
"""Cycles of any inputs before the reset, which must leave nothing of them."""


async def disturb(port: CompiledPort, component: wiring.Component, random: Random) -> None:
    """Anything at all comes in; each input stays for some cycles."""
    inputs = [(path, member.shape) for path, member in port_members(component).items() if member.flow == wiring.In]
    for _ in range(DISTURBED):
        for path, shape in inputs:
            if random.random() < 0.5:
                port.set(path, decode(shape, random.getrandbits(Shape.cast(shape).width or 1)))
        await port.tick()
    for path, shape in inputs:
        port.set(path, decode(shape, 0))


def notice(subject: Subject, component: wiring.Component, library: Path, mutant: int, seed: int) -> str | None:
    """What the component's bench says about a mutant; None if nothing. Any exception is a bench that fails."""
    port = CompiledPort(component, library)
    port.drive("mutant", mutant)

    async def bench() -> None:
        await disturb(port, component, Random(seed))
        await subject.check(port)

    try:
        run_compiled(bench())
    except Exception as error:
        return str(error).strip().split("\n")[0] or type(error).__name__
    finally:
        port.close()
    return None


def main(job: Path) -> None:
    warnings.simplefilter("ignore", UnusedElaboratable)  # only its ports are wanted
    asked = json.loads(job.read_text(encoding="utf-8"))
    subject = SUBJECTS[asked["subject"]]()
    component = subject.component
    with Path(asked["outcomes"]).open("a", encoding="utf-8") as outcomes:
        for number in asked["numbers"]:
            # An alarm that nobody handles ends a simulation that never gets to the next cycle.
            signal.alarm(asked["timeout_s"])
            print(json.dumps({"number": number}), file=outcomes, flush=True)
            noticed = notice(subject, component, Path(asked["library"]), number, asked["seed"])
            print(json.dumps({"number": number, "noticed": noticed}), file=outcomes, flush=True)
    signal.alarm(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
