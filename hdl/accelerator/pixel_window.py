"""The window of a convolution on few channels: each position's inputs by time steps and bit planes."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.accelerator.loop_nest import LoopNest, Program, Quantity
from hdl.accelerator.skip_unit import item_of
from model.accelerator.config import AcceleratorConfig
from model.accelerator.layer_plan import LayerPlan
from model.arithmetic import number_width, signed_width

LEVELS = ("group", "row", "column", "kernel_row")


def program(plan: LayerPlan) -> Program:
    """Input columns of a row of tiles, each from the window's top to its bottom."""
    columns = plan.source_map[1]
    counts = {
        "group": plan.groups,
        "row": plan.positions[0],
        "column": input_columns(plan),
        "kernel_row": plan.kernel[0],
    }
    step = plan.stride * columns
    return Program(
        counts,
        {
            "address": Quantity(-plan.padding * (columns + 1), {"row": step, "column": 1, "kernel_row": columns}),
            "weights": Quantity(plan.weight_row, {"group": plan.fan_in}),
            "y": Quantity(-plan.padding, {"row": plan.stride, "kernel_row": 1}),
            "x": Quantity(-plan.padding, {"column": 1}),
        },
    )


def input_columns(plan: LayerPlan) -> int:
    """Columns that a row of tiles covers, padding included, and positions beyond the last."""
    return (plan.tiles[1] * plan.tile - 1) * plan.stride + plan.kernel[1]


def window_columns(plan: LayerPlan) -> int:
    """Columns of the window: the kernel's, for all positions of a tile."""
    return (plan.tile - 1) * plan.stride + plan.kernel[1]


