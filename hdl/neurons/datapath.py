"""What neuron units ask of a family of neurons."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from amaranth.hdl import Module, Signal, Value


class Datapath(NamedTuple):
    """A family's law in hardware, between the sum and the memory, without registers; ``modes`` as a design has them.

    ``fires(potential, threshold)``: whether there is a spike. ``store(m, potential, threshold, spike, modes, select)``:
    the code that is kept. ``load(m, code, modes, select, width)``: what it adds to the next potential, of so many bits.

    ``weigh(m, sums, modes, select, width)``: what a potential takes of the sums of this time step and of earlier ones,
    the newest one first.
    """

    fires: Callable[[Value, Value], Value]
    store: Callable[[Module, Signal, Signal, Signal, Sequence[Any], Value], Value]
    load: Callable[[Module, Value, Sequence[Any], Value, int], Value]
    weigh: Callable[[Module, Sequence[Value], Sequence[Any], Value, int], Value] = lambda m, sums, *others: sums[0]


def by_mode(m: Module, modes: Sequence[Any], select: Value, statement: Callable[[Any], Any]) -> None:
    """Emit ``statement(mode)`` for every mode, selected by its index; an index beyond them selects the last."""
    *others, last = modes
    with m.Switch(select):
        for index, mode in enumerate(others):
            with m.Case(index):
                m.d.comb += statement(mode)
        with m.Default():
            m.d.comb += statement(last)
