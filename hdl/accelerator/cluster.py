"""A cluster: lanes that add weights, and the neuron unit that they share."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.neurons import datapath
from hdl.neurons.datapath import Datapath
from hdl.verilog.memory import ModuleMemory
from model.accelerator.config import AcceleratorConfig
from model.arithmetic import number_width


def parameter_layout(config: AcceleratorConfig) -> data.StructLayout:
    """Threshold and bias B of a neuron; with identity shortcuts, ``bias_skip`` is B + J."""
    names = ("threshold", "bias", "bias_skip") if config.skips else ("threshold", "bias")
    return data.StructLayout(dict.fromkeys(names, signed(config.accumulator_width)))


def step_layout(config: AcceleratorConfig) -> data.StructLayout:
    """What the lanes do in a cycle: add their weights to their sums, doubled before; then hand the sums over. Without
    signs, ``adds`` says whether the weights are those of an input."""
    names = ("enable", "double", "fire", "adds") if config.signless else ("enable", "double", "fire")
    return data.StructLayout(dict.fromkeys(names, 1))


NEURON_LAYOUT = data.StructLayout({"potential": 1, "first": 1, "keep": 1, "update": 1})
"""What the neuron unit does: take a sum's potential (with a membrane of 0, if it is the first time step), and keep the
sum for the next time step; make spike and membrane of the last cycle's potential."""


