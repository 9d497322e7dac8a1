"""The neuron unit: the edge of one column, where sums become spikes and membranes."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.neurons import datapath
from model.array import ArrayConfig


def neuron_layout(config: ArrayConfig) -> data.StructLayout:
    """The parameters of one column: ``bias`` is B, and with joins ``bias_skip`` is B + J."""
    names = ("threshold", "bias", "bias_skip") if config.joins else ("threshold", "bias")
    return data.StructLayout(dict.fromkeys(names, signed(config.accumulator_width)))


CONTROL_LAYOUT = data.StructLayout(
    {
        "double": 1,  # double the sum on its way in
        "add_bias": 1,  # add the bias
        "add_membrane": 1,  # add what the membrane is at the next time step
        "keep": 1,  # give the potential itself back to the ring
        "fire": 1,  # give the membrane's contribution to the next time step back to the ring
    }
)
"""How potentials are made and what becomes of them."""


class NeuronUnit(wiring.Component):
    """Threshold, reset, leak and saturation for the neurons of one column, one row after another.

    The potential and the membrane are registers, and the ring's extra places. First stage, to the potential::

        H <- (accumulator << double) + addend
        addend = 0, B, B + J (add_bias where skip), or load(U) (add_membrane)

    Second stage, to the membrane::

        spike = H >= threshold
        U    <- 0 if spike else store(H)     store(H) = saturate(H >> r)

    Back to the ring::

        chain = H (keep), load(U) (fire) or 0     load(U) = U >> 1 if r = 0 else U << (r-1)

    Supported are ``config.neurons``; an index beyond them selects the last. Each saturates at its own width.

    Latency
    -------
    ``potential`` follows ``accumulator`` by one cycle, ``spike`` and ``membrane`` follow ``potential`` in the
    same cycle; ``chain`` follows ``accumulator`` by one cycle (keep) or two (fire).

    Parameters
    ----------
    config : ArrayConfig
        The array that the unit belongs to.

    Members
    -------
    configure : In(1)
        Take the column's parameters in this cycle.
    parameters : In(neuron_layout)
        Spike from the potential ``threshold`` on; B and B + J.
    leak : In(range(len(neurons)))
        Index of the tile's neuron; not registered here, because all columns share it.
    accumulator : In(signed(accumulator_width))
        The sum that leaves row 0.
    advance : In(1)
        Whether the registers move; all but the parameters'.
    load : In(1)
        Take the next potential, and the membrane of the last one; add_membrane takes the membrane as well.
    control : In(CONTROL_LAYOUT)
        How to make the next potential, and what to give to the ring.
    skip : In(1), joins only
        The neuron's identity shortcut spikes: the bias to add is B + J.
    potential : Out(signed(accumulator_width))
        H.
    spike : Out(1)
        Whether H reaches the threshold.
    membrane : Out(signed(membrane_width))
        The membrane code after the reset, on its way into the register.
    chain : Out(signed(accumulator_width))
        What enters the ring at the last row.
    """

    def __init__(self, config: ArrayConfig) -> None:
        self.config = config
        number = signed(config.accumulator_width)
        members = {
            "configure": In(1),
            "parameters": In(neuron_layout(config)),
            "leak": In(range(len(config.neurons))),
            "accumulator": In(number),
            "advance": In(1),
            "load": In(1),
            "control": In(CONTROL_LAYOUT),
            "potential": Out(number),
            "spike": Out(1),
            "membrane": Out(signed(config.membrane_width)),
            "chain": Out(number),
        }
        if config.joins:
            members["skip"] = In(1)
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        number = signed(self.config.accumulator_width)
        modes = self.config.neurons
        law = datapath(modes)

        # Parameters hold their value until the next tile's; before the first tile nobody asks.
        parameters = Signal(neuron_layout(self.config), name="held", reset_less=True)
        with m.If(self.configure):
            m.d.sync += parameters.eq(self.parameters)

        # Second stage, from the potential to the membrane.
        potential = Signal(number, reset_less=True)
        membrane = Signal(signed(self.config.membrane_width), reset_less=True)
        m.d.comb += [
            self.potential.eq(potential),
            self.spike.eq(law.fires(potential, parameters.threshold)),
            self.membrane.eq(law.store(m, potential, parameters.threshold, self.spike, modes, self.leak)),
        ]
        # A rotation that waits for a skip's spike holds both; FIRE_HELD makes a membrane without a new potential.
        with m.If(self.advance & (self.load | self.control.add_membrane)):
            m.d.sync += membrane.eq(self.membrane)

        loaded = law.load(m, membrane, modes, self.leak, self.config.accumulator_width)
        with m.If(self.control.keep):
            m.d.comb += self.chain.eq(potential)
        with m.Elif(self.control.fire):
            m.d.comb += self.chain.eq(loaded)

        # First stage, into the potential.
        addend = Signal(number)
        with m.If(self.control.add_bias):
            bias = parameters.bias
            m.d.comb += addend.eq(Mux(self.skip, parameters.bias_skip, bias) if self.config.joins else bias)
        with m.Elif(self.control.add_membrane):
            m.d.comb += addend.eq(loaded)
        with m.If(self.load & self.advance):
            m.d.sync += potential.eq(Mux(self.control.double, self.accumulator << 1, self.accumulator) + addend)
        return m
