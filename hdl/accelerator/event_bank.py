"""A bank of the input memory in which events set bits, or count: it is empty before they come."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.verilog.memory import ModuleMemory
from model.accelerator.config import AcceleratorConfig
from model.arithmetic import number_width


class EventBank(wiring.Component):
    """Room for a packet, of windows of earlier frames for 2^(bank_bits - 1), which packets go through in turn::

        memory[turn][address][index] <- 1, with set          turn <- turn + 1, with release
        of counts of n bits: what is in bits n · index and up <- min(that + 1, 2^n - 1)
        memory[turn] <- 0, a word per cycle, after the reset, a release or a discard; then clean <- 1

    A word is read, and written with its bit or count; events right after each other may meet in one word.

    Latency
    -------
    An event per cycle; its bit is there two cycles after ``set``. ``clean`` comes input_words cycles after the one that
    follows a release, and one cycle from ``read`` to ``word``, which stays until the next read.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    set : In(1)
        Set the bit, or count on. Not unless the bank is clean; while it is read, not unless there is room for several
        packets.
    set_address : In(range(input_words))
        Of the word that has the bit.
    index : In(range(input_word_width / n))
        Which of its bits or counts.
    release : In(1)
        The packet is not needed any more: clear what the next one gets.
    discard : In(1)
        Clear what was set, that of this cycle included.
    clean : Out(1)
        Nothing is set but what was set since then.
    turn : In(bank_bits - 1)
        The packet that is read.
    address : In(range(input_words))
        Of the word to read.
    read : In(1)
        Read it.
    word : Out(input_word_width)
        What was read.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self.config = config
        address = number_width(config.input_words)
        super().__init__(
            {
                "set": In(1),
                "set_address": In(address),
                "index": In(number_width(config.input_word_width // config.inputs.planes)),
                "release": In(1),
                "discard": In(1),
                "clean": Out(1),
                "turn": In(config.bank_bits - 1),
                "address": In(address),
                "read": In(1),
                "word": Out(config.input_word_width),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config
        m.submodules.memory = memory = ModuleMemory("input", shape=config.input_word_width, depth=config.input_depth)
        write, read = memory.write_port(), memory.read_port()
        own = read if config.bank_bits == 1 else memory.read_port()
        turn = Signal(config.bank_bits - 1, name="filling_turn")
        swept = Signal.like(self.set_address, name="swept")
        place = Signal.like(self.set_address, name="place")
        place_index = Signal.like(self.index, name="place_index")
        setting = Signal()
        again = Signal()
        written = Signal(config.input_word_width, reset_less=True)
        found = Signal(config.input_word_width)

        # Cycle 0: the word is read.
        m.d.sync += [setting.eq(self.set), place.eq(self.set_address), place_index.eq(self.index)]
        changed = found | (1 << place_index) if config.inputs.planes == 1 else self._counted(found, place_index)
        # Cycle 1: it is written, unless a sweep has begun. What was written in cycle 0 cannot have been read then.
        m.d.sync += [again.eq(setting & (place == self.set_address)), written.eq(write.data)]
        m.d.comb += [
            found.eq(Mux(again, written, own.data)),
            write.addr.eq(Cat(Mux(self.clean, place, swept), turn)),
            write.data.eq(Mux(self.clean, changed, 0)),
            write.en.eq(setting | ~self.clean),
        ]
        with m.If(self.release | self.discard):
            m.d.sync += [self.clean.eq(0), swept.eq(0)]
        with m.Elif(~self.clean):
            m.d.sync += [swept.eq(swept + 1), self.clean.eq(swept == config.input_words - 1)]
        with m.If(self.release):
            m.d.sync += turn.eq(turn + 1)

        m.d.comb += [own.addr.eq(Cat(self.set_address, turn)), own.en.eq(self.set), self.word.eq(read.data)]
        if own is read:
            m.d.comb += [read.addr.eq(Mux(self.set, self.set_address, self.address)), read.en.eq(self.set | self.read)]
        else:
            m.d.comb += [read.addr.eq(Cat(self.address, self.turn)), read.en.eq(self.read)]
        return m

    def _counted(self, word: Signal, index: Signal) -> Value:
        """``word`` with one event more."""
        bits = self.config.inputs.planes
        counts = [word.word_select(place, bits) for place in range(len(word) // bits)]
        return Cat((count + ((index == place) & ~count.all()))[:bits] for place, count in enumerate(counts))