class PixelWindow(wiring.Component):
    """Slides over the rows of the input and hands on a word per position and bit of its pixels, the highest bit first.

    Bits of a channel are its ``rounds``: the bit planes of pixels, or the time steps of spikes, or of counts the planes
    of each time step, the first one highest. Of bit p, counted from rounds - 1 down::

        bits[(i · columns + j) · channels + c] = bit p of pixel (i, j, c) of the window

    Pixels outside the map are zero. Of bit planes, words without a set bit are left out before the first that has one;
    the last one (of counts: of every time step) fires, the others double. Every time step of spikes fires. With
    neighbouring positions in rows, the window covers all of them, and a word has a part for each.

    Latency
    -------
    A kernel column of pixels, one per cycle; a window's first word is offered three cycles after its last pixel was
    read; then one per cycle. Reading goes on meanwhile, until the next window is complete.

    Parameters
    ----------
    config : AcceleratorConfig
        Its first layer.

    Members
    -------
    start : In(1)
        Begin.
    done : Out(1)
        All words were taken; 1 before the first start.
    address : Out(range(pixels))
        Of the position to read.
    read : Out(1)
        Read it: ``data`` has it from the next cycle on, until the next read.
    data : In(channels * rounds)
        Its pixel, the first channel in the lowest bits.
    o : Out(stream(item_layout))
        Words for the skip unit.
    """

    o: stream.Interface

    def __init__(self, config: AcceleratorConfig) -> None:
        self.config = config
        self.plan = config.layers[0]
        super().__init__(
            {
                "start": In(1),
                "done": Out(1),
                "address": Out(number_width(config.input_words)),
                "read": Out(1),
                "data": In(config.input_word_width),
                "o": Out(stream.Signature(item_of(config))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        nest = self._nest(m)
        inside = (nest.values.y >= 0) & (nest.values.y < self.plan.source_map[0])
        inside &= (nest.values.x >= 0) & (nest.values.x < self.plan.source_map[1])
        # Cycle 0: the nest's pixel is read, if it is inside the map.
        running = Signal()
        advance = Signal()
        m.d.comb += [
            nest.start.eq(self.start),
            nest.advance.eq(running & advance),
            self.address.eq(nest.values.address),
            self.read.eq(running & advance & inside),
        ]
        with m.If(self.start):
            m.d.sync += running.eq(1)
        with m.Elif(advance & nest.final):
            m.d.sync += running.eq(0)
        # Cycle 1: the pixel is there, and goes into the window.
        valid = Signal()
        found = Signal()
        bottom = Signal()
        ends_row = Signal()
        weights = Signal.like(nest.values.weights)
        with m.If(advance):
            m.d.sync += [
                valid.eq(running),
                found.eq(inside),
                bottom.eq(nest.end_of("column")),
                ends_row.eq(nest.end_of("row")),
                weights.eq(nest.values.weights),
            ]
        # Cycle 2: the window is complete; what is read next waits until it is captured.
        complete = Signal()
        captured = Signal()
        m.d.comb += advance.eq(~complete | captured)
        window = self._slide(m, valid & advance, Mux(found, self.data, 0), bottom)
        self._complete(m, valid & advance & bottom, ends_row, complete, captured)
        completed_weights = Signal.like(weights)
        ends_tiles = Signal()
        with m.If(valid & advance & bottom):
            m.d.sync += completed_weights.eq(weights)
            if self.plan.tile > 1:
                m.d.sync += ends_tiles.eq(ends_row)
        # Cycle 3: its first plane is offered.
        emitting = self._emit(m, window, complete, captured, ends_tiles)
        with m.If(captured):
            m.d.sync += self.o.payload.row.eq(completed_weights)
        m.d.comb += self.done.eq(~running & ~valid & ~complete & ~emitting)
        return m

    def _nest(self, m: Module) -> LoopNest:
        plan = self.plan
        low = -plan.padding
        shapes = {
            "address": unsigned(len(self.address)),
            "weights": unsigned(number_width(self.config.weight_rows)),
            "y": signed(signed_width(low, plan.source_map[0] + plan.padding + plan.kernel[0])),
            "x": signed(signed_width(low, plan.source_map[1] + plan.padding + window_columns(plan))),
        }
        m.submodules.nest = nest = LoopNest(LEVELS, [program(plan)], shapes)
        return nest

    def _slide(self, m: Module, comes: Value, pixel: Value, bottom: Signal) -> list[list[Signal]]:
        """The window: its row moves by the pixel that comes; the bottom one completes a column."""
        kernel_rows, columns = range(self.plan.kernel[0]), range(window_columns(self.plan))
        width = self.config.input_word_width
        window = [[Signal(width, name=f"pixel_{i}_{j}", reset_less=True) for j in columns] for i in kernel_rows]
        kernel_row = Signal(number_width(len(kernel_rows)))
        with m.If(comes):
            for i, row in enumerate(window):
                with m.If(kernel_row == i):
                    m.d.sync += [place.eq(following) for place, following in zip(row, [*row[1:], pixel], strict=True)]
            m.d.sync += kernel_row.eq(Mux(bottom, 0, kernel_row + 1))
        return window

    def _complete(self, m: Module, column: Value, ends_row: Signal, complete: Signal, captured: Signal) -> None:
        """Counts the columns until the next window: of the first one all, then those to the next tile."""
        plan = self.plan
        columns = window_columns(plan)
        until = Signal(range(max(columns, plan.tile * plan.stride)), init=columns - 1)
        with m.If(captured):
            m.d.sync += complete.eq(0)
        with m.If(column):
            m.d.sync += complete.eq(until == 0)
            with m.If(ends_row):
                m.d.sync += until.eq(columns - 1)
            with m.Elif(until == 0):
                m.d.sync += until.eq(plan.tile * plan.stride - 1)
            with m.Else():
                m.d.sync += until.eq(until - 1)

    def _emit(
        self, m: Module, window: list[list[Signal]], complete: Signal, captured: Signal, ends_tiles: Signal
    ) -> Signal:
        """The planes of a window that was captured: the top bits, then the next ones in their place."""
        item, channels, rounds = self.o.payload, range(self.plan.source_channels), self.plan.rounds
        values = [place.word_select(c, rounds) for row in window for place in row for c in channels]
        held = [Signal(rounds, name=f"held_{k}", reset_less=True) for k in range(len(values))]
        emitting = Signal()
        blank = Signal(init=1)
        passes = Signal()
        plane = Signal(range(rounds))
        some = Signal()
        each = self.plan.fire_rounds  # of spikes 1, of pixels all
        fires, doubles = (Const(1), Const(0)) if each == 1 else (plane == 0, plane != 0)
        last = item.fire if 1 < each == rounds else plane == 0
        if 1 < each < rounds:
            left = Signal(range(each))  # planes of the time step
            fires, doubles = left == 0, left != 0
            with m.If(captured | (passes & item.fire)):
                m.d.sync += left.eq(each - 1)
            with m.Elif(passes):
                m.d.sync += left.eq(left - 1)
        m.d.comb += [
            item.bits.eq(self._bits(m, [value[-1] for value in held], captured, ends_tiles)),
            some.eq(item.bits.any()),
            item.double.eq(doubles),
            item.fire.eq(fires),
            self.o.valid.eq(emitting & (some | item.fire | ~blank)),
            passes.eq(emitting & (self.o.ready | ~self.o.valid)),
            captured.eq(complete & (~emitting | (passes & last))),
        ]
        with m.If(passes):
            m.d.sync += [value.eq(value << 1) for value in held]
            m.d.sync += [plane.eq(plane - 1), blank.eq(item.fire | (blank & ~some))]
            with m.If(last):
                m.d.sync += emitting.eq(0)
        with m.If(captured):
            m.d.sync += [value.eq(new) for value, new in zip(held, values, strict=True)]
            m.d.sync += [emitting.eq(1), plane.eq(rounds - 1)]
        return emitting

    def _bits(self, m: Module, planes: list[Value], captured: Signal, ends_tiles: Signal) -> Value:
        """The bits of a word, of a plane of the window; of several positions, also the item's parts."""
        plan = self.plan
        if plan.tile == 1:
            return Cat(planes)
        last = Signal()  # of a row of tiles
        with m.If(captured):
            m.d.sync += last.eq(ends_tiles)
        left = plan.positions[1] - (plan.tiles[1] - 1) * plan.tile
        columns, channels = window_columns(plan), plan.source_channels
        union: Value = Const(0)
        for part in range(plan.tile):
            starts = [(row * columns + part * plan.stride) * channels for row in range(plan.kernel[0])]
            bits = Cat(planes[start : start + plan.kernel[1] * channels] for start in starts)
            own = Signal(plan.fan_in, name=f"part_{part}")
            m.d.comb += own.eq(bits if part < left else Mux(last, 0, bits))
            m.d.comb += self.o.payload.parts[part].eq(own)
            union = union | own
        return union
