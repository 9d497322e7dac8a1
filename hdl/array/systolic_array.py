"""The systolic array: rows of output positions, columns of output channels, one ring a column."""

from typing import NamedTuple

from amaranth.hdl import Module, Mux, Shape, Signal, Value, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.array.neuron_unit import CONTROL_LAYOUT, NeuronUnit, neuron_layout
from hdl.array.processing_element import ProcessingElement
from hdl.parts.delay import delay
from model.array import Action, ArrayConfig


def parameters_layout(config: ArrayConfig) -> data.StructLayout:
    """One column's parameters; ``leak`` has no bits where the array supports one neuron."""
    neuron = {name: field.shape for name, field in neuron_layout(config)}
    return data.StructLayout(neuron | {"leak": Shape.cast(range(len(config.neurons)))})


def retire_layout(config: ArrayConfig) -> data.StructLayout:
    """What an ``o_spikes`` beat comes from."""
    neuron = data.StructLayout(
        {
            "potential": signed(config.accumulator_width),
            "spike": unsigned(1),
            "membrane": signed(config.membrane_width),
        }
    )
    return data.StructLayout(
        {
            "time_step": range(config.time_steps),
            "row": range(config.rows),
            "neurons": data.ArrayLayout(neuron, config.columns),
        }
    )


def token_layout(config: ArrayConfig) -> data.StructLayout:
    """What one column does in one cycle; passes from column to column, one per cycle."""
    fields: dict[str, object] = {
        "enable": 1,  # the elements add
        "shift": 1,  # the ring moves
        "load": 1,  # the neuron unit takes a potential
        "control": CONTROL_LAYOUT,  # which, and what enters the ring
        "spikes": 1,  # the potential's spike is a result
        "sums": 1,  # the potential itself is a result
    }
    if config.retire:
        fields |= {"time_step": range(config.time_steps), "row": range(config.rows)}
    return data.StructLayout(fields)


class _Rotation(NamedTuple):
    """Where a rotation is: a row, and a cycle of it; and whether the row's cycle has a result."""

    row: Signal
    cycle: Signal
    last_row: Signal
    last_cycle: Signal
    result: Signal


