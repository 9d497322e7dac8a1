"""Nested loops in hardware: counters, and the numbers that step along with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from amaranth.hdl import Const, Module, Mux, Shape, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.parts.tables import by_program
from model.arithmetic import number_width


@dataclass(frozen=True)
class Quantity:
    """A number that starts at ``start`` and grows by ``steps[level]`` with every iteration of a level.

    Whenever a level begins anew, what it had added is forgotten: an address, a coordinate.
    """

    start: int
    steps: Mapping[str, int]


@dataclass(frozen=True)
class Program:
    """Iterations of every level and the quantities, for one layer."""

    counts: Mapping[str, int]
    quantities: Mapping[str, Quantity]


class LoopNest(wiring.Component):
    """Loops within loops, one iteration of the innermost a cycle, for one of several programs::

        value = start + sum over all levels of (iteration of the level) * steps[level]

    A quantity has a register for each level that changes it, and one adder: of all levels only one goes on, the
    innermost that is not at its end, and what is inside begins anew.

    Latency
    -------
    The first iteration is there in the cycle after ``start``; after ``advance`` the next one follows in one cycle.

    Parameters
    ----------
    levels : sequence of str
        Names, outermost first.
    programs : sequence of Program
        Counts and quantities; all programs have the same quantities.
    shapes : mapping of str to Shape
        Of the quantities; they wrap around.

    Members
    -------
    program : In(range(programs))
        Which; stays from ``start`` to the end.
    start : In(1)
        Begin.
    advance : In(1)
        On to the next iteration.
    ends : Out(levels)
        Bit i: this iteration is the last within one of level i, whose inner levels are all at their end.
    final : Out(1)
        This iteration is the last of all.
    values : Out(wiring.Signature(shapes))
        The quantities, each a member.
    """

    def __init__(self, levels: Sequence[str], programs: Sequence[Program], shapes: Mapping[str, Shape]) -> None:
        self.levels, self.programs, self.shapes = tuple(levels), tuple(programs), dict(shapes)
        super().__init__(
            {
                "program": In(range(len(programs))),
                "start": In(1),
                "advance": In(1),
                "ends": Out(len(self.levels)),
                "final": Out(1),
                "values": Out(wiring.Signature({name: Out(shape) for name, shape in self.shapes.items()})),
            }
        )

    def end_of(self, level: str) -> Value:
        """Whether the iteration is the last within one of ``level``."""
        return self.ends[self.levels.index(level)]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        at_end: list[Value] = []
        counters: list[Signal | None] = []
        for level in self.levels:
            counts = [program.counts[level] for program in self.programs]
            if max(counts) == 1:
                counters.append(None)
                at_end.append(Const(1))
                continue
            counter = Signal(number_width(max(counts)), name=f"{level}_count")
            last = by_program(m, self.program, [count - 1 for count in counts], counter.shape(), f"{level}_last")
            ended = Signal(name=f"{level}_ends")
            m.d.comb += ended.eq(counter == last)
            counters.append(counter)
            at_end.append(ended)

        inner: Value = Const(1)
        goes_on: list[Value] = []
        for i in reversed(range(len(self.levels))):
            m.d.comb += self.ends[i].eq(inner)
            goes_on.insert(0, ~at_end[i] & self.ends[i])
            inner = self.ends[i] & at_end[i]
        m.d.comb += self.final.eq(inner)

        for i, counter in enumerate(counters):
            if counter is None:
                continue
            with m.If(self.start | (self.advance & self.ends[i] & at_end[i])):
                m.d.sync += counter.eq(0)
            with m.Elif(self.advance & self.ends[i]):
                m.d.sync += counter.eq(counter + 1)
        for name, shape in self.shapes.items():
            self._quantity(m, name, shape, goes_on)
        return m

    def _quantity(self, m: Module, name: str, shape: Shape, goes_on: list[Value]) -> None:
        tracked = [program.quantities[name] for program in self.programs]
        own = [i for i, level in enumerate(self.levels) if any(quantity.steps.get(level, 0) for quantity in tracked)]
        start = by_program(m, self.program, [quantity.start for quantity in tracked], shape, f"{name}_start")
        registers = {i: Signal(shape, name=f"{name}_{self.levels[i]}") for i in own}
        if not own:
            m.d.comb += getattr(self.values, name).eq(start)
            return
        m.d.comb += getattr(self.values, name).eq(registers[own[-1]])

        base, step, following = Signal(shape, name=f"{name}_base"), Signal(shape, name=f"{name}_step"), Signal(shape)
        m.d.comb += [base.eq(start), following.eq(base + step)]
        for i, level in enumerate(self.levels):
            outer = [j for j in own if j <= i]
            with m.If(goes_on[i]):
                if outer:
                    m.d.comb += base.eq(registers[outer[-1]])
                if i in own:
                    steps = [quantity.steps.get(level, 0) for quantity in tracked]
                    m.d.comb += step.eq(by_program(m, self.program, steps, shape, f"{name}_{level}_step"))
        for i in own:
            changes = Const(0)
            for j in range(i + 1):
                changes = changes | goes_on[j]
            with m.If(self.start | (self.advance & changes)):
                m.d.sync += registers[i].eq(Mux(self.start, start, following))
