"""The leaky integrate-and-fire neuron: threshold, leak and saturation, for the modes that a design supports."""

from collections.abc import Callable, Sequence
from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed

from hdl.neurons.datapath import Datapath
from model.neurons import Lif


def fires(potential: Value, threshold: Value) -> Value:
    """Whether there is a spike: H >= threshold."""
    return potential >= threshold


def store(m: Module, potential: Signal, modes: Sequence[Lif], select: Value) -> Value:
    """The membrane code of a potential that does not fire: saturate(H >> r), in the widest mode's bits."""
    shifted = Signal.like(potential, name="shifted")
    by_mode(m, modes, select, lambda mode: shifted.eq(potential >> mode.r))
    codes = {width: _saturated(m, shifted, width) for width in sorted({mode.membrane_width for mode in modes})}
    if len(codes) == 1:
        return next(iter(codes.values()))
    code = Signal(signed(max(codes)), name="code")
    by_mode(m, modes, select, lambda mode: code.eq(codes[mode.membrane_width]))
    return code


def load(m: Module, membrane: Value, modes: Sequence[Lif], select: Value, width: int) -> Signal:
    """What a membrane code contributes to the next time step: U >> 1 if r = 0, else U << (r-1)."""
    loaded = Signal(signed(width), name="contribution")

    def contribution(mode: Lif) -> Any:
        return loaded.eq(membrane >> 1 if mode.r == 0 else membrane << (mode.r - 1))

    by_mode(m, modes, select, contribution)
    return loaded


def by_mode(m: Module, modes: Sequence[Lif], select: Value, statement: Callable[[Lif], Any]) -> None:
    """Emit ``statement(mode)`` for every mode, selected by its index; an index beyond them selects the last."""
    *others, last = modes
    with m.Switch(select):
        for index, mode in enumerate(others):
            with m.Case(index):
                m.d.comb += statement(mode)
        with m.Default():
            m.d.comb += statement(last)


def _saturated(m: Module, shifted: Signal, width: int) -> Value:
    # The shifted potential fits the code where all bits from the code's sign on are equal. The
    # code -2^(width-1), which narrow-range codes leave out, becomes its neighbour by its last bit.
    sign, rest = shifted[-1], shifted[width - 1 : -1]
    low = Signal(width - 1, name="low")
    m.d.comb += low.eq(Mux(rest == sign.replicate(len(rest)), shifted[: width - 1], (~sign).replicate(width - 1)))
    return Cat(low[0] | (sign & ~low.any()), low[1:], sign).as_signed()


LIF = Datapath(fires, store, load)
