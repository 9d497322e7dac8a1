"""Which layer is at work: one after another, the first one when an image is there."""

from amaranth.hdl import Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from model.accelerator.config import AcceleratorConfig


class LayerSequencer(wiring.Component):
    """Counts through the layers of an image, and takes turns between the two banks of the input memory.

    A layer starts when the one before is done; the first one, when its bank holds a packet::

        start = not running and (layer != 0 or full[bank])
        layer <- (layer + 1) mod layers, with done

    The first layer's bank is released as soon as it is done. In the order ``streaming`` a packet is a frame, and the
    last layer's potentials are logits in the last frame only. Where state lasts, a packet that begins a recording is
    the first frame of an image, whatever came before.

    Latency
    -------
    The next layer starts in the cycle after ``done``. The cycle after a reset is for ``clear``.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    full : In(2)
        Banks of the input memory that hold a packet.
    done : In(1)
        The layer is through with this cycle.
    layer : Out(range(layers))
        Which one runs, or starts next.
    start : Out(1)
        It starts.
    clear : Out(1)
        Nothing has run since the reset: sums start at 0.
    emits : Out(1)
        Its potentials are logits.
    bank : Out(1)
        The one that the first layer reads.
    release : Out(2)
        Banks that are not needed any more.
    working : Out(1)
        An image is on its way through the layers.
    frame : Out(range(frames)), streaming only
        The time step.
    slot : Out(max(slot_bits, bank_bits)), windows of earlier frames only
        Number of the frame, since the reset; it wraps around.
    age : Out(range(furthest + 1)), windows of earlier frames only
        Frames of the image, or of the recording, before this one, as far as any window reaches.
    first : In(2), lasting state only
        Banks whose packet begins a recording.
    begins : Out(1), lasting state only
        The frame begins a recording.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self.config = config
        super().__init__(
            {
                "full": In(2),
                "done": In(1),
                "layer": Out(range(max(2, len(config.layers)))),
                "start": Out(1),
                "clear": Out(1),
                "emits": Out(1),
                "bank": Out(1),
                "release": Out(2),
                "working": Out(1),
            }
            | ({"frame": Out(range(max(2, config.frames)))} if config.streaming else {})
            | ({"first": In(2), "begins": Out(1)} if config.lasts else {})
            | (
                {"slot": Out(max(config.slot_bits, config.bank_bits)), "age": Out(range(config.furthest + 1))}
                if config.furthest
                else {}
            )
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config, layer = self.config, self.layer
        running = Signal()
        cleared = Signal()
        released = Signal()
        present = self.full.bit_select(self.bank, 1)
        first, last = layer == 0, layer == len(config.layers) - 1
        m.d.comb += [
            self.start.eq(cleared & ~running & (~first | present)),
            self.clear.eq(~cleared),
            self.emits.eq(last),
            self.working.eq(running | ~first),
            released.eq(first & self.done),
            self.release.eq(released << self.bank),
        ]
        m.d.sync += cleared.eq(1)
        with m.If(self.start):
            m.d.sync += running.eq(1)
        with m.Elif(self.done):
            m.d.sync += [running.eq(0), layer.eq(Mux(last, 0, layer + 1))]
        with m.If(released):
            m.d.sync += self.bank.eq(~self.bank)
        if config.streaming:
            last_frame = self.frame == config.frames - 1
            m.d.comb += [
                self.emits.eq(last & last_frame),
                self.working.eq(running | ~first | (self.frame != 0)),
            ]
            with m.If(self.done & last):
                m.d.sync += self.frame.eq(Mux(last_frame, 0, self.frame + 1))
                if config.furthest:
                    older = Mux(self.age == config.furthest, self.age, self.age + 1)
                    ends = Const(0) if config.lasts else last_frame
                    m.d.sync += [self.slot.eq(self.slot + 1), self.age.eq(Mux(ends, 0, older))]
        if config.lasts:
            with m.If(self.start & first):
                begins = self.first.bit_select(self.bank, 1)
                m.d.sync += self.begins.eq(begins)
                with m.If(begins):
                    m.d.sync += self.frame.eq(0)
                    if config.furthest:
                        m.d.sync += self.age.eq(0)
        return m
