"""After the sums: which neuron fires when, with which parameters, and where its spikes go."""

from amaranth.hdl import Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.accelerator.cluster import NEURON_LAYOUT
from hdl.accelerator.loop_nest import LoopNest, Program, Quantity
from hdl.parts.tables import by_program
from model.accelerator.config import AcceleratorConfig
from model.accelerator.layer_plan import LayerPlan
from model.arithmetic import number_width

LEVELS = ("group", "row", "column", "step")
PART = "part"
"""The innermost level, where neighbouring positions fire together: whose spikes are stored."""


def program(plan: LayerPlan, config: AcceleratorConfig) -> Program:
    """Every time step of every tile; the last layer fires once, with the sums of all time steps."""
    share, steps = config.lanes_per_neuron_unit, config.frame_steps
    counts = {
        "group": plan.groups,
        "row": plan.positions[0],
        "column": plan.tiles[1],
        "step": steps if plan.spiking else 1,
        PART: plan.parts,
    }
    parameter = Quantity(plan.parameter_row, {"group": share})
    step, part = Quantity(0, {"step": 1}), Quantity(0, {PART: 1})
    group = Quantity(0, {"group": plan.stored_steps(steps).word})
    place = steps * plan.groups
    skip = {"group": 1, "row": plan.positions[1] * place, "column": place, "step": plan.groups}
    shortcut = Quantity(0, {} if plan.skip_memory is None else skip)
    return Program(counts, {"parameter": parameter, "step": step, "group": group, "part": part, "skip": shortcut})


