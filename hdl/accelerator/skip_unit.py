"""The skip unit: the set bits of a word, one per cycle, and nothing for those that are not set."""

from amaranth.hdl import Cat, Module, Mux, ShapeLike, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from model.accelerator.config import AcceleratorConfig
from model.arithmetic import number_width


def item_layout(word_width: int, row_width: int, rows: int = 1, negates: bool = False) -> data.StructLayout:
    """A word of inputs on its way to the skip unit.

    ``row`` is the row of weights of bit 0. After its bits, ``double`` has the sums doubled before the next addition,
    ``fire`` hands them to the neuron units. Where lanes have rows, ``parts`` has the word of each row, and ``bits``
    what is set in any. With ``negates``, ``negate`` has weights subtracted.
    """
    layout: dict[str, ShapeLike] = {"bits": word_width, "row": row_width, "double": 1, "fire": 1}
    layout |= {"negate": 1} if negates else {}
    return data.StructLayout(layout | ({"parts": data.ArrayLayout(word_width, rows)} if rows > 1 else {}))


def token_layout(row_width: int, rows: int = 1, negates: bool = False) -> data.StructLayout:
    """What all lanes do in one cycle: double their sum (``double``), add a row of weights (unless ``empty``), and hand
    the result to their neuron units (``fire``). Where lanes have rows, those in ``mask`` add. With ``negates``, they
    subtract what comes with ``negate``."""
    layout: dict[str, ShapeLike] = {"row": row_width, "empty": 1, "double": 1, "fire": 1}
    layout |= {"negate": 1} if negates else {}
    return data.StructLayout(layout | ({"mask": rows} if rows > 1 else {}))


def item_of(config: AcceleratorConfig) -> data.StructLayout:
    """The words of an accelerator."""
    return item_layout(config.word_width, number_width(config.weight_rows), config.rows, config.negates)


def _above_lowest(bits: Value) -> Value:
    """Which bits have a set bit below them."""
    return Cat(bits[:i].any() for i in range(len(bits)))


def lowest(m: Module, bits: Value, name: str) -> tuple[Value, Value, Value]:
    """Index of the lowest set bit, the bits without it, and whether there is no other; of no bits, index 0.

    In two levels, blocks and their bits, for a short path.
    """
    size = 8
    blocks = [bits[i : i + size] for i in range(0, len(bits), size)]
    some = Signal(len(blocks), name=f"{name}_blocks")
    first = Signal(len(blocks), name=f"{name}_first")
    m.d.comb += some.eq(Cat(block.any() for block in blocks))
    m.d.comb += first.eq(some & ~_above_lowest(some))
    rest, index = [], []
    one = Signal(len(blocks), name=f"{name}_single")
    for i, block in enumerate(blocks):
        others = block & _above_lowest(block)
        rest.append(Mux(first[i], others, block))
        m.d.comb += one[i].eq(first[i] & ~others.any())
    width = number_width(size)
    within = []
    for block in blocks:
        lowest_of = Signal(width, name=f"{name}_within")
        for bit in reversed(range(len(block))):
            with m.If(block[bit]):
                m.d.comb += lowest_of.eq(bit)
        within.append(lowest_of)
    low: Value = Signal(width, name=f"{name}_low")
    high = Signal(number_width(len(blocks)), name=f"{name}_high")
    for i, lowest_of in enumerate(within):
        with m.If(first[i]):
            m.d.comb += [low.eq(lowest_of), high.eq(i)]
    index = Cat(low, high)
    alone = (one.any()) & ((some & ~first) == 0)
    return index, Cat(rest), alone


class SkipUnit(wiring.Component):
    """Turns words into tokens, one for every set bit, lowest first::

        row = word.row + i, for every i with word.bits[i];  mask[r] = word.parts[r][i]

    A word's marks, double and fire, go with its last bit's token (double: with the one after it). A word without a set
    bit is one empty token if it is marked; others must not come.

    Latency
    -------
    A word's first token is offered in the cycle after the word was taken; tokens follow each other without a gap, from
    word to word as well, as long as they are taken.

    Parameters
    ----------
    layout : data.StructLayout
        Of the words, :func:`item_layout`.

    Members
    -------
    i : In(stream(item_layout))
        Words.
    o : Out(stream(token_layout))
        Tokens. While not ready they stay as they are.
    """

    i: stream.Interface
    o: stream.Interface

    def __init__(self, layout: data.StructLayout) -> None:
        self.layout = layout
        self.rows = layout["parts"].shape.length if "parts" in dict(layout) else 1
        self.negates = "negate" in dict(layout)
        tokens = token_layout(layout["row"].width, self.rows, self.negates)
        super().__init__({"i": In(stream.Signature(layout)), "o": Out(stream.Signature(tokens))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        word = Signal(self.layout, reset_less=True)
        valid = Signal()
        doubling = Signal()  # the word before was marked
        index, rest, alone = lowest(m, word.bits, "bits")
        nothing = Signal()
        last = Signal()
        m.d.comb += [
            nothing.eq(word.bits == 0),
            last.eq(alone | nothing),
            self.o.valid.eq(valid),
            self.o.payload.row.eq(word.row + index),
            self.o.payload.empty.eq(nothing),
            self.o.payload.double.eq(doubling),
            self.o.payload.fire.eq(word.fire & last),
            self.i.ready.eq(~valid | (last & self.o.ready)),
        ]
        if self.negates:
            m.d.comb += self.o.payload.negate.eq(word.negate)
        if self.rows > 1:
            lowest_bit = word.bits & ~rest
            m.d.comb += self.o.payload.mask.eq(Cat((word.parts[i] & lowest_bit).any() for i in range(self.rows)))
        with m.If(valid & self.o.ready):
            m.d.sync += [word.bits.eq(rest), doubling.eq(word.double & last)]
        with m.If(self.i.ready):
            m.d.sync += valid.eq(self.i.valid)
            with m.If(self.i.valid):
                m.d.sync += word.eq(self.i.payload)
        return m
