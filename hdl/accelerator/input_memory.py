"""The input memory: packets come into one bank while the first layer reads the other."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.accelerator.event_bank import EventBank
from hdl.accelerator.event_writer import EventWriter
from hdl.accelerator.input_writer import InputWriter
from hdl.verilog.memory import ModuleMemory
from model.accelerator.config import AcceleratorConfig
from model.arithmetic import number_width


class InputMemory(wiring.Component):
    """Banks of words behind an :class:`~hdl.accelerator.input_writer.InputWriter`: one fills while others are read.

    The bank is the upper bits of a word's address::

        word <- memory[bank · 2^(bits of address) + address], with read

    There are two; for windows of earlier frames 2^bank_bits, which packets go through in turn. Of events, even and odd
    banks are an :class:`~hdl.accelerator.event_bank.EventBank` each, behind an
    :class:`~hdl.accelerator.event_writer.EventWriter`. Where spikes or counts of n bits pass through a window, a word
    has all time steps of a position, the first one in the highest bits, and of frames comes in parts::

        memory[bank][address] <- of every channel: 2^n · (what is there) + count, modulo 2^(n·T)

    and each bank is a memory of its own, because the one that fills is read, too.

    Latency
    -------
    One cycle from ``read`` to ``word``, which stays until the next read or until its bank is released. A bank that is
    ``full`` may be read from the next cycle on.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    data : In(input_width)
        AXI4-Stream.
    valid, last : In(1)
        AXI4-Stream.
    begins : In(1), lasting state only
        With a packet's first beat: it begins a recording.
    ready : Out(1)
        AXI4-Stream.
    error : Out(1)
        The last packet was malformed.
    full : Out(2)
        Banks that hold a packet.
    first : Out(2), lasting state only
        Banks whose packet begins a recording.
    release : In(2)
        Banks that are not needed any more.
    bank : In(bank_bits)
        The one that is read.
    address : In(range(input_words))
        Of the word to read.
    read : In(1)
        Read it.
    word : Out(input_word_width)
        What was read.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self.config = config
        super().__init__(
            {
                "data": In(config.input_width),
                "valid": In(1),
                "last": In(1),
                "ready": Out(1),
                "error": Out(1),
                "full": Out(2),
                "release": In(2),
                "bank": In(config.bank_bits),
                "address": In(number_width(config.input_words)),
                "read": In(1),
                "word": Out(config.input_word_width),
            }
            | ({"begins": In(1), "first": Out(2)} if config.lasts else {})
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config
        m.submodules.writer = writer = EventWriter(config) if config.events else InputWriter(config)
        m.d.comb += [
            writer.data.eq(self.data),
            writer.valid.eq(self.valid),
            writer.last.eq(self.last),
            writer.release.eq(self.release),
            self.ready.eq(writer.ready),
            self.error.eq(writer.error),
            self.full.eq(writer.full),
        ]
        if isinstance(writer, EventWriter):
            self._banks(m, writer)
        elif config.input_memories > 1:
            self._parts(m, writer)
        else:
            self._memory(m, writer)
        if config.lasts:
            m.d.comb += [writer.begins.eq(self.begins), self.first.eq(writer.first)]
        return m

    def _memory(self, m: Module, writer: InputWriter) -> None:
        """Of frames whose words are written as they come: one with room for all packets."""
        config = self.config
        m.submodules.memory = memory = ModuleMemory("input", shape=config.input_word_width, depth=config.input_depth)
        write, read = memory.write_port(), memory.read_port()
        m.d.comb += [
            write.addr.eq(Cat(writer.address, self._filling(m, writer.bank))),
            write.data.eq(writer.word),
            write.en.eq(writer.write),
            read.addr.eq(Cat(self.address, self.bank)),
            read.en.eq(self.read),
            self.word.eq(read.data),
        ]

    def _banks(self, m: Module, writer: EventWriter) -> None:
        """Of events: one for the packets of even numbers, one for those of odd ones."""
        odd = Signal()  # where the word that is there was read
        banks = [EventBank(self.config) for _ in range(2)]
        with m.If(self.read):
            m.d.sync += odd.eq(self.bank[0])
        for number, bank in enumerate(banks):
            m.submodules[f"bank_{number}"] = bank
            m.d.comb += [
                bank.set.eq(writer.set[number]),
                bank.set_address.eq(writer.address),
                bank.index.eq(writer.index),
                bank.release.eq(self.release[number]),
                bank.discard.eq(writer.discard[number]),
                writer.clean[number].eq(bank.clean),
                bank.turn.eq(self.bank[1:]),
                bank.address.eq(self.address),
                bank.read.eq(self.read & (self.bank[0] == number)),
            ]
        m.d.comb += self.word.eq(Mux(odd, banks[1].word, banks[0].word))

    def _parts(self, m: Module, writer: InputWriter) -> None:
        """A part of a word comes: what is there moves on by it. After all parts of a packet, nothing is left of what
        was there before."""
        config = self.config
        # Cycle 0: the word that the part belongs to is read, in the bank that fills.
        writing = Signal()
        address = Signal.like(writer.address, name="part_address")
        part = Signal.like(writer.word, name="part")
        filling = Signal(name="part_bank")
        m.d.sync += [
            writing.eq(writer.write),
            address.eq(writer.address),
            part.eq(writer.word),
            filling.eq(writer.bank),
        ]
        bank = Signal(name="word_bank")
        with m.If(self.read):
            m.d.sync += bank.eq(self.bank)
        for number in range(config.input_memories):
            memory = ModuleMemory("input", shape=config.input_word_width, depth=config.input_depth)
            m.submodules[f"memory_{number}"] = memory
            write, read = memory.write_port(), memory.read_port()
            fills = writer.write & (writer.bank == number)
            rounds, planes = config.layers[0].rounds, config.layers[0].planes
            channels = range(config.layers[0].source_channels)
            words = (Cat(part.word_select(c, planes), read.data.word_select(c, rounds)[:-planes]) for c in channels)
            m.d.comb += [
                read.addr.eq(Mux(fills, writer.address, self.address)),
                read.en.eq(fills | (self.read & (self.bank == number))),
                # Cycle 1: it is written.
                write.addr.eq(address),
                write.data.eq(Cat(words)),
                write.en.eq(writing & (filling == number)),
            ]
            with m.If(bank == number):
                m.d.comb += self.word.eq(read.data)

    def _filling(self, m: Module, bank: Value) -> Value:
        """The bank that fills: its lower bit is the writer's, whose turns the upper ones count."""
        if self.config.bank_bits == 1:
            return bank
        before = Signal(name="bank_before")
        turns = Signal(self.config.bank_bits - 1)
        now = Signal.like(turns, name="turns_now")
        m.d.comb += now.eq(turns + (before & ~bank))
        m.d.sync += [before.eq(bank), turns.eq(now)]
        return Cat(bank, now)
