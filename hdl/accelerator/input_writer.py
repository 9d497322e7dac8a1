"""Takes an image from an AXI4-Stream and writes it into the input memory, in the order in which it is read."""

from itertools import product

from amaranth.hdl import Cat, Module, Mux, Signal, Value, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.accelerator.loop_nest import LoopNest, Program, Quantity
from model.accelerator.config import AcceleratorConfig
from model.arithmetic import number_width
from model.inputs import PIXELS


class InputWriter(wiring.Component):
    """Two banks: one is filled while the other is read::

        memory[bank][address] <- word, with write;  full[bank] <- 1, with the last one;  full <- full & ~release

    A packet is an image; its last beat has ``last``. A packet that ends early, or goes on after its last beat, is
    thrown away as a whole: ``error`` is set until a whole packet has come.

    Where state lasts, a packet begins a recording if its first beat says so, or that of one that was thrown away before
    it, or if it is the first one since the reset.

    Pixels of a linear layer are turned into words of a bit plane each, [plane][word]; everything else is stored as it
    comes, spikes and counts as [row][column][step], of a window a part of the word [row][column] for each step.

    Latency
    -------
    A beat per cycle; a bank is full one cycle after the packet's last beat, of a linear layer's pixels 9 cycles after.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    data : In(input_width)
        AXI4-Stream; the lower ``beat_bits`` count, and in the last beat of a linear layer's time step those of inputs.
    valid, last : In(1)
        AXI4-Stream.
    begins : In(1), lasting state only
        With a packet's first beat: it begins a recording.
    ready : Out(1)
        AXI4-Stream.
    write : Out(1)
        Write ``word`` to ``address`` of bank ``bank``.
    address : Out(range(input_words))
        See ``write``.
    word : Out(input_part_width)
        See ``write``.
    bank : Out(1)
        See ``write``.
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
                "data": In(config.input_width),
                "valid": In(1),
                "last": In(1),
                "ready": Out(1),
                "write": Out(1),
                "address": Out(number_width(config.input_words)),
                "word": Out(config.input_part_width),
                "bank": Out(1),
                "full": Out(2),
                "release": In(2),
                "error": Out(1),
            }
            | ({"begins": In(1), "first": Out(2, init=1)} if config.lasts else {})
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config
        first = config.layers[0]
        turns = first.static and not first.window

        # Cycle 0: a beat is taken and counted, and written unless pixels are turned; too long packets are swallowed.
        count = Signal(number_width(config.input_beats))
        swallow = Signal()
        taken = Signal()
        whole = Signal()
        broken = Signal()
        expected = count == config.input_beats - 1
        m.d.comb += [
            taken.eq(self.valid & self.ready),
            whole.eq(taken & ~swallow & expected & self.last),
            broken.eq(taken & ~swallow & (expected ^ self.last)),
        ]
        with m.If(taken):
            m.d.sync += count.eq(Mux(expected | self.last | swallow, 0, count + 1))
            with m.If(self.last):
                m.d.sync += swallow.eq(0)
            with m.Elif(expected):
                m.d.sync += swallow.eq(1)
        with m.If(broken):
            m.d.sync += self.error.eq(1)
        with m.If(whole):
            m.d.sync += self.error.eq(0)

        # Cycle 1, after what is written last: the bank is full.
        filled = Signal()
        for bank in range(2):
            with m.If(filled & (self.bank == bank)):
                m.d.sync += self.full[bank].eq(1)
            with m.Elif(self.release[bank]):
                m.d.sync += self.full[bank].eq(0)
        with m.If(filled):
            m.d.sync += self.bank.eq(~self.bank)
        if config.lasts:  # also where the packet that said so was thrown away
            for bank in range(2):
                with m.If(taken & ~swallow & (count == 0) & self.begins & (self.bank == bank)):
                    m.d.sync += self.first[bank].eq(1)
                with m.Elif(self.release[bank]):
                    m.d.sync += self.first[bank].eq(0)

        space = ~self.full.bit_select(self.bank, 1)
        if turns:
            self._turn(m, taken & ~swallow, whole, broken, filled, space)
            return m
        m.d.comb += [
            self.ready.eq(space | swallow),
            self.write.eq(taken & ~swallow),
            self.word.eq(self._inputs(m, taken & (expected | self.last | swallow), taken)),
            filled.eq(whole),
        ]
        if first.static or first.source_map == (1, 1):
            m.d.comb += self.address.eq(count)
            return m
        rows, columns = first.source_map
        own = not first.window  # words of a step; a window's are of all steps
        steps = first.stored_rounds // first.planes
        words = steps if own else 1
        order = Program(
            {"step": steps, "row": rows, "column": columns},
            {"address": Quantity(0, {"step": int(own), "row": columns * words, "column": words})},
        )
        shapes = {"address": unsigned(len(self.address))}
        m.submodules.order = nest = LoopNest(("step", "row", "column"), [order], shapes)
        begun = Signal()
        m.d.sync += begun.eq(1)
        m.d.comb += [
            self.ready.eq((space | swallow) & begun),
            nest.start.eq(~begun | whole | broken | swallow),
            nest.advance.eq(self.write),
            self.address.eq(nest.values.address),
        ]
        return m

    def _inputs(self, m: Module, ends: Value, taken: Value) -> Value:
        """A beat's inputs. The last word of a time step may have fewer than the others."""
        first = self.config.layers[0]
        beat = self.data[: self.config.input_part_width]
        rest = first.source_channels % first.word_channels * first.value_bits
        if first.window or first.words == 1 or rest == 0:
            return beat
        number = Signal(range(first.words))
        last = number == first.words - 1
        with m.If(taken):
            m.d.sync += number.eq(Mux(ends | last, 0, number + 1))
        return Cat(beat[:rest], Mux(last, 0, beat[rest:]))

    def _turn(self, m: Module, taken: Signal, whole: Signal, broken: Signal, filled: Signal, space: Signal) -> None:
        """Pixels side by side become bit planes: one word's are collected, the one before is written by planes.

        Two sets of registers take turns, so that nothing but their selection is in front of them.
        """
        config = self.config
        first, values = config.layers[0], config.beat_values
        beats = -(-first.word_channels // values)
        pixels = config.input_word_width
        fewest = first.source_channels - (first.words - 1) * first.word_channels
        sets = [
            [Signal(PIXELS.planes, name=f"pixel_{which}_{k}", reset_less=True) for k in range(beats * values)]
            for which in range(2)
        ]
        filling = Signal()  # the set that is collected in; the other one is written
        place = Signal(range(max(2, beats)))
        ready = Signal()
        last_word = Signal()
        ends = Signal()
        waiting = Signal()  # a word that is collected
        captured = Signal()
        writing = Signal()
        plane = Signal(range(PIXELS.planes))
        number = Signal(number_width(first.words))
        row = Signal.like(self.address)
        last_plane = plane == PIXELS.planes - 1
        bits = [
            Mux(filling, even[::-1], odd[::-1]).bit_select(plane, 1)
            for even, odd in zip(*(each[:pixels] for each in sets), strict=True)
        ]
        m.d.comb += [
            captured.eq(waiting & (~writing | last_plane)),
            ready.eq((~waiting | captured) & ~(waiting & last_word) & ~(writing & ends) & space),
            self.ready.eq(ready),
            self.write.eq(writing),
            self.address.eq(row),
            # The last word may have fewer pixels than the others; what was left of the word before is not among them.
            self.word.eq(Cat(bit & ~ends if k >= fewest else bit for k, bit in enumerate(bits))),
            filled.eq(writing & last_plane & ends),
        ]
        with m.If(writing):
            m.d.sync += [plane.eq(plane + 1), row.eq(row + first.words)]
            with m.If(last_plane):
                m.d.sync += writing.eq(0)
        with m.If(captured):
            m.d.sync += [filling.eq(~filling), writing.eq(1), plane.eq(0), row.eq(number), waiting.eq(0)]
            m.d.sync += [ends.eq(last_word), number.eq(Mux(last_word, 0, number + 1))]
        with m.If(taken):
            for k, (which, pixels_of) in product(range(beats), enumerate(sets)):
                with m.If((place == k) & ((filling ^ captured) == which)):
                    m.d.sync += [
                        pixels_of[k * values + i].eq(self.data.word_select(i, PIXELS.planes)) for i in range(values)
                    ]
            complete = whole | (place == beats - 1)
            m.d.sync += [place.eq(Mux(complete, 0, place + 1)), waiting.eq(complete), last_word.eq(whole)]
        with m.If(broken):
            m.d.sync += [place.eq(0), waiting.eq(0), number.eq(0)]
