"""The baseline's neuron unit: one multiplier for the neurons of a column, one after another."""

from amaranth.hdl import Module, Signal, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.baseline.arithmetic import shift_shape, update_neuron
from model.baseline.config import UqConfig


class UqNeuronUnit(wiring.Component):
    """Multiplier, rounding, threshold, reset and saturation, and the membranes of a column's neurons.

    A neuron's update is three products, one per cycle::

        weigh: P <- round(m_w*(accumulator + bias))
        decay: P <- P + round(m_u*U)
        fire:  spike = P >= threshold;  U <- 0 if spike or last else sat(round(m_o*P))

    U is the first place of a ring of ``rows`` membranes, which moves by one place with ``fire``.

    Latency
    -------
    ``config.update_cycles`` = 3 cycles a neuron. ``potential`` follows the inputs by one cycle; ``spike`` and
    ``membrane`` are those of the cycle with ``fire``.

    Parameters
    ----------
    config : UqConfig
        The array that the unit belongs to; ``rows`` is the ring's length.

    Members
    -------
    weigh : In(1)
        Make the first product; one of the three at most in a cycle.
    decay : In(1)
        Make the second product.
    fire : In(1)
        Make the third product.
    last : In(1)
        The tile ends: membranes begin at 0 again.
    scale : In(unsigned(scale_bits))
        The scale that belongs to the product.
    shifts : In(range(len(shifts)))
        Index of the layer's shifts.
    accumulator : In(signed(accumulator_width))
        The sum that leaves row 0.
    bias : In(signed(accumulator_width))
        What is added to it; wraps around.
    threshold : In(signed(potential_width))
        Spike from the potential ``threshold`` on.
    potential : Out(signed(potential_width))
        P so far, two's complement; wraps around.
    spike : Out(1)
        Whether P reaches the threshold.
    membrane : Out(signed(membrane_width))
        What the neuron's membrane becomes in the cycle with ``fire``.
    """

    def __init__(self, config: UqConfig) -> None:
        self.config = config
        super().__init__(
            {
                "weigh": In(1),
                "decay": In(1),
                "fire": In(1),
                "last": In(1),
                "scale": In(unsigned(config.scale_bits)),
                "shifts": In(shift_shape(config)),
                "accumulator": In(signed(config.accumulator_width)),
                "bias": In(signed(config.accumulator_width)),
                "threshold": In(signed(config.potential_width)),
                "potential": Out(signed(config.potential_width)),
                "spike": Out(1),
                "membrane": Out(signed(config.membrane_width)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config
        ring = [
            Signal(signed(config.membrane_width), name=f"membrane_{row}", reset_less=True) for row in range(config.rows)
        ]
        biased = Signal(signed(config.accumulator_width))
        m.d.comb += biased.eq(self.accumulator + self.bias)
        update = update_neuron(
            m,
            config,
            accumulator=biased,
            membrane=ring[0],
            scale=self.scale,
            shifts=self.shifts,
            threshold=self.threshold,
            weigh=self.weigh,
            decay=self.decay,
        )
        m.d.comb += [self.potential.eq(update.potential), self.spike.eq(update.spike)]
        with m.If(~self.last):
            m.d.comb += self.membrane.eq(update.membrane)
        with m.If(self.fire):
            for place, value in zip(ring, [*ring[1:], self.membrane], strict=True):
                m.d.sync += place.eq(value)
        return m
