"""The leaky integrate-and-fire neuron: threshold, leak and saturation, for the modes that a design supports."""

from collections.abc import Sequence
from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from hdl.neurons.datapath import Datapath, by_mode
from model.neurons import Lif
from model.neurons.lif import Reset


def fires(potential: Value, threshold: Value) -> Value:
    """Whether there is a spike: H >= threshold."""
    return potential >= threshold


def store(m: Module, potential: Signal, threshold: Value, spike: Value, modes: Sequence[Lif], select: Value) -> Value:
    """The membrane code of a potential, in the widest mode's bits: store(V), V being what a spike leaves of it."""
    left = _left(m, potential, threshold, spike, modes, select)
    shares = [mode.kept_share for mode in modes]
    products = {k: (left << k) - left if k else left for k in {k for k, *_ in shares}}
    shifted = Signal(signed(max(len(products[k]) for k, *_ in shares)), name="shifted")
    by_mode(m, modes, select, lambda mode: shifted.eq(products[mode.kept_share[0]] >> mode.kept_share[1]))
    up: Value | None = None
    if any(towards_zero for *_, towards_zero in shares):
        # Rounded down so far; towards zero means one more, where a negative number lost a bit that was not 0.
        up = Signal(name="up")
        by_mode(m, modes, select, lambda mode: up.eq(_lost(products[mode.kept_share[0]], mode)))
    codes = {width: _saturated(m, shifted, width, up) for width in sorted({mode.membrane_width for mode in modes})}
    if len(codes) == 1:
        code = next(iter(codes.values()))
    else:
        code = Signal(signed(max(codes)), name="code")
        by_mode(m, modes, select, lambda mode: code.eq(codes[mode.membrane_width]))
    resets = {mode.reset for mode in modes}
    if resets == {Reset.ZERO}:
        return Mux(spike, 0, code)
    if Reset.ZERO not in resets:
        return code
    clears = Signal(name="clears")
    by_mode(m, modes, select, lambda mode: clears.eq(mode.reset == Reset.ZERO))
    return Mux(spike & clears, 0, code)


def _left(m: Module, potential: Signal, threshold: Value, spike: Value, modes: Sequence[Lif], select: Value) -> Signal:
    """What a spike leaves of a potential, where that is not 0."""
    if all(mode.reset != Reset.SUBTRACT for mode in modes):
        return potential
    left = Signal(signed(len(potential) + 1), name="left")
    m.d.comb += left.eq(potential)
    subtracts = Signal(name="subtracts")
    by_mode(m, modes, select, lambda mode: subtracts.eq(mode.reset == Reset.SUBTRACT))
    with m.If(spike & subtracts):
        m.d.comb += left.eq(potential - threshold)
    return left


def _lost(product: Value, mode: Lif) -> Value:
    """Whether rounding a negative number down took something away, which rounding towards zero does not."""
    _, shift, towards_zero = mode.kept_share
    return product[-1] & product[:shift].any() if towards_zero and shift else Const(0)


def load(m: Module, membrane: Value, modes: Sequence[Lif], select: Value, width: int) -> Signal:
    """What a membrane code contributes to the next time step: U >> 1 if r = 0, else U << (r-1); 0 with leak 0."""
    loaded = Signal(signed(width), name="contribution")

    def contribution(mode: Lif) -> Any:
        if not mode.state_bits:
            return loaded.eq(0)
        return loaded.eq(membrane >> 1 if mode.r == 0 else membrane << (mode.r - 1))

    by_mode(m, modes, select, contribution)
    return loaded


def _saturated(m: Module, shifted: Signal, width: int, up: Value | None) -> Value:
    # The shifted potential fits the code where all bits from the code's sign on are equal. The
    # code -2^(width-1), which narrow-range codes leave out, becomes its neighbour by its last bit.
    if not width:
        return Const(0)
    sign, rest = shifted[-1], shifted[width - 1 : -1]
    fits = rest == sign.replicate(len(rest))
    low = Signal(width - 1, name="low")
    m.d.comb += low.eq(Mux(fits, shifted[: width - 1], (~sign).replicate(width - 1)))
    code = Cat(low[0] | (sign & ~low.any()), low[1:], sign).as_signed()
    if up is None:
        return code
    # One more is the same code where it was below the least: -Q it is already.
    more = Signal(signed(width), name="more")
    m.d.comb += more.eq(code + (up & fits & low.any()))
    return more


LIF = Datapath(fires, store, load)
