"""The baseline's processing element: a neuron with a multiplier of its own."""

from amaranth.hdl import Module, Signal, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.baseline.arithmetic import shift_shape, update_neuron
from model.baseline.config import UqConfig


class UqProcessingElement(wiring.Component):
    """Output-stationary processing element that keeps its membrane and updates it with three products.

    Adds a weight to its sum where the input spikes; then, a product per cycle::

        weigh: P <- round(m_w*A)
        decay: P <- P + round(m_u*U)
        fire:  spike = P >= threshold;  U <- 0 if spike else sat(round(m_o*P));  A <- bias

    The spike goes into a register of its own, which is a place of its column's chain: so spikes leave
    while the next time step's weights come.

    Latency
    -------
    A beat takes 1 cycle, an update ``config.update_cycles`` = 3. ``accumulator``, ``potential``, ``membrane``
    and ``fired`` follow the inputs by one cycle.

    Parameters
    ----------
    config : UqConfig
        The array that the element belongs to.

    Members
    -------
    weight : In(signed(weight_width))
        The column's weight of this cycle; 0 in a bubble.
    spike : In(1)
        The row's spike of this cycle.
    start : In(1)
        Begin a tile: A <- bias, U <- 0.
    weigh : In(1)
        Make the first product; one of the three at most in a cycle, and none with ``start`` or a weight.
    decay : In(1)
        Make the second product.
    fire : In(1)
        Make the third product.
    scale : In(unsigned(scale_bits))
        The scale that belongs to the product.
    shifts : In(range(len(shifts)))
        Index of the layer's shifts.
    bias : In(signed(accumulator_width))
        What the sum begins at.
    threshold : In(signed(potential_width))
        Spike from the potential ``threshold`` on.
    chain : In(1)
        The spike chain's place before this one.
    shift : In(1)
        Whether the spike chain moves by one place.
    accumulator : Out(signed(accumulator_width))
        A, two's complement; wraps around.
    potential : Out(signed(potential_width))
        P so far, two's complement; wraps around.
    membrane : Out(signed(membrane_width))
        U.
    fired : Out(1)
        This place of the spike chain.
    """

    def __init__(self, config: UqConfig) -> None:
        self.config = config
        super().__init__(
            {
                "weight": In(signed(config.weight_width)),
                "spike": In(1),
                "start": In(1),
                "weigh": In(1),
                "decay": In(1),
                "fire": In(1),
                "scale": In(unsigned(config.scale_bits)),
                "shifts": In(shift_shape(config)),
                "bias": In(signed(config.accumulator_width)),
                "threshold": In(signed(config.potential_width)),
                "chain": In(1),
                "shift": In(1),
                "accumulator": Out(signed(config.accumulator_width)),
                "potential": Out(signed(config.potential_width)),
                "membrane": Out(signed(config.membrane_width)),
                "fired": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config
        accumulator = Signal(signed(config.accumulator_width), reset_less=True)
        membrane = Signal(signed(config.membrane_width), reset_less=True)
        fired = Signal(reset_less=True)
        update = update_neuron(
            m,
            config,
            accumulator=accumulator,
            membrane=membrane,
            scale=self.scale,
            shifts=self.shifts,
            threshold=self.threshold,
            weigh=self.weigh,
            decay=self.decay,
        )
        operand = Signal(signed(config.weight_width))
        m.d.comb += operand.eq(self.weight & self.spike.replicate(config.weight_width))
        with m.If(self.start):
            m.d.sync += [accumulator.eq(self.bias), membrane.eq(0)]
        with m.Elif(self.fire):
            m.d.sync += [accumulator.eq(self.bias), membrane.eq(update.membrane)]
        with m.Else():
            m.d.sync += accumulator.eq(accumulator + operand)
        with m.If(self.fire):
            m.d.sync += fired.eq(update.spike)
        with m.Elif(self.shift):
            m.d.sync += fired.eq(self.chain)
        m.d.comb += [
            self.accumulator.eq(accumulator),
            self.potential.eq(update.potential),
            self.membrane.eq(membrane),
            self.fired.eq(fired),
        ]
        return m
