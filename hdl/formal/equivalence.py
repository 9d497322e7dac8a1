"""Which mutants of a component do the same as it, as far as what is around the component can see.

Design and mutants go into one netlist, over the same inputs; a register says which mutant it is. Yosys makes it once,
and ABC is asked about one mutant after another: first it merges what is equal by induction, then property-directed
reachability takes what is left.
"""

import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from resource import RLIMIT_CPU, setrlimit

from hdl.formal.mutation import NETLIST, Mutant, Verdict, abc, write_mutants
from hdl.verilog.yosys import run_script

SIDES = ("gold", "gate")
"""The design, and the one with the mutants."""
AIGER, MAP, ASKED, MERGED = "miter.aig", "miter.map", "asked.aig", "merged.aig"


@dataclass(frozen=True)
class Surroundings:
    """What is around a component, in Verilog over its ports; over registers ``was_PORT`` of them a cycle ago; and over
    its own registers ``own_NAME``, every character that is none of an identifier's an underscore.

    Parameters
    ----------
    counts : mapping
        What counts of an output, where not all of it counts in every cycle.
    assumed : sequence of str
        What is 1 in every cycle; after a cycle in which it is not, nothing counts any more.
    state : str
        Further registers.
    cases : sequence of pairs of str
        What tells apart states, and a pattern of the registers' names: where it holds, these may be equal that are not
        always. No promise, but where induction looks for equal ones.
    """

    counts: Mapping[str, str] = field(default_factory=dict)
    assumed: Sequence[str] = ()
    state: str = ""
    cases: Sequence[tuple[str, str]] = (("1", ""),)


NOTHING = Surroundings()
Names = list[tuple[str, str]]
"""Range and name."""


def ports_of(text: str, top: str) -> list[tuple[str, str, str]]:
    """Direction, range and name of the ports of a module that Yosys has written."""
    return re.findall(r"^  (input|output) (?:reg )?(\[\d+:\d+\])? ?\\?(\w+) ?;", _module(text, top), re.MULTILINE)


def registers_of(text: str, top: str) -> Names:
    """Range and name of its registers."""
    module = _module(text, top)
    names = dict.fromkeys(re.findall(r"^ +(?:if \(.*?\) )?(\\?[^\s\[]+) +<= ", module, re.MULTILINE))
    declared = re.findall(r"^  reg (\[\d+:\d+\])? ?(\\?[^\s;=]+)", module, re.MULTILINE)
    ranges = {name: span for span, name in declared}
    return [(ranges[name], name) for name in names if name in ranges]


def own_names(registers: Names) -> Names:
    """What registers are called in what is around a component."""
    return [(span, "own_" + re.sub(r"\W", "_", name.lstrip("\\"))) for span, name in registers]


def remembered(ports: Names) -> list[str]:
    """Verilog of registers that have what ports were a cycle ago."""
    return [f"reg {span} was_{name} = 0; always @(posedge clk) was_{name} <= \\{name} ;" for span, name in ports]


def _module(text: str, top: str) -> str:
    module = re.search(rf"^module {top}\b.*?^endmodule", text, re.MULTILINE | re.DOTALL)
    assert module is not None
    return module[0]


