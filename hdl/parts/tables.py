"""Constants selected by a number."""

from collections.abc import Sequence

from amaranth.hdl import Const, Module, Shape, Signal, Value


def by_program(m: Module, select: Value, values: Sequence[int], shape: Shape, name: str) -> Value:
    """The constant of the selected program."""
    if len(set(values)) == 1:
        return Const(values[0], shape)
    table = Signal(shape, name=name)
    with m.Switch(select):
        for index, value in enumerate(values):
            with m.Case(index):
                m.d.comb += table.eq(value)
    return table
