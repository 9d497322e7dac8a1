"""Takes events from an AXI4-Stream and has their bits set in the input memory."""

from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.parts.times import times
from model.accelerator.config import AcceleratorConfig
from model.accelerator.events import EVENT_WIDTH, FIELDS
from model.arithmetic import number_width


class EventWriter(wiring.Component):
    """Two banks: one is filled while the other is read::

        memory[bank][address of (y, x, step)][channel] <- 1, with set        step <- step + 1, with an end of step
        of counts: ... + 1, up to the greatest
        full[bank] <- 1, with the last end of step;  full <- full & ~release

    A linear layer's bit is in the word and place of input (channel, y, x); see :mod:`model.accelerator.events` for a
    beat's fields. Events of one place and time step are one, or are counted.

    A packet has as many ends of step as time steps, and the last one has ``last``. A packet in which they are fewer or
    more, or an event lies outside the input, is thrown away as a whole: its bank is discarded, and ``error`` is set
    until a whole packet has come. No beat of a packet is taken unless its bank is clean.

    Where state lasts, a packet begins a recording if its first beat says so, or that of one that was thrown away before
    it, or if it is the first one since the reset.

    Latency
    -------
    A beat per cycle. ``set`` comes one cycle after the event; a bank is full two cycles after the packet's last beat.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    data : In(32)
        AXI4-Stream.
    valid, last : In(1)
        AXI4-Stream.
    begins : In(1), lasting state only
        With a packet's first beat: it begins a recording.
    ready : Out(1)
        AXI4-Stream.
    set : Out(2)
        Set bit ``index`` of the word at ``address`` of one bank, or have that count go up.
    address : Out(range(input_words))
        See ``set``.
    index : Out(range(input_word_width / bits of a count))
        See ``set``.
    clean : In(2)
        Banks in which nothing is set that is not of the packet that comes.
    discard : Out(2)
        The bank whose packet is thrown away, with what is set in this cycle.
    full : Out(2)
        Banks that hold an image.
    first : Out(2), lasting state only
        Banks whose packet begins a recording.
    release : In(2)
        Banks that are not needed any more.
    error : Out(1)
        The last packet was malformed.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self.config = config
        super().__init__(
            {
                "data": In(EVENT_WIDTH),
                "valid": In(1),
                "last": In(1),
                "ready": Out(1),
                "set": Out(2),
                "address": Out(number_width(config.input_words)),
                "index": Out(number_width(config.input_word_width // config.inputs.planes)),
                "clean": In(2),
                "discard": Out(2),
                "full": Out(2),
                "release": In(2),
                "error": Out(1),
            }
            | ({"begins": In(1), "first": Out(2, init=1)} if config.lasts else {})
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config

        # Cycle 0: a beat is taken; of a packet that is thrown away, the rest is swallowed.
        step = Signal(number_width(config.frame_steps))
        bank = Signal()
        swallow, taken, event, whole, broken = (
            Signal(name=n) for n in ("swallow", "taken", "event", "whole", "broken")
        )
        ends = self._field("end_of_step")
        last_step = step == config.frame_steps - 1
        m.d.comb += [
            self.ready.eq((self.clean & ~self.full).bit_select(bank, 1) | swallow),
            taken.eq(self.valid & self.ready),
            event.eq(taken & ~swallow & ~ends),
            whole.eq(taken & ~swallow & ends & last_step & self.last),
            broken.eq(taken & ~swallow & Mux(ends, last_step ^ self.last, self.last | ~self._inside())),
            self.discard.eq(broken << bank),
        ]
        with m.If(taken):
            m.d.sync += [
                swallow.eq((swallow | broken) & ~self.last),
                step.eq(Mux(whole | broken | swallow, 0, step + ends)),
            ]
        with m.If(broken):
            m.d.sync += self.error.eq(1)
        with m.If(whole):
            m.d.sync += [self.error.eq(0), bank.eq(~bank)]

        # Cycle 1: the word of the event's bit is read. Cycle 2: it is written, and the bank of a whole packet is full.
        filled = Signal(2)
        m.d.sync += [self.set.eq(Mux(event & ~broken, 1 << bank, 0)), filled.eq(whole << bank)]
        m.d.sync += self.full.eq(self.full & ~self.release | filled)
        self._place(m, step)
        if config.lasts:  # also where the packet that said so was thrown away
            self._recordings(m, taken, swallow, bank, whole | broken)
        return m

    def _field(self, name: str) -> Value:
        place, width = FIELDS[name]
        return self.data[place : place + width]

    def _inside(self) -> Value:
        """Whether the event is one of the input."""
        channels, rows, columns = self.config.input_shape
        return (self._field("x") < columns) & (self._field("y") < rows) & (self._field("channel") < channels)

    def _place(self, m: Module, step: Signal) -> None:
        """Where an event's bit is: what is multiplied is registered, and added in the next cycle."""
        first = self.config.layers[0]
        channels, rows, columns = self.config.input_shape
        x, y, channel = (
            self._field(name)[: number_width(extent)]
            for name, extent in (("x", columns), ("y", rows), ("channel", channels))
        )
        rest = Signal.like(self.address, name="rest")
        if first.source_map == (1, 1):  # [step][word], of inputs by channel, row, column
            place, of_place, column = (
                Signal(number_width(first.source_channels), name=name) for name in ("place", "of_place", "column")
            )
            low = (first.word_channels - 1).bit_length()
            m.d.sync += [
                of_place.eq(times(channel, rows * columns) + times(y, columns)),
                column.eq(x),
                rest.eq(times(step, first.words)),
            ]
            m.d.comb += [
                place.eq(of_place + column),
                self.index.eq(place[:low]),
                self.address.eq(rest + place[low:]),
            ]
            return
        steps, of_step, index = self.config.frame_steps, step, channel  # [row][column][step]
        if first.window:  # [row][column], of every channel the first time step in the highest bit
            steps, of_step, index = 1, Const(0), times(channel, steps) + (steps - 1 - step)
        of_row = Signal.like(self.address, name="of_row")
        m.d.sync += [of_row.eq(times(y, columns * steps)), rest.eq(times(x, steps) + of_step), self.index.eq(index)]
        m.d.comb += self.address.eq(of_row + rest)

    def _recordings(self, m: Module, taken: Signal, swallow: Signal, bank: Signal, ended: Value) -> None:
        """Which banks begin a recording: the first beat of what came for them says so."""
        fresh = Signal(init=1)
        with m.If(taken & ~swallow):
            m.d.sync += fresh.eq(ended)
        for own in range(2):
            with m.If(taken & ~swallow & fresh & self.begins & (bank == own)):
                m.d.sync += self.first[own].eq(1)
            with m.Elif(self.release[own]):
                m.d.sync += self.first[own].eq(0)
