"""The processing element: one neuron's sum, and nothing else."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from model.config import ArrayConfig


class ProcessingElement(wiring.Component):
    """Output-stationary processing element.

    Adds a weight to its sum where the input spikes, or takes the next place of its column's ring::

        accumulator <- chain                                   if preload
                       accumulator + (weight if spike else 0)  otherwise

    Nothing is missing: a multiplier, because a spike is 0 or 1; an enable, because the sum keeps
    still where no spike comes or the weight is 0, which is how the array makes bubbles and how it
    freezes; a reset, because the array clears its rings after a reset; a pass register for the
    spike, because the array's skew registers are shared with the neuron units' control.

    Latency
    -------
    ``accumulator`` follows the inputs by one cycle.

    Parameters
    ----------
    config : ArrayConfig
        The array that the element belongs to; ``weight_width`` and ``accumulator_width`` count.

    Members
    -------
    weight : In(signed(weight_width))
        The column's weight of this cycle.
    spike : In(1)
        The row's spike of this cycle; 0 in a bubble.
    chain : In(signed(accumulator_width))
        The ring's place before this one.
    preload : In(1)
        Whether the ring moves by one place.
    accumulator : Out(signed(accumulator_width))
        The sum, two's complement; wraps around.
    """

    def __init__(self, config: ArrayConfig) -> None:
        self.config = config
        super().__init__(
            {
                "weight": In(signed(config.weight_width)),
                "spike": In(1),
                "chain": In(signed(config.accumulator_width)),
                "preload": In(1),
                "accumulator": Out(signed(config.accumulator_width)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        width = self.config.weight_width

        # The spike gates the operand, not the register: an adder of zero costs width-many AND
        # gates, a register that holds would cost a multiplexer on every accumulator bit.
        operand = Signal(signed(width))
        m.d.comb += operand.eq(self.weight & self.spike.replicate(width))

        register = Signal(signed(self.config.accumulator_width), reset_less=True)
        m.d.sync += register.eq(Mux(self.preload, self.chain, register + operand))
        m.d.comb += self.accumulator.eq(register)
        return m