class FireSequencer(wiring.Component):
    """Runs the neuron units through the time steps and lanes of a hand-over, and says where spikes belong::

        parameter_address = parameter row + group · lanes_per_neuron_unit + index
        address = ((y // pool · columns + x // pool) · steps + step) · groups + group

    Where a word has the spikes of a whole tile of positions::

        address = ((step · groups + group) · rows + y // pool) · tiles + tile

    Latency
    -------
    The first ``potential`` is due in the cycle after ``fire``. A unit per lane: of pixels, further time steps every two
    cycles, and likewise where rows are time steps. Rows that are positions fire together; their spikes leave one row a
    cycle, unless all are a word, before the next time step. Shared units: a lane a cycle, time step after time step.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    layer : In(range(layers))
        Index of the layer; stays until ``done``.
    start : In(1)
        Begin a layer.
    fire : In(1)
        The lanes hand their sums over at the end of this cycle.
    frame : In(range(time_steps)), streaming only
        The time step.
    begins : In(1), lasting state only
        The frame begins a recording.
    done : Out(1)
        In this cycle the layer's last spikes are written, or its last sums handed out.
    neuron : Out(NEURON_LAYOUT)
        For all neuron units.
    index : Out(range(lanes_per_neuron_unit))
        The lane that is due.
    update_index : Out(range(lanes_per_neuron_unit))
        The lane whose spike is there.
    parameter_address : Out(range(parameter_rows))
        Row of parameters for the next cycle.
    time_step : Out(range(time_steps))
        Of the spikes that are there.
    complete : Out(1)
        With ``neuron.update``: the last lane's spike is there, so the spikes of a time step are complete.
    spiking : Out(1)
        Whether the layer's spikes are stored: not those of the last one.
    row : Out(range(rows)), rows only
        The row of lanes whose spikes they are.
    again : Out(1), tiles only
        They belong where those of the cycle before do: OR them with these.
    address : Out(range(spike_words))
        Where they belong.
    merge : Out(1)
        OR them with what is there: not the first of a max pool.
    store : Out(1)
        Store them at all: pooling drops odd ends.
    skip_address : Out(range(spike_words)), identity shortcuts only
        Where the shortcut's spikes are, of the next time step that is due.
    skip_read : Out(1), identity shortcuts only
        Read them: no time step is due in this cycle.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self.config = config
        self.address_width = config.spike_address_width
        share = config.lanes_per_neuron_unit
        self.tiled = any(plan.parts > 1 for plan in config.layers)
        super().__init__(
            {
                "layer": In(range(max(2, len(config.layers)))),
                "start": In(1),
                "fire": In(1),
                "done": Out(1),
                "neuron": Out(NEURON_LAYOUT),
                "index": Out(range(share)),
                "update_index": Out(range(share)),
                "parameter_address": Out(number_width(config.parameter_rows)),
                "time_step": Out(range(max(2, config.time_steps))),
                "complete": Out(1),
                "spiking": Out(1),
                "address": Out(self.address_width),
                "merge": Out(1),
                "store": Out(1),
            }
            | ({"frame": In(range(max(2, config.time_steps)))} if config.streaming else {})
            | ({"begins": In(1)} if config.lasts else {})
            | ({"row": Out(range(config.rows))} if config.rows > 1 else {})
            | ({"again": Out(1)} if self.tiled else {})
            | ({"skip_address": Out(self.address_width), "skip_read": Out(1)} if config.skips else {})
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config
        plans, share = config.layers, config.lanes_per_neuron_unit
        shapes = {
            "parameter": unsigned(len(self.parameter_address)),
            "step": unsigned(number_width(max(2, config.frame_steps))),
            "group": unsigned(
                number_width(max((p.groups - 1) * p.stored_steps(config.frame_steps).word + 1 for p in plans))
            ),
        }
        if self.tiled:
            shapes["part"] = unsigned(number_width(max(plan.parts for plan in plans)))
        if config.skips:
            shapes["skip"] = unsigned(self.address_width)
        levels = (*LEVELS, PART) if self.tiled else LEVELS
        m.submodules.nest = nest = LoopNest(levels, [program(plan, config) for plan in plans], shapes)
        select = self.layer[: len(nest.program)]
        held = by_program(m, select, [int(p.spiking and p.fires_steps_together) for p in plans], unsigned(1), "held")
        stores = by_program(m, select, [int(p.stores) for p in plans], unsigned(1), "layer_spikes")
        neurons = Const(1) if config.totals else stores  # where they are not stored

        # One potential after another until the hand-over is through; the last of a time step moves the nest on.
        last_lane = self.index == share - 1 if share > 1 else Const(1)
        fires_once = ~held & nest.end_of("step") if self.tiled else ~held
        last_step = fires_once | nest.end_of("column")
        waiting = Signal()
        pausing = Signal()
        due = Signal()
        m.d.comb += due.eq(waiting & ~pausing)
        # Cycle 0: the sums are handed over.
        with m.If(self.fire):
            m.d.sync += waiting.eq(1)
        with m.Elif(due & last_lane & last_step):
            m.d.sync += waiting.eq(0)
        if share == 1:
            alone = by_program(m, select, [int(p.parts == 1) for p in plans], unsigned(1), "alone")
            m.d.sync += pausing.eq(due & ~last_step & alone if self.tiled else due & ~last_step)
        else:
            with m.If(due):
                m.d.sync += self.index.eq(Mux(last_lane, 0, self.index + 1))
        first = (nest.values.step == 0) | ~neurons
        if config.streaming:
            first = self.frame == 0
        if config.lasts:  # membranes are those of the recording, sums those of the image
            first = Mux(neurons, self.begins, first)
        # Cycle 1: a potential is due, and the parameters of the next one are read.
        following = Mux(due, Mux(last_lane, 0, self.index + 1), self.index) if share > 1 else Const(0, 1)
        if self.tiled:  # a group's first potential may follow the last spikes of the group before
            following = due & nest.end_of("group")
        m.d.comb += [
            nest.program.eq(select),
            nest.start.eq(self.start),
            nest.advance.eq(due & last_lane),
            self.parameter_address.eq(nest.values.parameter + following),
            self.neuron.potential.eq(due & (nest.values.part == 0) if self.tiled else due),
            self.neuron.first.eq(first),
            self.neuron.keep.eq(~last_step),
            self.spiking.eq(stores),
        ]
        # Cycle 2: its spike is there, and where it belongs.
        final = Signal()
        m.d.sync += [
            self.neuron.update.eq(due),
            self.complete.eq(due & last_lane),
            final.eq(due & last_lane & nest.final),
            self.done.eq(final),
            self.update_index.eq(self.index),
            self.time_step.eq(self.frame if config.streaming else nest.values.step),
        ]
        if config.rows > 1:
            together = by_program(m, select, [int(p.steps_together) for p in plans], unsigned(1), "steps_together")
            part = nest.values.part if self.tiled else Const(0)
            m.d.sync += self.row.eq(Mux(together, nest.values.step, part))
        if config.skips:  # two cycles later at the earliest, the next time step is due
            m.d.comb += self.skip_address.eq(nest.values.skip)
            m.d.sync += self.skip_read.eq(self.start | (due & last_lane))
        self._place(m, select, nest, due & last_lane)
        return m

    def _place(self, m: Module, select: Signal, nest: LoopNest, moves: Signal) -> None:
        """Address of a time step's spikes in the pooled map, [row][column][step][group].

        Tiles of several positions begin where a pooled column does.
        """
        plans, width = self.config.layers, unsigned(self.address_width)
        steps = self.config.frame_steps
        pools = [plan.pool for plan in plans]
        pooled = unsigned(number_width(max(pools)))
        pool = by_program(m, select, [size - 1 for size in pools], pooled, "pool_last")
        column_pool = pool
        # Pooled columns, or words of them, that a tile moves on.
        whole = [max(1, p.tile // p.pool // p.together) for p in plans]
        if any(plan.tile > 1 for plan in plans):
            column_pool = by_program(m, select, [p.pool - 1 if p.tile == 1 else 0 for p in plans], pooled, "tile_last")
        sizes = [p.stored_steps(steps) for p in plans]
        step_size = by_program(m, select, [size.time for size in sizes], width, "step_words")
        column_sizes = [size.column * moved for size, moved in zip(sizes, whole, strict=True)]
        column_size = by_program(m, select, column_sizes, width, "column_words")
        row_size = by_program(m, select, [size.row for size in sizes], width, "row_words")
        group_size: Value | int = 1
        if any(size.word > 1 for size in sizes):
            group_size = by_program(m, select, [size.word for size in sizes], width, "group_words")
        columns = [p.stored_columns for p in plans]
        rows = [p.stored_map[0] for p in plans]
        reached = max(p.tiles[1] * p.tile // p.pool // p.together for p in plans)
        column_limit = by_program(m, select, columns, unsigned(number_width(reached + 1)), "column_limit")
        row_limit = by_program(m, select, rows, unsigned(number_width(max(rows) + 1)), "row_limit")

        row_base, column_base, address = (Signal(width, name=name) for name in ("row_base", "column_base", "place"))
        within_row = Signal.like(pool, name="within_row")
        within_column = Signal.like(pool, name="within_column")
        row = Signal(len(row_limit), name="row")
        column = Signal(len(column_limit), name="column")
        next_row = Mux(within_row == pool, row_base + row_size, row_base)
        next_column = Mux(within_column == column_pool, column_base + column_size, column_base)
        next_group = nest.values.group + group_size
        place, at_column, merge = address, column, (within_row != 0) | (within_column != 0)
        if self.tiled:
            parts = self._within_tile(m, select, nest, moves, pool)
            moves = moves & nest.end_of("step")
            place, at_column = address + parts[0], column + parts[1]
            merge = merge & ~parts[2]
            m.d.sync += self.again.eq(parts[2])
        with m.If(self.start):
            m.d.sync += [register.eq(0) for register in (row_base, column_base, address)]
            m.d.sync += [register.eq(0) for register in (within_row, within_column, row, column)]
        with m.Elif(moves):
            m.d.sync += address.eq(address + step_size)
            with m.If(nest.end_of("column")):
                m.d.sync += [
                    column_base.eq(next_column),
                    address.eq(next_column),
                    within_column.eq(Mux(within_column == column_pool, 0, within_column + 1)),
                    column.eq(column + self._columns(m, select, whole, within_column == column_pool)),
                ]
            with m.If(nest.end_of("row")):
                m.d.sync += [
                    row_base.eq(next_row),
                    column_base.eq(next_row),
                    address.eq(next_row),
                    within_column.eq(0),
                    column.eq(0),
                    within_row.eq(Mux(within_row == pool, 0, within_row + 1)),
                    row.eq(row + (within_row == pool)),
                ]
            with m.If(nest.end_of("group")):
                m.d.sync += [register.eq(next_group) for register in (row_base, column_base, address)]
                m.d.sync += [register.eq(0) for register in (within_row, within_column, row, column)]
        # What belongs to the spikes that come a cycle later.
        m.d.sync += [
            self.address.eq(place),
            self.merge.eq(merge),
            self.store.eq((row < row_limit) & (at_column < column_limit)),
        ]

    def _columns(self, m: Module, select: Signal, whole: list[int], moves: Value) -> Value:
        """Pooled columns to move on."""
        if max(whole) == 1 and not self.tiled:
            return moves
        return Mux(moves, by_program(m, select, whole, unsigned(number_width(max(whole) + 1)), "tile_columns"), 0)

    def _within_tile(
        self, m: Module, select: Signal, nest: LoopNest, moves: Value, pool: Value
    ) -> tuple[Value, Value, Value]:
        """Of the part that is due: words and pooled columns from the tile's first; whether it joins the one before."""
        plans, width = self.config.layers, unsigned(self.address_width)
        words = [p.groups * self.config.frame_steps for p in plans]
        size = by_program(m, select, words, width, "part_words")
        offset = Signal(width, name="part_offset")
        column = Signal(number_width(max(p.tile // p.pool // p.together for p in plans) + 1), name="part_column")
        within = Signal.like(pool, name="within_part")
        with m.If(self.start | (moves & nest.end_of("step"))):
            m.d.sync += [offset.eq(0), column.eq(0), within.eq(0)]
        with m.Elif(moves):
            m.d.sync += within.eq(Mux(within == pool, 0, within + 1))
            with m.If(within == pool):
                m.d.sync += [offset.eq(offset + size), column.eq(column + 1)]
        return offset, column, within != 0
