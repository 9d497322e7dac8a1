"""The processing element: one neuron's sum, and nothing else."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from model.array import ArrayConfig


class ProcessingElement(wiring.Component):
    """Output-stationary processing element.

    Adds a weight to its sum where the input spikes, or takes the next place of its column's ring::

        sum <- (chain if preload else sum) + ((weight if spike else 0) + 2^(W-1) if enable else 0)

    The constant 2^(W-1) makes the addend a positive number of W bits, so that the sum's upper bits
    count carries (a half adder per bit) instead of adding a sign (a full adder per bit). It does not depend
    on the spikes, so the host takes it out with the bias (:meth:`ArrayConfig.offset`).

    The carry from the lower W bits waits in a register and is added a cycle later, so that an addition
    is never longer than one of the two parts: what the sum is, is ``accumulator + 2^W * carry``. After a
    cycle without ``enable`` the carry is 0; the ring moves only then.

    Nothing is missing: a multiplier, because a spike is 0 or 1; a reset, because the array clears its
    rings after a reset; a pass register for the spike, because the array's skew registers are shared
    with the neuron units' control. Without ``enable`` and ``preload`` nothing toggles.

    Latency
    -------
    The lower bits of ``accumulator`` follow the inputs by one cycle, the upper bits by two.

    Parameters
    ----------
    config : ArrayConfig
        The array that the element belongs to; ``weight_width`` and ``accumulator_width`` count.

    Members
    -------
    weight : In(signed(weight_width))
        The column's weight of this cycle.
    spike : In(1)
        The row's spike of this cycle.
    enable : In(1)
        Whether this cycle has a weight and a spike; without it one of them is 0, which costs a row or a
        column a gate where it would cost every element one.
    chain : In(signed(accumulator_width))
        The ring's place before this one.
    preload : In(1)
        Whether the ring moves by one place; never in or right after a cycle with ``enable``.
    accumulator : Out(signed(accumulator_width))
        The sum without the carry that waits, two's complement; wraps around.
    """

    def __init__(self, config: ArrayConfig) -> None:
        self.config = config
        super().__init__(
            {
                "weight": In(signed(config.weight_width)),
                "spike": In(1),
                "enable": In(1),
                "chain": In(signed(config.accumulator_width)),
                "preload": In(1),
                "accumulator": Out(signed(config.accumulator_width)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        width = self.config.weight_width

        # Offset binary: the sign bit inverted, which without a spike is the whole addend.
        sign = self.enable & ~(self.weight[-1] & self.spike)
        operand = Signal(width)
        m.d.comb += operand.eq(Cat(self.weight[:-1] & self.spike.replicate(width - 1), sign))

        register = Signal.like(self.accumulator, reset_less=True)
        carry = Signal(reset_less=True)
        low = Signal(width + 1)
        high = Signal(len(register) - width)
        m.d.comb += [
            low.eq(register[:width] + operand),
            high.eq(register[width:] + carry),
            self.accumulator.eq(register),
        ]

        # The multiplexer stands behind the adders: before them, an FPGA would need fewer lookup tables, but the
        # column's wire to all multiplexers and the carries would follow each other in one cycle.
        m.d.sync += [
            register.eq(Mux(self.preload, self.chain, Cat(low[:width], high))),
            carry.eq(low[width]),
        ]
        return m