class SystolicArray(wiring.Component):
    """Output-stationary systolic array of :class:`ProcessingElement` with a :class:`NeuronUnit` a column.

    A tile is ``columns`` beats of parameters, then steps until an action that ends it. A step is one
    beat of spikes with the action that follows it, together with one beat of weights::

        sum[r][c] += (weights[c] where spikes[r]) + 2^(W-1)      the constant: config.offset

    and an action other than ``ACCUMULATE`` rotates the rings through the neuron units (see
    :class:`model.array.Action`). Column c works c cycles after column 0; inside a column all rows
    work in the same cycle. A missing input is a bubble; an output that is not taken freezes the array.

    Latency
    -------
    With every input there and every output taken, from a tile's first parameters to the next tile's:
    ``config.spiking_tile_cycles``, ``config.pixel_tile_cycles``, ``config.sums_tile_cycles``. In parts:
    ``columns`` for the parameters; 1 per step; for the actions ``config.keep_cycles``, ``fire_cycles``,
    ``leave_cycles``, ``held_cycles``, ``drain_cycles``. Spikes leave ``config.result_cycles`` after the first
    column's neuron unit takes their potential, which is two cycles after the step for row 0; sums leave a cycle
    earlier. After a reset the array clears itself in ``config.keep_cycles``.

    Parameters
    ----------
    config : ArrayConfig
        Sizes, widths and options.

    Members
    -------
    i_parameters : In(stream.Signature(parameters_layout))
        Threshold, bias, with joins bias_skip, and the leak's index (the last beat's holds for the tile);
        column 0 first. The bias is B less what the steps add before it is used (``config.offset``), modulo
        2^accumulator_width; bias_skip is J more.
    i_weights : In(stream.Signature(data.ArrayLayout(signed(weight_width), columns)))
        One weight per column.
    i_spikes : In(stream.Signature(data.StructLayout(spikes, action)))
        One spike per row, and what follows.
    i_skips : In(stream.Signature(unsigned(columns))), joins only
        Spikes of the identity shortcut: one beat per row of every FIRE and FIRE_LAST, row 0 first.
    o_spikes : Out(stream.Signature(unsigned(columns)))
        Spikes of one row; row 0 first; of FIRE_HELD row by row, all time steps of a row together.
    o_sums : Out(stream.Signature(data.ArrayLayout(signed(accumulator_width), columns)))
        Sums of one row of a DRAIN; row 0 first.
    retire : Out(retire_layout), retire only
        Beside an o_spikes beat: time step, row, and potential, spike, membrane of every column.
    """

    def __init__(self, config: ArrayConfig) -> None:
        self.config = config
        sums = data.ArrayLayout(signed(config.accumulator_width), config.columns)
        members = {
            "i_parameters": In(stream.Signature(parameters_layout(config))),
            "i_weights": In(stream.Signature(data.ArrayLayout(signed(config.weight_width), config.columns))),
            "i_spikes": In(stream.Signature(data.StructLayout({"spikes": unsigned(config.rows), "action": Action}))),
            "o_spikes": Out(stream.Signature(unsigned(config.columns))),
            "o_sums": Out(stream.Signature(sums)),
        }
        if config.joins:
            members["i_skips"] = In(stream.Signature(unsigned(config.columns)))
        if config.retire:
            members["retire"] = Out(retire_layout(config))
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config

        # An output that waits freezes tokens, skew registers and rings together; from the next cycle on,
        # so that all of them follow a register and not what is behind the output.
        advance = Signal(init=1)

        # What column 0 does: steps in the cycle in which they come, all else a cycle after the control said so.
        control = Signal(token_layout(config))
        enable = Signal()
        spikes = Signal(config.rows)
        skips = Signal(config.columns)
        configured = Signal(config.columns)
        leak = Signal(range(len(config.neurons)), reset_less=True)
        self._sequence(m, advance, control, enable, spikes, skips, configured, leak)
        skips = delay(m, "skips", skips, 1, advance)
        told = delay(m, "token", control, 1, advance, reset_less=False)
        token = Signal.like(told, name="token")
        m.d.comb += [token.eq(told), token.enable.eq(enable)]

        neurons = []
        for column in range(config.columns):
            neurons.append(self._column(m, column, advance, token, spikes, skips[column], configured[column], leak))
            # The registers that take token and spikes to the next column; the last token's is the outputs'.
            token = delay(m, f"token_{column + 1}", token, 1, advance, reset_less=False)
            if column + 1 < config.columns:
                spikes = delay(m, f"spikes_{column + 1}", spikes, 1, advance)
        self._outputs(m, advance, token, neurons)
        return m

    def _sequence(
        self,
        m: Module,
        advance: Signal,
        token: data.View,
        enable: Signal,
        spikes: Signal,
        skips: Signal,
        configured: Signal,
        leak: Signal,
    ) -> None:
        """The control of column 0: parameters, then steps and rotations in turn; a rotation to clear first."""
        config = self.config
        parameters, steps, weights = self.i_parameters, self.i_spikes, self.i_weights
        action = Signal(Action, init=Action.CLEAR)  # whose rotation it is
        ends = Signal()
        m.d.comb += ends.eq(action.matches(*(each for each in Action if each.ends_tile)))

        rotation = self._rotation(m, action, ends)
        row, cycle = rotation.row, rotation.cycle
        stepping = Signal()  # the state, without the gates that tell it: every element of column 0 waits for it
        with m.FSM(init="ROTATE"):
            with m.State("PARAMETERS"):
                # No wait for what is still under way: column c's parameters come c cycles after those of
                # column 0 at the earliest, when its last result is out, and so does the tile's leak.
                m.d.comb += parameters.ready.eq(advance)
                with m.If(parameters.valid & advance):
                    for column in range(config.columns):
                        m.d.comb += configured[column].eq(cycle == column)
                    m.d.sync += cycle.eq(cycle + 1)
                    with m.If(cycle == config.columns - 1):
                        m.d.sync += [leak.eq(parameters.p.leak), cycle.eq(0), stepping.eq(1)]
                        m.next = "STEP"

            with m.State("STEP"):
                m.d.comb += [
                    steps.ready.eq(advance & weights.valid),
                    weights.ready.eq(advance & steps.valid),
                ]
                with m.If(enable & advance & (steps.p.action != Action.ACCUMULATE)):
                    m.d.sync += [action.eq(steps.p.action), stepping.eq(0)]
                    m.next = "ROTATE"

            with m.State("ROTATE"):
                go = Signal()
                m.d.comb += go.eq(1)
                if config.joins:
                    with m.If(action.matches(Action.FIRE, Action.FIRE_LAST) & rotation.result):
                        m.d.comb += [
                            self.i_skips.ready.eq(advance),
                            go.eq(self.i_skips.valid),
                            skips.eq(self.i_skips.payload),
                        ]
                with m.If(go):
                    self._control(m, token, action, rotation)
                with m.If(go & advance):
                    m.d.sync += cycle.eq(cycle + 1)
                    with m.If(cycle == rotation.last_cycle):
                        m.d.sync += [cycle.eq(0), row.eq(row + 1)]
                        with m.If(row == rotation.last_row):
                            m.d.sync += row.eq(0)
                            m.next = "LAST"

            with m.State("LAST"):  # column 0 does what the control said last
                with m.If(advance):
                    with m.If(ends):
                        m.next = "PARAMETERS"
                    with m.Else():
                        m.d.sync += stepping.eq(1)
                        m.next = "STEP"

        m.d.comb += enable.eq(stepping & steps.valid & weights.valid)
        with m.If(enable):
            m.d.comb += spikes.eq(steps.p.spikes)

        if config.retire:
            self._retire(m, parameters.ready, advance, token, action, rotation)

    def _rotation(self, m: Module, action: Signal, ends: Signal) -> _Rotation:
        """Counters of a rotation, and where they end.

        A rotation counts rows, and inside a row the cycles that it takes: for FIRE_HELD from a time step's potential
        over its membrane to the next one's; for DRAIN the columns and one more, so that a row's sums wait for the last
        column in the potential registers and need no skew registers of their own. The parameters' columns are counted
        by the latter too.
        """
        config = self.config
        row = Signal(range(config.rows + 2))
        cycle = Signal(range(max(config.columns + 1, 2 * config.time_steps - 1)))
        last_cycle = Signal.like(cycle)
        with m.Switch(action):
            with m.Case(Action.FIRE_HELD):
                m.d.comb += last_cycle.eq(2 * config.time_steps - 2)
            with m.Case(Action.DRAIN):
                m.d.comb += last_cycle.eq(config.columns)
        # What returns to the ring passes the neuron unit's registers: more cycles, without a result.
        result = Signal()
        last_row = Signal.like(row)
        m.d.comb += result.eq((row != config.rows) & (row != config.rows + 1))
        with m.If(action == Action.FIRE):
            m.d.comb += last_row.eq(config.rows + 1)
        with m.Elif(ends & (action != Action.CLEAR)):
            m.d.comb += last_row.eq(config.rows - 1)
        with m.Else():  # CLEAR goes round: a simulator's unknown carry spoils the place that it is added to
            m.d.comb += last_row.eq(config.rows)
        return _Rotation(row, cycle, last_row, last_cycle, result)

    def _control(self, m: Module, token: data.View, action: Signal, rotation: _Rotation) -> None:
        """What column 0 does in a cycle of a rotation."""
        cycle = rotation.cycle
        fires = action.matches(Action.FIRE, Action.FIRE_LAST, Action.FIRE_HELD)
        adds = action.matches(Action.DOUBLE_BIAS, Action.FIRE, Action.FIRE_LAST, Action.DRAIN)
        m.d.comb += [
            token.shift.eq(cycle == rotation.last_cycle),
            token.load.eq((cycle == 0) | ((action == Action.FIRE_HELD) & ~cycle[0])),
            token.control.double.eq(action.matches(Action.DOUBLE, Action.DOUBLE_BIAS)),
            token.control.add_bias.eq(adds),
            token.control.add_membrane.eq((action == Action.FIRE_HELD) & (cycle != 0)),
            token.control.keep.eq(action.matches(Action.DOUBLE, Action.DOUBLE_BIAS)),
            token.control.fire.eq(action == Action.FIRE),
            token.spikes.eq(fires & rotation.result & token.load),
            token.sums.eq((action == Action.DRAIN) & (cycle == 0)),
        ]

    def _retire(
        self, m: Module, begins: Value, advance: Signal, token: data.View, action: Signal, rotation: _Rotation
    ) -> None:
        """Row and time step: FIRE_HELD counts those in its cycles, two a step; other tiles' FIREs are counted here."""
        row, cycle = rotation.row, rotation.cycle
        time_step = Signal(range(self.config.time_steps))
        with m.If(begins):
            m.d.sync += time_step.eq(0)
        with m.Elif((action == Action.FIRE) & (row == self.config.rows) & advance):
            m.d.sync += time_step.eq(time_step + 1)
        m.d.comb += [
            token.time_step.eq(Mux(action == Action.FIRE_HELD, cycle >> 1, time_step)),
            token.row.eq(row),
        ]

    def _column(
        self,
        m: Module,
        column: int,
        advance: Signal,
        token: data.View,
        spikes: Signal,
        skip: Value,
        configured: Value,
        leak: Signal,
    ) -> NeuronUnit:
        """One column: its ring of processing elements, closed by the neuron unit."""
        config = self.config
        neuron = m.submodules[f"neuron_{column}"] = NeuronUnit(config)
        parameters = Value.cast(self.i_parameters.p)[: neuron_layout(config).size]  # all but the leak, the last
        m.d.comb += [
            neuron.configure.eq(configured),
            neuron.parameters.eq(parameters),
            neuron.leak.eq(leak),
            neuron.advance.eq(advance),
            neuron.load.eq(token.load),
            neuron.control.eq(token.control),
        ]
        if config.joins:
            m.d.comb += neuron.skip.eq(delay(m, f"skip_{column}", skip, column, advance))

        # Frozen columns add zeros: cheaper here, a gate a weight bit, than in every row. Bubbles have no spikes.
        enable = Signal(name=f"enable_{column}")
        preload = Signal(name=f"preload_{column}")
        weight = Signal(signed(config.weight_width), name=f"weight_{column}")
        skewed = delay(m, f"weight_{column}", self.i_weights.p[column], column, advance)
        m.d.comb += [
            enable.eq(token.enable & advance),
            preload.eq(token.shift & advance),
            weight.eq(Mux(advance, skewed, 0)),
        ]

        chain: Value = neuron.chain
        for row in reversed(range(config.rows)):
            element = m.submodules[f"pe_{row}_{column}"] = ProcessingElement(config)
            m.d.comb += [
                element.weight.eq(weight),
                element.spike.eq(spikes[row]),
                element.enable.eq(enable),
                element.chain.eq(chain),
                element.preload.eq(preload),
            ]
            chain = element.accumulator
        m.d.comb += neuron.accumulator.eq(chain)
        return neuron

    def _outputs(self, m: Module, advance: Signal, token: data.View, neurons: list[NeuronUnit]) -> None:
        """Results, when the last column has them; earlier columns' spikes wait for it."""
        config = self.config
        last = config.columns - 1

        # Spikes pass two registers, the second of which fills when the first is not taken and freezes the array.
        layout = {"spikes": unsigned(config.columns)} | ({"retire": retire_layout(config)} if config.retire else {})
        result = Signal(data.StructLayout(layout))
        first = Signal.like(result, reset_less=True)
        second = Signal.like(result, reset_less=True)
        first_valid = Signal()
        second_valid = Signal()  # a name of its own, for hdl.formal
        fills = Signal()
        m.d.sync += second_valid.eq(fills)
        with m.If(~first_valid | self.o_spikes.ready):
            m.d.sync += [
                first.eq(Mux(second_valid, second, result)),
                first_valid.eq(second_valid | (token.spikes & advance)),
            ]
        with m.Else():
            m.d.comb += fills.eq(second_valid | (token.spikes & advance))
        with m.If(advance):
            m.d.sync += second.eq(result)
        m.d.comb += [self.o_spikes.valid.eq(first_valid), self.o_spikes.payload.eq(first.spikes)]

        # Sums wait in the potential registers, which take no others for a cycle: in it the array freezes.
        waits = Signal()
        m.d.comb += self.o_sums.valid.eq((token.sums & advance) | waits)
        refused = self.o_sums.valid & ~self.o_sums.ready
        m.d.sync += [waits.eq(refused), advance.eq(~(fills | refused))]

        for column, neuron in enumerate(neurons):
            spike = delay(m, f"spike_{column}", neuron.spike, last - column, advance)
            m.d.comb += [
                result.spikes[column].eq(spike),
                self.o_sums.payload[column].eq(neuron.potential),
            ]
            if config.retire:
                m.d.comb += [
                    result.retire.neurons[column].potential.eq(
                        delay(m, f"potential_{column}", neuron.potential, last - column, advance)
                    ),
                    result.retire.neurons[column].spike.eq(spike),
                    result.retire.neurons[column].membrane.eq(
                        delay(m, f"membrane_{column}", neuron.membrane, last - column, advance)
                    ),
                ]
        if config.retire:
            m.d.comb += [
                result.retire.time_step.eq(token.time_step),
                result.retire.row.eq(token.row),
                self.retire.eq(first.retire),
            ]
