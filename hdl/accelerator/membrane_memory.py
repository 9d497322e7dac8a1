"""Membranes from one frame to the next, and the last layer's sums: where the time step is the outermost loop."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.verilog.memory import ModuleMemory
from model.accelerator.config import AcceleratorConfig
from model.arithmetic import number_width


class MembraneMemory(wiring.Component):
    """A word of membranes for each hand-over and lane of a neuron unit, in the order in which they come in a frame.

    So its address is a counter, and each word is read and written once a frame::

        stored = membranes[n] of the frame before;  carried = potentials[n] of the frame before, in the last layer

    The last layer adds up its potentials over the frames, or, where it has neurons, what is read out of them beside
    their membranes; these have a memory of their own, as wide as the accumulators.

    What the first frame of an image reads is of the image before, or undefined; whoever asks ignores it.

    Latency
    -------
    ``stored`` and ``carried`` belong to ``potential`` in the same cycle; ``update`` follows it by one cycle.

    Parameters
    ----------
    config : AcceleratorConfig
        Of the order ``streaming``.

    Members
    -------
    start : In(1)
        A layer begins.
    first : In(1)
        It is a frame's first one.
    sums : In(1)
        It is the last one.
    potential : In(1)
        The neuron units take potentials at the end of this cycle.
    update : In(1)
        Write what they made of them.
    membranes : In(neuron_units * membrane_width)
        After the reset.
    potentials : In(neuron_units * accumulator_width)
        H, or what is read out so far.
    stored : Out(neuron_units * membrane_width)
        Membranes of the frame before.
    carried : Out(neuron_units * accumulator_width)
        The last layer's potentials of the frame before.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self.config = config
        membranes = config.neuron_units * config.membrane_width
        sums = config.neuron_units * config.accumulator_width
        super().__init__(
            {
                "start": In(1),
                "first": In(1),
                "sums": In(1),
                "potential": In(1),
                "update": In(1),
                "membranes": In(membranes),
                "potentials": In(sums),
                "stored": Out(membranes),
                "carried": Out(sums),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config
        place = Signal(number_width(max(config.membrane_words, config.sum_words)))
        due = Signal.like(place)
        behind = Signal.like(place)
        m.d.comb += due.eq(place + self.potential)  # read a cycle ahead
        again = self.start & (self.first if config.totals else self.first | self.sums)
        m.d.sync += [place.eq(Mux(again, 0, due)), behind.eq(place)]
        update, own, own_behind = self.update & ~self.sums, due, behind
        if config.totals:  # the last layer has a word in both
            update, sums = self.update, Signal(number_width(config.sum_words))
            own, own_behind = Signal.like(sums), Signal.like(sums)
            m.d.comb += own.eq(sums + self.potential)
            m.d.sync += [sums.eq(Mux(self.start & self.sums, 0, own)), own_behind.eq(sums)]
        self._memory(m, "membranes", config.membrane_words, due, behind, update, self.membranes, self.stored)
        written = self.update & self.sums
        self._memory(m, "sums", config.sum_words, own, own_behind, written, self.potentials, self.carried)
        return m

    @staticmethod
    def _memory(
        m: Module, name: str, words: int, due: Value, behind: Value, update: Value, written: Value, found: Value
    ) -> None:
        if not words:
            return
        m.submodules[name] = memory = ModuleMemory(name, shape=len(written), depth=words)
        write, read = memory.write_port(), memory.read_port()
        m.d.comb += [
            read.addr.eq(due[: len(read.addr)]),
            read.en.eq(1),
            write.addr.eq(behind[: len(write.addr)]),
            write.data.eq(written),
            write.en.eq(update),
            found.eq(read.data),
        ]
