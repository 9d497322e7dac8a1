"""Reads the words of every kernel position, round after round: spikes, counts, bit planes of linear layers' pixels."""

from collections.abc import Callable
from typing import NamedTuple

from amaranth.hdl import Array, Const, Module, Mux, Shape, Signal, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.accelerator.coordinates import coordinate_shape
from hdl.accelerator.loop_nest import LoopNest, Program, Quantity
from hdl.accelerator.skip_unit import item_of
from hdl.parts.tables import by_program
from model.accelerator.config import AcceleratorConfig
from model.accelerator.history import Turn
from model.accelerator.layer_plan import LayerPlan
from model.arithmetic import number_width

POSITIONS = ("group", "row", "column")
KERNEL = ("kernel_row", "kernel_column", "pooled_row", "pooled_column", "word")
LEVELS = (*POSITIONS, "round", *KERNEL)
PLANE = "plane"
"""The level within rounds, where a word has counts of several bits."""
PART = "part"
"""The innermost level, where a layer has rows."""


def program(layer: LayerPlan, number: int = 0) -> Program:
    """The loops of a layer's source of this number.

    Coordinates are those of the stored map, which sum pooling reads in blocks. A part is the word of one row of lanes.
    """
    plan = layer.sources[number]
    pool, planes = plan.source_pool, 1 if plan.history else plan.value_bits  # turns have planes of their own
    row_step, column_step, round_step, word_step = plan.source_steps
    counts = {
        "group": plan.groups,
        "row": plan.positions[0],
        "column": plan.tiles[1],
        "round": plan.rounds // planes,
        PLANE: planes,
        "kernel_row": plan.kernel[0],
        "kernel_column": plan.kernel[1],
        "pooled_row": pool,
        "pooled_column": pool,
        "word": plan.words,
        PART: plan.rows,
    }
    stride, padding = plan.stride * pool, plan.padding * pool
    neighbour = 0 if plan.steps_together else stride
    turn = {"round": 1} if plan.history else {}
    address = Quantity(
        -padding * (row_step + column_step),
        {
            "row": stride * row_step,
            "column": plan.tile * stride * column_step,
            "round": 0 if plan.history else round_step,
            "kernel_row": pool * row_step,
            "kernel_column": pool * column_step,
            "pooled_row": row_step,
            "pooled_column": column_step,
            "word": word_step,
            PART: round_step if plan.steps_together else stride * column_step,
        },
    )
    weights = Quantity(
        plan.weight_row,
        {
            "group": layer.group_rows,
            "kernel_row": plan.kernel[1] * plan.source_channels,
            "kernel_column": plan.source_channels,
            "word": plan.word_channels,
        },
    )
    y = Quantity(-padding, {"row": stride, "kernel_row": pool, "pooled_row": 1})
    x = Quantity(-padding, {"column": plan.tile * stride, "kernel_column": pool, "pooled_column": 1, PART: neighbour})
    position = Quantity(0, {"column": plan.tile, PART: int(plan.tile > 1)})
    part = Quantity(0, {PART: 1})
    quantities = {"address": address, "weights": weights, "y": y, "x": x, "position": position, "part": part}
    return Program(counts, quantities | {"turn": Quantity(0, turn), PLANE: Quantity(0, {PLANE: 1})})


class _Loops(NamedTuple):
    """Where a source's loops are; the last three, in a window of earlier frames."""

    address: Value
    weights: Value
    inside: Value
    part: Value
    plane: Value
    word_ends: Value
    plane_ends: Value
    round_ends: Value
    last_round: Value
    final: Value
    back: Value
    negate: Value
    doubles: Value