class Cluster(wiring.Component):
    """Lanes and their neuron unit.

    A lane adds a weight per cycle::

        sum <- (2 · sum if double else sum) + weight

    With ``fire``, the result goes to the neuron unit and the sum starts at 0: with one lane, into the unit's own
    register, while the lane goes on; with more, sums move past the unit, one per cycle, and the lanes must not add
    meanwhile. The unit has two stages::

        H <- sum + (bias_skip if shortcut else bias) + (0 if first else load(U))
        spike = H >= threshold;  U <- 0 if spike else store(H)

    Memory-free neurons weigh the sum and those of earlier time steps by their taps instead; a unit keeps as many as the
    longest window needs, of each of its lanes.

    Of binary weights alone, lanes that share a unit add b = (w + 1)/2, without a sign, and the unit takes
    2 · sum - ``inputs``.

    Where rows of lanes are time steps, U is that of the row before, which comes from outside (``relayed``). In the
    order ``streaming``, U comes from a memory (``stored``), and the last layer's units add up over the frames instead::

        H <- sum + bias + (0 if first else carried)

    Where the last layer has neurons, their spikes are counted, or their potentials added up::

        total <- (0 if first else total) + (spike or H)

    Nothing is reset: a first time step ignores the membrane, and sums start at 0 when ``clear`` says so.

    Latency
    -------
    ``potential`` may follow ``fire`` by one cycle; ``spike`` and ``membrane`` are there in the cycle after
    ``potential``, in which ``update`` is due.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    weights : In(signed(weight_width)).array(lanes_per_neuron_unit)
        Of this cycle, one per lane; 0 in cycles without ``enable``. Without signs, a bit each.
    step : In(step_layout)
        For all lanes.
    inputs : In(accumulator_width), binary weights without signs only
        Σ x of the sums that are handed over.
    clear : In(1)
        Set all sums to 0.
    neuron : In(NEURON_LAYOUT)
        For the neuron unit.
    index : In(range(lanes_per_neuron_unit))
        The lane whose sum ``potential`` takes.
    mode : In(range(modes))
        Index of the layer's mode.
    parameters : In(parameter_layout)
        Of the lane at ``index``, in the cycle of ``potential``.
    shortcut : In(1), identity shortcuts only
        That of the lane at ``index`` spikes.
    potential : Out(signed(accumulator_width))
        H.
    spike : Out(1)
        Whether H reaches the threshold.
    membrane : Out(signed(membrane_width))
        U after the reset.
    kept : Out(signed(membrane_width)), relays only
        U that is stored.
    relayed : In(signed(membrane_width)), relays only
        U to go on with: ``kept``, or that of another lane.
    stored : In(signed(membrane_width)), streaming only
        U to go on with.
    carried : In(signed(accumulator_width)), streaming only
        H, or the total, to go on with, in the last layer.
    sums : In(1), streaming and readout sum only
        The last layer runs.
    anew : In(1), lasting state and readouts of neurons only
        The total starts at 0, which that of an image does, whether membranes do or not.
    total : Out(signed(accumulator_width)), readouts of neurons only
        With ``update``: what is read out so far.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self.config = config
        share, code = config.lanes_per_neuron_unit, signed(config.membrane_width)
        number = signed(config.accumulator_width)
        super().__init__(
            {
                "weights": In(1 if config.signless else signed(config.weight_width)).array(share),
                "step": In(step_layout(config)),
                "clear": In(1),
                "neuron": In(NEURON_LAYOUT),
                "index": In(range(share)),
                "mode": In(range(len(config.modes))),
                "parameters": In(parameter_layout(config)),
                "potential": Out(number),
                "spike": Out(1),
                "membrane": Out(code),
            }
            | ({"inputs": In(config.accumulator_width)} if config.signless else {})
            | ({"kept": Out(code), "relayed": In(code)} if config.relays else {})
            | ({"stored": In(code), "carried": In(number)} if config.streaming else {})
            | ({"sums": In(1)} if config.streaming and not config.totals else {})
            | ({"shortcut": In(1)} if config.skips else {})
            | ({"total": Out(number)} if config.totals else {})
            | ({"anew": In(1)} if config.totals and config.lasts else {})
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config
        share, number = config.lanes_per_neuron_unit, signed(config.accumulator_width)
        if config.signless:
            number = unsigned(config.accumulator_width - 1)
        sums = [Signal(number, name=f"sum_{lane}", reset_less=True) for lane in range(share)]
        doubled = [Mux(self.step.double, sum_ << 1, sum_) for sum_ in sums]
        if share == 1:
            result = Signal(number)
            m.d.comb += result.eq(self.weights[0] + doubled[0])
            handed = Signal(number, reset_less=True)
            with m.If(self.step.enable):
                m.d.sync += sums[0].eq(Mux(self.step.fire, 0, result))
                with m.If(self.step.fire):
                    m.d.sync += handed.eq(result)
            leaving = handed
        else:
            # What moves past the unit passes the adder, plus a weight of 0: a bit is one table of six inputs.
            leaving = sums[0]
            entering = Mux(self.neuron.keep, leaving, 0)
            for weight, sum_, own, behind in zip(self.weights, sums, doubled, [*sums[1:], entering], strict=True):
                with m.If(self.step.enable | self.neuron.potential):
                    m.d.sync += sum_.eq(weight + Mux(self.step.enable, own, behind))
            if config.signless:
                leaving = Signal(signed(config.accumulator_width))
                m.d.comb += leaving.eq((sums[0] << 1) - self.inputs)
        with m.If(self.clear):
            m.d.sync += [sum_.eq(0) for sum_ in sums]
        return self._neuron(m, leaving)

    def _neuron(self, m: Module, leaving: Signal) -> Module:
        """The neuron unit, for the sum that leaves."""
        config, number = self.config, signed(self.config.accumulator_width)
        law = datapath(config.modes)
        current = leaving if config.streaming else self._weighed(m, law, leaving)
        potential = Signal(number, reset_less=True)
        threshold = Signal(number, reset_less=True)
        kept: Value = self.stored if config.streaming else self._membranes(m)
        if config.relays:
            m.d.comb += self.kept.eq(kept)
            kept = self.relayed
        contribution = law.load(m, kept, config.modes, self.mode, config.accumulator_width)
        if config.streaming and not config.totals:
            contribution = Mux(self.sums, self.carried, contribution)
        bias = self.parameters.bias
        if config.skips:
            bias = Mux(self.shortcut, self.parameters.bias_skip, bias)
        with m.If(self.neuron.potential):
            added = Mux(self.neuron.first, 0, contribution)
            m.d.sync += [
                potential.eq(current + (bias + added)),
                threshold.eq(self.parameters.threshold),
            ]
        m.d.comb += [
            self.potential.eq(potential),
            self.spike.eq(law.fires(potential, threshold)),
            self.membrane.eq(law.store(m, potential, threshold, self.spike, config.modes, self.mode)),
        ]
        if config.totals:
            self._read_out(m)
        return m

    def _read_out(self, m: Module) -> None:
        """The total of the lane at ``index``; in the order streaming it comes from a memory, and goes there."""
        config, share = self.config, self.config.lanes_per_neuron_unit
        first, before = Signal(name="first_total"), Signal(signed(config.accumulator_width), name="total_before")
        m.d.sync += first.eq(self.anew if config.lasts else self.neuron.first)
        m.d.comb += self.total.eq(Mux(first, 0, before) + (self.spike if config.readout == "count" else self.potential))
        if config.streaming:
            m.d.sync += before.eq(self.carried)
        elif share == 1:
            with m.If(self.neuron.update):
                m.d.sync += before.eq(self.total)
        else:
            m.submodules.totals = memory = ModuleMemory("unit_totals", shape=config.accumulator_width, depth=share)
            write, read = memory.write_port(), memory.read_port(domain="comb")
            index = Signal(number_width(share), name="index_of_total")
            m.d.sync += index.eq(self.index)
            m.d.comb += [
                read.addr.eq(index),
                before.eq(read.data),
                write.addr.eq(index),
                write.data.eq(self.total),
                write.en.eq(self.neuron.update),
            ]

    def _weighed(self, m: Module, law: Datapath, leaving: Value) -> Value:
        """What neurons make of the sum, and of those of earlier time steps."""
        config, count = self.config, self.config.past_sums
        sums = [leaving, *self._past(m, leaving, count)] if count else [leaving]
        return law.weigh(m, sums, config.modes, self.mode, config.accumulator_width)

    def _past(self, m: Module, leaving: Value, count: int) -> list[Value]:
        """Sums of the lane at ``index`` in the ``count`` time steps before, the last one first; 0 before the first."""
        width, share = self.config.accumulator_width, self.config.lanes_per_neuron_unit
        kept = Signal(count * width, name="past", reset_less=share == 1)
        known = [Mux(self.neuron.first, 0, kept.word_select(i, width).as_signed()) for i in range(count)]
        following = Cat(leaving[:width], *(value[:width] for value in known[:-1]))
        if share == 1:
            with m.If(self.neuron.potential):
                m.d.sync += kept.eq(following)
            return known
        m.submodules.pasts = memory = ModuleMemory("unit_pasts", shape=count * width, depth=share)
        write, read = memory.write_port(), memory.read_port(domain="comb")
        m.d.comb += [
            read.addr.eq(self.index),
            kept.eq(read.data),
            write.addr.eq(self.index),
            write.data.eq(following),
            write.en.eq(self.neuron.potential),
        ]
        return known

    def _membranes(self, m: Module) -> Signal:
        """The stored membrane of the lane at ``index``; ``update`` writes the one before."""
        config = self.config
        share = config.lanes_per_neuron_unit
        if not config.keeps:
            return Signal(signed(config.membrane_width), name="nothing")
        kept = Signal(signed(config.membrane_width), reset_less=share == 1)
        if share == 1:
            with m.If(self.neuron.update):
                m.d.sync += kept.eq(self.membrane)
            return kept
        m.submodules.membranes = memory = ModuleMemory("unit_membranes", shape=config.membrane_width, depth=share)
        write, read = memory.write_port(), memory.read_port(domain="comb")
        index = Signal(number_width(share))
        m.d.sync += index.eq(self.index)
        m.d.comb += [
            write.addr.eq(index),
            write.data.eq(self.membrane),
            write.en.eq(self.neuron.update),
            read.addr.eq(self.index),
            kept.eq(read.data),
        ]
        return kept
