"""The words of every layer in a queue: from the window or from the word feeder."""

from amaranth.hdl import Cat, Const, Module, Value
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

from hdl.accelerator.pixel_window import PixelWindow
from hdl.accelerator.skip_unit import item_of
from hdl.accelerator.word_feeder import WordFeeder
from model.accelerator.config import FEED_DEPTH, AcceleratorConfig
from model.arithmetic import number_width


class Feed(wiring.Component):
    """Reads what a layer needs, and has the words wait for the skip unit.

    A first layer that is a convolution on pixels, or on spikes or counts of few channels, has a
    :class:`~hdl.accelerator.pixel_window.PixelWindow`; all others share one
    :class:`~hdl.accelerator.word_feeder.WordFeeder`, which reads the input memory for the first layer and the spike
    memories for the others::

        o = queue of (words of the window if layer = 0 else words of the feeder), FEED_DEPTH deep

    Latency
    -------
    One cycle more than the window's or the feeder's; then a word per cycle, while they are taken or there is room.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    layer : In(range(layers))
        Stays until the layer is through.
    start : In(1)
        Begin.
    input_address : Out(range(input_words))
        Of the word of the input memory to read.
    input_read : Out(1)
        Read it: ``input_word`` has it from the next cycle on, until the next read.
    input_word : In(input_word_width)
        What was read.
    spike_address : Out(range(spike_words))
        Of the word of spikes to read.
    spike_read : Out(1)
        Read it: ``spike_word`` has it from the next cycle on, until the next read.
    spike_memory : Out(range(spike_memories)), where layers are no chain
        Where to read it.
    spike_word : In(spike_width)
        What was read.
    age : In(range(furthest + 1)), windows of earlier frames only
        Frames before this one that count.
    back : Out(range(furthest + 1)), windows of earlier frames only
        Of which frame the address is: so many before this one.
    o : Out(stream(item_layout))
        Words for the skip unit.
    """

    o: stream.Interface

    def __init__(self, config: AcceleratorConfig) -> None:
        self.config = config
        super().__init__(
            {
                "layer": In(range(max(2, len(config.layers)))),
                "start": In(1),
                "input_address": Out(number_width(config.input_words)),
                "input_read": Out(1),
                "input_word": In(config.input_word_width),
                "spike_address": Out(config.spike_address_width),
                "spike_read": Out(1),
                "spike_word": In(config.spike_width),
                "o": Out(stream.Signature(item_of(config))),
            }
            | ({} if config.chain else {"spike_memory": Out(range(len(config.spike_memories)))})
            | (
                {"age": In(range(config.furthest + 1)), "back": Out(range(config.furthest + 1))}
                if config.furthest
                else {}
            )
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config
        m.submodules.feeder = feeder = WordFeeder(config)
        m.submodules.words = words = SyncFIFO(width=item_of(config).size, depth=FEED_DEPTH)
        first = self.layer == 0
        m.d.comb += [
            feeder.layer.eq(self.layer),
            self.spike_address.eq(feeder.address),
            self.spike_read.eq(feeder.read),
            self.o.valid.eq(words.r_rdy),
            self.o.payload.as_value().eq(words.r_data),
            words.r_en.eq(self.o.ready),
        ]
        if not config.chain:
            m.d.comb += self.spike_memory.eq(feeder.memory)
        if config.furthest:
            m.d.comb += [feeder.age.eq(self.age), self.back.eq(feeder.back)]
        with m.If(~first):
            m.d.comb += feeder.data.eq(self.spike_word)
        sources: list[tuple[stream.Interface, Value]] = [(feeder.o, Const(1))]
        if config.layers[0].window:
            m.submodules.window = window = PixelWindow(config)
            m.d.comb += [
                window.start.eq(self.start & first),
                window.data.eq(self.input_word),
                feeder.start.eq(self.start & ~first),
                self.input_address.eq(window.address),
                self.input_read.eq(window.read),
            ]
            sources = [(window.o, first), (feeder.o, ~first)]
        else:
            m.d.comb += [
                feeder.start.eq(self.start),
                self.input_address.eq(feeder.address),
                self.input_read.eq(feeder.read & first),
            ]
            with m.If(first):
                m.d.comb += feeder.data.eq(self._plane(feeder))
        for source, chosen in sources:
            m.d.comb += source.ready.eq(words.w_rdy & chosen)
            with m.If(chosen):
                m.d.comb += [words.w_en.eq(source.valid), words.w_data.eq(source.payload.as_value())]
        return m

    def _plane(self, feeder: WordFeeder) -> Value:
        """The inputs that were read; of counts, a bit of each, the most significant one first."""
        bits = feeder.counts
        if bits == 1:
            return self.input_word
        counts = (self.input_word.word_select(place, bits) for place in range(len(self.input_word) // bits))
        return Cat(count[::-1].bit_select(feeder.plane, 1) for count in counts)