class WordFeeder(wiring.Component):
    """Fetches a word per cycle and hands on those that have a set bit or a mark::

        bits = source[y · stride + i - padding, x · stride + j - padding, round][word]
        row = weight row of (i, j, word)

    for every position (y, x), round and kernel position (i, j) of the loops of :mod:`model.accelerator.config`.
    Words outside the map are zero and not read, and so are those of positions beyond the last. Of a layer with rows, a
    word is read for each of them: time steps, or neighbouring positions. The last word of a round is marked: ``fire``
    where a time step ends (of pixels: the last plane; of the last layer: the last step), ``double`` after a bit plane,
    unless nothing was set so far. A word of counts is read for each of their bit planes, and ``plane`` says which bit
    ``data`` has to be.

    Sources that join have loops of their own, which take turns: when one comes to where sums would be handed over, the
    next one goes on, and the last one's word is marked.

    In a window of earlier frames (:mod:`model.accelerator.history`) rounds are turns: words of ``back`` frames before,
    as far as there are frames, of counts a plane of them; sources that join take turns in each of them.

    Latency
    -------
    The first word is there three cycles after ``start``, then one per cycle, as long as they are taken; with rows, each
    takes a cycle for every row.

    Parameters
    ----------
    config : AcceleratorConfig
        Its layers that have no window.

    Members
    -------
    layer : In(range(layers))
        Index among all layers; stays until ``done``.
    start : In(1)
        Begin.
    done : Out(1)
        Nothing is under way; 1 before the first start.
    address : Out(range(words))
        Of the word to read.
    read : Out(1)
        Read it: ``data`` has it from the next cycle on, until the next read.
    memory : Out(range(spike_memories)), where layers are no chain
        Where to read it, unless it is the input.
    data : In(word_width)
        What was read.
    plane : Out(range(bits of a count)), counts without a window only
        Which bit of the counts that were read, the most significant one is 0.
    age : In(range(furthest + 1)), windows of earlier frames only
        Frames before this one that count.
    back : Out(range(furthest + 1)), windows of earlier frames only
        Of which frame ``address`` is: so many before this one.
    o : Out(stream(item_layout))
        Words for the skip unit.
    """

    o: stream.Interface

    def __init__(self, config: AcceleratorConfig) -> None:
        self.config = config
        self.plans = [plan for plan in config.layers if not plan.window]
        self.counts = max(plan.value_bits for plan in self.plans)
        self.address_width = max(number_width(config.input_words), config.spike_address_width)
        super().__init__(
            {
                "layer": In(range(max(2, len(config.layers)))),
                "start": In(1),
                "done": Out(1),
                "address": Out(self.address_width),
                "read": Out(1),
                "data": In(config.word_width),
                "o": Out(stream.Signature(item_of(config))),
            }
            | ({} if config.chain else {"memory": Out(range(len(config.spike_memories)))})
            | ({PLANE: Out(range(self.counts))} if self.counts > 1 else {})
            | (
                {"age": In(range(config.furthest + 1)), "back": Out(range(config.furthest + 1))}
                if config.furthest
                else {}
            )
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        plans, skipped = self.plans, len(self.config.layers) - len(self.plans)
        select = (self.layer - skipped)[: Shape.cast(range(len(plans))).width]
        running = Signal()
        fetched = Signal()
        valid = Signal()
        advance = Signal()
        # Cycle 0: the nest's word is read, if it is inside the map.
        loops, hands_over, doubles, final = self._turns(m, select, running & advance)
        m.d.comb += [
            self.address.eq(loops.address),
            self.read.eq(running & advance & loops.inside),
            self.done.eq(~running & ~fetched & ~valid),
        ]
        with m.If(self.start):
            m.d.sync += running.eq(1)
        with m.Elif(advance & final):
            m.d.sync += running.eq(0)
        # Cycle 1: what was read is there, late in the cycle if it comes from a block memory.
        found = Signal()
        row = Signal(number_width(self.config.weight_rows))
        marks = Signal(2)
        planes = by_program(m, select, [int(p.planes > 1) for p in plans], unsigned(1), "planes")
        ends, sums = loops.round_ends, loops.last_round
        if self.counts > 1:
            ends, sums = loops.plane_ends, loops.round_ends
        with m.If(advance):
            m.d.sync += [
                fetched.eq(running),
                found.eq(loops.inside),
                row.eq(loops.weights),
                marks[0].eq((planes & ends & ~sums) | doubles),
                marks[1].eq(hands_over),
            ]
            if self.counts > 1:
                m.d.sync += self.plane.eq(loops.plane)
        word = Mux(found, self.data, 0)
        complete: Value = fetched
        bits: Value = word
        if self.config.rows > 1:
            whole, earlier = self._parts(m, loops, advance, word)
            complete, bits = fetched & whole, word | earlier
        # Cycle 2: it is offered, or left out.
        item = self.o.payload
        with m.If(advance):
            m.d.sync += [
                valid.eq(complete),
                item.bits.eq(bits),
                item.row.eq(row),
                item.double.eq(marks[0]),
                item.fire.eq(marks[1]),
            ]
        if self.config.furthest:
            m.d.comb += self.back.eq(loops.back)
        if self.config.negates:
            negate = Signal()
            with m.If(advance):
                m.d.sync += [negate.eq(loops.negate), item.negate.eq(negate)]
        m.d.comb += [
            self.o.valid.eq(valid & self._keeps(m, valid & advance)),
            # A word that is left out waits for room as well: what was read must not decide what is read next.
            advance.eq(~valid | self.o.ready),
        ]
        return m

    def _turns(self, m: Module, select: Value, goes_on: Value) -> tuple[_Loops, Value, Value, Value]:
        """The loops of the sources in turn; whether a hand-over ends, of all sources, one of a window's doublings is
        due, and the layer ends."""
        plans = self.plans
        counts = [len(plan.sources) for plan in plans]
        nests, programs, sources = zip(*(self._loops(m, select, number) for number in range(max(counts))), strict=True)
        turn = Signal(range(len(nests)))
        loops = _Loops(*(Array(each)[turn] for each in zip(*sources, strict=True))) if len(nests) > 1 else sources[0]
        each = by_program(m, select, [int(p.fires_each_step) for p in plans], unsigned(1), "each_round")
        windows = by_program(m, select, [int(p.history != ()) for p in plans], unsigned(1), "windows")
        hands_over = loops.round_ends & (each | loops.last_round)
        last_source = turn == by_program(m, select, [count - 1 for count in counts], turn.shape(), "last_source")
        for number, nest in enumerate(nests):
            m.d.comb += [
                nest.program.eq(programs[number]),
                nest.start.eq(self.start),
                nest.advance.eq(goes_on & (turn == number) if len(nests) > 1 else goes_on),
            ]
        if not self.config.chain:
            memories = []
            for number in range(len(nests)):
                table = [plan.sources[min(number, len(plan.joined))].source_memory for plan in plans]
                memories.append(by_program(m, select, table, self.memory.shape(), f"memory_{number}"))
            m.d.comb += self.memory.eq(Array(memories)[turn])
        doubles = loops.round_ends & loops.doubles
        if len(nests) == 1:
            return loops, hands_over, doubles, loops.final
        with m.If(goes_on & (hands_over | (windows & loops.round_ends))):
            m.d.sync += turn.eq(Mux(last_source, 0, turn + 1))
        return loops, hands_over & last_source, doubles & last_source, loops.final & last_source

    def _keeps(self, m: Module, passes: Value) -> Signal:
        """Whether the word has a set bit or a mark; of planes, doubling nothing is not worth a mark."""
        item = self.o.payload
        some = Signal()
        blank = Signal(init=1)
        keep = Signal()
        m.d.comb += [some.eq(item.bits.any()), keep.eq(some | item.fire | (item.double & ~blank))]
        with m.If(passes):
            with m.If(item.fire):
                m.d.sync += blank.eq(1)
            with m.Elif(some):
                m.d.sync += blank.eq(0)
        return keep

    def _loops(self, m: Module, select: Value, number: int) -> tuple[LoopNest, Value, _Loops]:
        """The loops of the layers' sources of this number."""
        plans = [plan for plan in self.plans if number < len(plan.sources)]
        sources = [plan.sources[number] for plan in plans]
        shapes = {
            "address": unsigned(self.address_width),
            "weights": unsigned(number_width(self.config.weight_rows)),
            "y": coordinate_shape(sources, 0),
            "x": coordinate_shape(sources, 1),
        }
        rows = self.config.rows
        tiled = any(source.tile > 1 for source in sources)
        if rows > 1:
            shapes["part"] = unsigned(number_width(rows))
        if tiled:
            shapes["position"] = unsigned(number_width(max(source.tiles[1] * source.tile for source in sources)))
        if any(source.history for source in sources):
            shapes["turn"] = unsigned(number_width(max(source.rounds for source in sources)))
        if self.counts > 1:
            shapes[PLANE] = unsigned(number_width(self.counts))
        programs = [program(plan, number) for plan in plans]
        planes, parts = (PLANE,) * (self.counts > 1), (PART,) * (rows > 1)
        levels = (*POSITIONS, "round", *planes, *KERNEL, *parts)
        mark = f"_{number}" if number else ""
        nest = LoopNest(levels, programs, shapes)
        m.submodules[f"nest{mark}"] = nest
        own = select[: len(nest.program)]
        if len(plans) < len(self.plans):
            places = [plans.index(plan) if plan in plans else 0 for plan in self.plans]
            own = by_program(m, select, places, nest.program.shape(), f"program{mark}")
        limits = []
        for axis, name in enumerate("yx"):
            bounds = [source.source_limit[axis] for source in sources]
            limit = by_program(m, own, bounds, unsigned(number_width(max(bounds) + 1)), f"{name}_limit{mark}")
            value = getattr(nest.values, name)
            limits.append((value >= 0) & (value < limit))
        inside = limits[0] & limits[1]
        if tiled:
            bounds = [source.positions[1] for source in sources]
            limit = by_program(m, own, bounds, unsigned(number_width(max(bounds) + 1)), "position_limit")
            inside &= nest.values.position < limit
        back, negate, doubles, blank, plane = self._window(m, nest, own, sources, mark)
        inside &= ~blank
        if self.config.furthest:
            inside &= self.age >= back
        return (
            nest,
            own,
            _Loops(
                address=nest.values.address,
                weights=nest.values.weights,
                inside=inside,
                part=nest.values.part if rows > 1 else Const(0),
                plane=plane,
                word_ends=nest.end_of("word"),
                plane_ends=nest.end_of(PLANE if self.counts > 1 else "round"),
                round_ends=nest.end_of("round"),
                last_round=nest.end_of("column"),
                final=nest.final,
                back=back,
                negate=negate,
                doubles=doubles,
            ),
        )

    def _window(
        self, m: Module, nest: LoopNest, select: Value, sources: list[LayerPlan], mark: str
    ) -> tuple[Value, Value, Value, Value, Value]:
        """Of the turn that runs: frames back, sign, whether sums double after it, and whether it reads nothing; and the
        plane, of a turn or of the loops."""
        longest = max(len(source.history) for source in sources)
        plane = getattr(nest.values, PLANE) if self.counts > 1 else Const(0)
        if not longest:
            return Const(0), Const(0), Const(0), Const(0, 1), plane

        def by_turn(name: str, number: Callable[[Turn], int], width: int) -> Value:
            numbers = [[*map(number, source.history), *[0] * longest][:longest] for source in sources]
            tables = [
                by_program(m, select, list(each), unsigned(width), f"{name}_{turn}{mark}")
                for turn, each in enumerate(zip(*numbers, strict=True))
            ]
            return Array(tables)[nest.values.turn]

        bits = number_width(self.config.furthest + 1)
        blank = by_turn("blank", lambda turn: int(turn.sign == 0), 1)
        if self.counts > 1:
            plane = plane | by_turn(PLANE, lambda turn: turn.plane, number_width(self.counts))
        return (
            by_turn("back", lambda turn: turn.back, bits),
            by_turn("negate", lambda turn: int(turn.sign < 0), 1),
            by_turn("doubles", lambda turn: int(turn.doubles), 1),
            blank,
            plane,
        )

    def _parts(self, m: Module, nest: _Loops, advance: Signal, word: Value) -> tuple[Value, Value]:
        """Collects the words of all rows in the item's parts; whether it is whole, and what is set in those before."""
        item = self.o.payload
        part = Signal.like(nest.part)
        last = Signal()
        with m.If(advance):
            m.d.sync += [part.eq(nest.part), last.eq(nest.word_ends)]
            with m.Switch(part):
                for row in range(self.config.rows):
                    with m.Case(row):
                        m.d.sync += item.parts[row].eq(word)
        return last, Mux(part == 0, 0, item.bits)
