"""The memory-free neuron: a window of past sums, added by their powers of two, and a threshold."""

from collections.abc import Sequence
from functools import reduce
from operator import add

from amaranth.hdl import Const, Module, Mux, Signal, Value, signed

from hdl.neurons.datapath import Datapath, by_mode
from hdl.neurons.lif import fires
from model.neurons import MemoryFree


def weigh(m: Module, sums: Sequence[Value], modes: Sequence[MemoryFree], select: Value, width: int) -> Value:
    """Σ_j σ_j·(sums[d·j] << e_j), the newest sum first."""
    longest = max(len(mode.taps) for mode in modes)
    taps = (_tap(m, sums, modes, select, width, j) for j in range(longest))
    return reduce(add, (tap for tap in taps if tap is not None), Const(0, signed(1)))


def _tap(
    m: Module, sums: Sequence[Value], modes: Sequence[MemoryFree], select: Value, width: int, j: int
) -> Value | None:
    """What tap j adds, if it does in some mode; a sign that modes differ in is an inversion, and a carry."""
    signs = {mode: _term(mode, sums, j)[0] for mode in modes}
    if not any(signs.values()):
        return None
    shifted = Signal(signed(width), name=f"tap_{j}")
    by_mode(m, modes, select, lambda mode: shifted.eq(_term(mode, sums, j)[1]))
    if -1 not in signs.values():
        return shifted
    if 1 not in signs.values():
        return -shifted
    negative = Signal(name=f"negative_{j}")
    by_mode(m, modes, select, lambda mode: negative.eq(signs[mode] < 0))
    return Mux(negative, ~shifted, shifted) + negative


def _term(mode: MemoryFree, sums: Sequence[Value], j: int) -> tuple[int, Value]:
    """Sign, and the shifted sum, of a tap; 0 of one that a mode has not."""
    sign, shift = mode.taps[j] if j < len(mode.taps) else (0, 0)
    known = mode.dilation * j < len(sums)  # else the network has not so many time steps
    return (sign, sums[mode.dilation * j] << shift) if sign and known else (0, Const(0))


def store(
    m: Module, potential: Signal, threshold: Value, spike: Value, modes: Sequence[MemoryFree], select: Value
) -> Value:
    """Nothing."""
    return Const(0)


def load(m: Module, membrane: Value, modes: Sequence[MemoryFree], select: Value, width: int) -> Value:
    """Nothing."""
    return Const(0)


MEMORY_FREE = Datapath(fires, store, load, weigh)
