"""The baseline's arithmetic: one multiplier, used in turn for the three products of a neuron update.

What :mod:`model.baseline.law` computes, a product per cycle. The same rounding, addition and
potential register serve all three, so that a processing element has it as well as a column.
"""

from dataclasses import dataclass

from amaranth.hdl import Array, Cat, Module, Mux, Shape, Signal, Value, signed, unsigned
from amaranth.lib import data

from model.baseline.config import UqConfig


def shift_shape(config: UqConfig) -> Shape:
    """An index into the supported shifts; no bits where there is one."""
    return Shape.cast(range(len(config.shifts)))


def scales_layout(config: UqConfig) -> data.StructLayout:
    """The scales of a layer and the index of their shifts."""
    names = ("weight", "membrane", "output")
    return data.StructLayout(dict.fromkeys(names, unsigned(config.scale_bits)) | {"shifts": shift_shape(config)})


@dataclass(frozen=True)
class Update:
    """A neuron update: P so far; and in the cycle ``fire``, spike and next membrane."""

    potential: Signal
    spike: Signal
    membrane: Signal


def update_neuron(
    m: Module,
    config: UqConfig,
    *,
    accumulator: Value,
    membrane: Value,
    scale: Value,
    shifts: Value,
    threshold: Value,
    weigh: Value,
    decay: Value,
) -> Update:
    """Add the datapath of a neuron update to ``m``.

    ``weigh``, ``decay`` or neither say which product is made in this cycle, and ``scale`` belongs to it.
    """
    width = config.potential_width
    potential = Signal(signed(width), reset_less=True)

    operand = Signal(signed(width))
    with m.If(weigh):
        m.d.comb += operand.eq(accumulator)
    with m.Elif(decay):
        m.d.comb += operand.eq(membrane)
    with m.Else():
        m.d.comb += operand.eq(potential)
    multiplied = Signal(signed(config.product_width))
    m.d.comb += multiplied.eq(scale * operand)

    # Round half up: the last bit that the shift drops is the carry into the adder, which is there anyway.
    # A bit more than the potential's: a product of the potential that rounds up must not wrap around.
    total = Signal(signed(width + 1))
    rounded = Signal(signed(width + 1))
    carry = Signal()
    with m.If(weigh):
        _round(m, multiplied, [each.weight for each in config.shifts], shifts, rounded, carry)
    with m.Elif(decay):
        _round(m, multiplied, [each.membrane for each in config.shifts], shifts, rounded, carry)
    with m.Else():
        _round(m, multiplied, [each.output for each in config.shifts], shifts, rounded, carry)
    m.d.comb += total.eq(Mux(decay, potential, 0) + rounded + carry)
    with m.If(weigh | decay):
        m.d.sync += potential.eq(total)

    spike = Signal()
    after = Signal(signed(config.membrane_width))
    m.d.comb += [
        spike.eq(potential >= threshold),
        after.eq(Mux(spike, 0, _saturate(m, total, config.membrane_width))),
    ]
    return Update(potential, spike, after)


def scale_of(scales: data.View, weigh: Value, decay: Value) -> Value:
    """The scale that belongs to a product."""
    return Mux(weigh, scales.weight, Mux(decay, scales.membrane, scales.output))


def _round(m: Module, value: Signal, shifts: list[int], index: Value, rounded: Signal, carry: Signal) -> None:
    """``value`` shifted by the selected one of ``shifts``, and the last bit that the shift drops."""
    shifted = [value >> shift if shift >= 0 else value << -shift for shift in shifts]
    dropped = [value[shift - 1] if shift > 0 else 0 for shift in shifts]
    if len(shifts) == 1:
        m.d.comb += [rounded.eq(shifted[0]), carry.eq(dropped[0])]
    else:
        m.d.comb += [rounded.eq(Array(shifted)[index]), carry.eq(Array(dropped)[index])]


def _saturate(m: Module, value: Signal, width: int) -> Value:
    """The code -Q ... Q of ``width`` bits next to ``value``."""
    # It fits where all bits from the code's sign on are equal. The code -2^(width-1), which narrow-range
    # codes leave out, becomes its neighbour by its last bit.
    sign, rest = value[-1], value[width - 1 : -1]
    low = Signal(width - 1, name="low")
    m.d.comb += low.eq(Mux(rest == sign.replicate(len(rest)), value[: width - 1], (~sign).replicate(width - 1)))
    return Cat(low[0] | (sign & ~low.any()), low[1:], sign).as_signed()