class Miter:
    """The flat design ``text`` with module ``top`` beside ``mutants`` of it, made in ``folder``."""

    def __init__(
        self, text: str, mutants: Sequence[Mutant], top: str, folder: Path, surroundings: Surroundings = NOTHING
    ) -> None:
        self.folder, self.surroundings = folder, surroundings
        self.width = max(1, len(mutants).bit_length())
        ports = ports_of(text, top)
        self.inputs = [(span, name) for kind, span, name in ports if kind == "input"]
        self.outputs = [(span, name) for kind, span, name in ports if kind == "output"]
        self.registers = registers_of(text, top)
        self.hinted = [
            (case, place)
            for case, pattern in surroundings.cases
            for place, (_, name) in enumerate(self.registers)
            if re.search(pattern, name)
        ]
        self.hints = [(self.registers[place][0], f"hint_{i}") for i, (_, place) in enumerate(self.hinted)]
        folder.mkdir(parents=True, exist_ok=True)
        commands: list[str] = []
        for side, content in zip(SIDES, (text, write_mutants(text, mutants, folder)), strict=True):
            seen = self._opened(content, top) + self._seen(top, side)
            (folder / f"{side}.v").write_text(seen, encoding="utf-8")
            commands += [f"read_verilog {side}.v", f"hierarchy -top {side}", "proc", "flatten", "memory"]
            # A fault at a register's output takes the place of the wire that had the initial value.
            commands += ["setundef -zero -init", f"design -stash {side}"]
        (folder / "miter.v").write_text(self._miter(), encoding="utf-8")
        commands += [f"design -copy-from {side} {side}" for side in SIDES]
        commands += ["read_verilog miter.v", "hierarchy -top miter", "proc", "flatten", *NETLIST, "setundef -zero"]
        run_script([*commands, f"write_aiger -map {MAP} {AIGER}"], folder)

    def prove(self, number: int, seconds: int) -> Verdict:
        """Whether the mutant of this number, from 1 on, does the same from the initial state on; 0 is none.

        Reachability is left after so many seconds of processor time.
        """
        self._ask(number)
        self._run(f"read_aiger {ASKED}; strash; zero; scleanup; scorr; write_aiger {MERGED}")
        if _outputs(self.folder / MERGED)[0] == b"0":
            return Verdict.SAME
        said = self._run(f"&r {MERGED}; &cone -O 0 -R 1; &put; scleanup; pdr", seconds)
        if "Property proved" in said:
            return Verdict.SAME
        return Verdict.DIFFERENT if " was asserted in frame " in said else Verdict.UNKNOWN

    def _run(self, script: str, seconds: int | None = None) -> str:
        """What ABC says; nothing of use where ``seconds`` of the processor were not enough."""
        limit = None if seconds is None else partial(setrlimit, RLIMIT_CPU, (seconds, seconds + 1))
        done = subprocess.run(
            [abc(), "-q", script],
            cwd=self.folder,
            capture_output=True,
            encoding="utf-8",
            check=seconds is None,
            preexec_fn=limit,
        )
        return done.stdout

    def _ask(self, number: int) -> None:
        """The netlist for one mutant: the register's initial value is another; ``bad`` is the first output."""
        header, rest = (self.folder / AIGER).read_bytes().split(b"\n", 1)
        _, _, _, latches, outputs, *_ = header.split()
        *lines, gates = rest.split(b"\n", int(latches) + int(outputs))
        ends = int(latches)
        for kind, place, bit, name in map(str.split, (self.folder / MAP).read_text(encoding="utf-8").splitlines()):
            if (kind, name) == ("latch", "mutant"):
                lines[int(place)] = b"%s %d" % (lines[int(place)].split()[0], number >> int(bit) & 1)
            elif (kind, name) == ("output", "bad"):
                bad = ends + int(place)
                lines[ends], lines[bad] = lines[bad], lines[ends]
        (self.folder / ASKED).write_bytes(b"\n".join([header, *lines, gates]))

    def _opened(self, text: str, top: str) -> str:
        """``text`` with the module's registers at outputs."""
        ports = "".join(f", own_{i}" for i in range(len(self.registers)))
        own = [f"output {span} own_{i};\nassign own_{i} = {name} ;" for i, (span, name) in enumerate(self.registers)]
        header = re.compile(rf"^(module {top}\(.*?)\);", re.MULTILINE | re.DOTALL)
        return header.sub(lambda match: "\n".join([f"{match[1]}{ports});", *own]), text, count=1)

    def _seen(self, top: str, side: str) -> str:
        """A module around the component that shows what counts, and the registers in every case."""
        chosen = [(f"[{self.width - 1}:0]", "mutant")] if side == "gate" else []
        seen = [(span, f"seen_{name}") for span, name in self.outputs]
        declared = [f"input {span} \\{name} " for span, name in [*self.inputs, *chosen]]
        declared += [f"output {span} {name}" for span, name in [*seen, ("", "seen"), *self.hints]]
        own = own_names(self.registers)
        connected = [f".\\{name} (\\{name} )" for _, name in [*self.inputs, *self.outputs, *chosen]]
        connected += [f".own_{i}({name})" for i, (_, name) in enumerate(own)]
        holds = " & ".join(f"({each})" for each in self.surroundings.assumed) or "1'b1"
        counts = self.surroundings.counts
        lines = [
            f"module {side}({', '.join(declared)});",
            *(f"wire {span} {name};" for span, name in [*self.outputs, *own]),
            *remembered([*self.inputs, *self.outputs]),
            f"{top} dut({', '.join(connected)});",
            self.surroundings.state,
            f"wire holds = {holds};",
            "reg held = 1; always @(posedge clk) held <= held & holds;",
            "assign seen = held & holds;",  # the sides agree on what is assumed, or that is a difference
            *(f"assign seen_{name} = seen ? {counts.get(name, name)} : 0;" for _, name in self.outputs),
            *(
                f"assign {hint} = held & ({case}) ? {own[place][1]} : 0;"
                for (_, hint), (case, place) in zip(self.hints, self.hinted, strict=True)
            ),
            "endmodule\n",
        ]
        return "\n".join(lines)

    def _miter(self) -> str:
        """Both sides. What differs of the hints keeps them in the netlist."""
        seen = [(span, f"seen_{name}") for span, name in self.outputs] + [("", "seen")]
        declared = [f"input {span} \\{name} " for span, name in self.inputs]
        declared += [f"output {span} {name}" for span, name in [("", "bad"), *self.hints]]
        lines = [
            f"module miter({', '.join(declared)});",
            f"reg [{self.width - 1}:0] mutant = 0; always @(posedge clk) mutant <= mutant;",
        ]
        for side in SIDES:
            lines += [f"wire {span} {side}_{name};" for span, name in [*seen, *self.hints]]
            connected = [f".\\{name} (\\{name} )" for _, name in self.inputs]
            connected += [f".{name}({side}_{name})" for _, name in [*seen, *self.hints]]
            connected += [".mutant(mutant)"] if side == "gate" else []
            lines.append(f"{side} {side}({', '.join(connected)});")
        gold, gate = SIDES
        lines.append(f"assign bad = {' | '.join(f'({gold}_{name} != {gate}_{name})' for _, name in seen)};")
        lines += [f"assign {name} = {gold}_{name} ^ {gate}_{name};" for _, name in self.hints]
        return "\n".join([*lines, "endmodule\n"])


def _outputs(path: Path) -> list[bytes]:
    """The literals of the outputs of an AIGER file: 0 is the constant."""
    header, rest = path.read_bytes().split(b"\n", 1)
    _, _, _, latches, outputs, *_ = map(bytes, header.split())
    return rest.split(b"\n", int(latches) + int(outputs))[int(latches) : -1]
