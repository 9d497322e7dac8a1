"""The neuron unit: the edge of one column, where sums become spikes and membranes."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from model.config import ArrayConfig


class NeuronUnit(wiring.Component):
    """Threshold, reset, leak and saturation for the neurons of one column, one row after another.

    The unit's potential register is the ring's extra place. First stage, into that register::

        H <- (accumulator << double) + addend
        addend = 0, B, B + J (add_bias where skip), or load(U) (add_membrane)

    Second stage, from it::

        spike = H >= threshold
        U     = 0 if spike else store(H)     store(H) = saturate(H >> r)
        chain = H (keep), load(U) (fire) or 0     load(U) = U >> 1 if r = 0 else U << (r-1)

    Supported are the r in ``config.leaks``; an index beyond them selects the last.

    Latency
    -------
    ``potential`` follows ``accumulator`` by one cycle; ``spike``, ``membrane`` and ``chain`` follow
    ``potential`` in the same cycle.

    Parameters
    ----------
    config : ArrayConfig
        The array that the unit belongs to.

    Members
    -------
    configure : In(1)
        Take the column's parameters in this cycle.
    threshold : In(signed(accumulator_width))
        Parameter: spike from this potential on.
    bias : In(signed(accumulator_width))
        Parameter B.
    bias_skip : In(signed(accumulator_width)), joins only
        Parameter B + J.
    leak : In(range(len(leaks)))
        Index of the tile's r; not registered here, because all columns share it.
    accumulator : In(signed(accumulator_width))
        The sum that leaves row 0.
    load : In(1)
        Take the next potential.
    double : In(1)
        Double the sum on its way in.
    add_bias : In(1)
        Add the bias.
    skip : In(1), joins only
        The neuron's identity shortcut spikes: the bias to add is B + J.
    add_membrane : In(1)
        Add what the membrane of the potential now held contributes to the next time step.
    keep : In(1)
        Give the potential itself back to the ring.
    fire : In(1)
        Give the next time step's contribution of the membrane back to the ring.
    potential : Out(signed(accumulator_width))
        H.
    spike : Out(1)
        Whether H reaches the threshold.
    membrane : Out(signed(membrane_width))
        The membrane code after the reset.
    chain : Out(signed(accumulator_width))
        What enters the ring at the last row.
    """

    def __init__(self, config: ArrayConfig) -> None:
        self.config = config
        number = signed(config.accumulator_width)
        members = {
            "configure": In(1),
            "threshold": In(number),
            "bias": In(number),
            "leak": In(range(len(config.leaks))),
            "accumulator": In(number),
            "load": In(1),
            "double": In(1),
            "add_bias": In(1),
            "add_membrane": In(1),
            "keep": In(1),
            "fire": In(1),
            "potential": Out(number),
            "spike": Out(1),
            "membrane": Out(signed(config.membrane_width)),
            "chain": Out(number),
        }
        if config.joins:
            members |= {"bias_skip": In(number), "skip": In(1)}
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        number = signed(self.config.accumulator_width)

        # Parameters hold their value until the next tile's; before the first tile nobody asks.
        threshold = Signal(number, reset_less=True)
        bias = Signal(number, reset_less=True)
        with m.If(self.configure):
            m.d.sync += [threshold.eq(self.threshold), bias.eq(self.bias)]
        if self.config.joins:
            bias_skip = Signal(number, reset_less=True)
            with m.If(self.configure):
                m.d.sync += bias_skip.eq(self.bias_skip)

        # Second stage, from the potential register.
        potential = Signal(number, reset_less=True)
        loaded = Signal(number)
        m.d.comb += [
            self.potential.eq(potential),
            self.spike.eq(potential >= threshold),
            self.membrane.eq(Mux(self.spike, 0, self._store(m, potential))),
            loaded.eq(self._load(m, self.membrane)),
        ]
        with m.If(self.keep):
            m.d.comb += self.chain.eq(potential)
        with m.Elif(self.fire):
            m.d.comb += self.chain.eq(loaded)

        # First stage, into it.
        addend = Signal(number)
        with m.If(self.add_bias):
            m.d.comb += addend.eq(Mux(self.skip, bias_skip, bias) if self.config.joins else bias)
        with m.Elif(self.add_membrane):
            m.d.comb += addend.eq(loaded)
        with m.If(self.load):
            m.d.sync += potential.eq(Mux(self.double, self.accumulator << 1, self.accumulator) + addend)
        return m

    def _store(self, m: Module, potential: Signal) -> Value:
        """The membrane code of a potential that does not fire."""
        width = self.config.membrane_width
        shifted = Signal.like(potential, name="shifted")
        self._by_leak(m, lambda leak: shifted.eq(potential >> leak))

        # The shifted potential fits the code where all bits from the code's sign on are equal. The
        # code -2^(width-1), which narrow-range codes leave out, becomes its neighbour by its last bit.
        sign, rest = shifted[-1], shifted[width - 1 : -1]
        low = Signal(width - 1, name="low")
        m.d.comb += low.eq(Mux(rest == sign.replicate(len(rest)), shifted[: width - 1], (~sign).replicate(width - 1)))
        return Cat(low[0] | (sign & ~low.any()), low[1:], sign).as_signed()

    def _load(self, m: Module, membrane: Value) -> Signal:
        """What a membrane code contributes to the next time step."""
        loaded = Signal(signed(self.config.accumulator_width), name="contribution")
        self._by_leak(m, lambda leak: loaded.eq(membrane >> 1 if leak == 0 else membrane << (leak - 1)))
        return loaded

    def _by_leak(self, m: Module, statement) -> None:
        """Emit ``statement(r)`` for every supported r, selected by the leak index."""
        *others, last = self.config.leaks
        with m.Switch(self.leak):
            for index, leak in enumerate(others):
                with m.Case(index):
                    m.d.comb += statement(leak)
            with m.Default():
                m.d.comb += statement(last)
