"""What neuron units ask of a family of neurons."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from amaranth.hdl import Module, Signal, Value


class Datapath(NamedTuple):
    """A family's law in hardware, between the sum and the memory, without registers; ``modes`` as a design has them.

    ``fires(potential, threshold)``: whether there is a spike. ``store(m, potential, threshold, spike, modes, select)``:
    the code that is kept. ``load(m, code, modes, select, width)``: what it adds to the next potential, of so many bits.
    """

    fires: Callable[[Value, Value], Value]
    store: Callable[[Module, Signal, Signal, Signal, Sequence[Any], Value], Value]
    load: Callable[[Module, Value, Sequence[Any], Value, int], Value]
