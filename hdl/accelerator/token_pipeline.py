"""From a token to what the lanes do: it waits for the neuron units, then fetches its row of weights."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.accelerator.cluster import step_layout
from hdl.accelerator.skip_unit import token_layout
from hdl.codes import DECODERS, decoded
from hdl.parts.tables import by_program
from model.accelerator.config import AcceleratorConfig
from model.arithmetic import number_width


class TokenPipeline(wiring.Component):
    """Lets tokens pass when the neuron units are ready for them, and hands weights and step to the lanes.

    Of a token that passes, the lanes get::

        weights = 0 if empty else levels of the codes in memory[row];  step = (1, double, fire)

    Where lanes have rows, weights of rows that are not in the token's mask are 0. With ``negate``, opposites.

    After a token that fires, the next one that fires passes ``config.fire_interval`` cycles later at the earliest;
    where lanes share a neuron unit, any next one. One that fires logits waits for those before it as well: until
    ``summed``, and then while the results are busy.

    Latency
    -------
    Three cycles from a token that is taken to ``step``: row address, word of weights, gated weights. A token per cycle.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    layer : In(range(layers))
        Stays until the layer is through.
    i : In(stream(token_layout))
        Tokens.
    emits : In(1)
        The layer's potentials are logits.
    summed : In(1)
        The last layer's potentials of a hand-over are all there.
    results_busy : In(1)
        Logits are on their way out.
    address : Out(range(weight_rows))
        Of the row of weights to read.
    read : Out(1)
        Read it: ``word`` has it in the next cycle.
    word : In(lanes * code_width)
        What was read, lane 0 in the lowest bits.
    step : Out(step_layout)
        For all lanes.
    weights : Out(lanes * lane_weight_width)
        Of all lanes; 0 in cycles without ``step.enable``.
    """

    i: stream.Interface

    def __init__(self, config: AcceleratorConfig) -> None:
        self.config = config
        row = number_width(config.weight_rows)
        super().__init__(
            {
                "layer": In(range(max(2, len(config.layers)))),
                "i": In(stream.Signature(token_layout(row, config.rows, config.negates))),
                "emits": In(1),
                "summed": In(1),
                "results_busy": In(1),
                "address": Out(row),
                "read": Out(1),
                "word": In(config.lanes * config.code_width),
                "step": Out(step_layout(config)),
                "weights": Out(config.lanes * config.lane_weight_width),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        tokens = [Signal(self.i.payload.shape(), name=f"token_{i}", reset_less=True) for i in range(3)]
        valid = [Signal(name=f"token_{i}_valid") for i in range(3)]
        # Cycle 0: a token passes.
        m.d.sync += [tokens[0].eq(self.i.payload), valid[0].eq(self._passes(m))]
        # Cycle 1: its row's address.
        m.d.comb += [self.address.eq(tokens[0].row), self.read.eq(valid[0])]
        m.d.sync += [tokens[1].eq(tokens[0]), valid[1].eq(valid[0])]
        # Cycle 2: the row of weights, for rows of lanes that add.
        fetched = Signal(len(self.weights), reset_less=True)
        levels = self._levels(m)
        levels = levels if self.config.rows == 1 else levels & self._adding(m, tokens[0].mask)
        if self.config.negates:
            negate = tokens[1].negate
            levels = levels ^ negate.replicate(len(levels)) if self.config.signless else self._signed(levels, negate)
        m.d.sync += fetched.eq(Mux(tokens[1].empty | ~valid[1], 0, levels))
        m.d.sync += [tokens[2].eq(tokens[1]), valid[2].eq(valid[1])]
        # Cycle 3: the lanes add.
        m.d.comb += [
            self.weights.eq(fetched),
            self.step.enable.eq(valid[2]),
            self.step.double.eq(tokens[2].double),
            self.step.fire.eq(tokens[2].fire),
        ]
        if self.config.signless:
            m.d.comb += self.step.adds.eq(valid[2] & ~tokens[2].empty)
        return m

    def _levels(self, m: Module) -> Value:
        """What the codes of a word stand for; a layer's own code says it."""
        config = self.config
        if config.signless:  # which add the codes as they are
            return self.word
        names = [plan.code for plan in config.layers]
        kinds = sorted(set(names))
        if not set(kinds) & set(DECODERS) and config.code_width == config.weight_width:
            return self.word
        select = self.layer[: number_width(len(config.layers))]
        kind = by_program(m, select, [kinds.index(name) for name in names], unsigned(number_width(len(kinds))), "code")
        found = []
        for lane in range(config.lanes):
            code = self.word.word_select(lane, config.code_width)
            choices = Array(decoded(name, code, config.weight_width) for name in kinds)
            found.append(choices[kind] if len(kinds) > 1 else choices[0])
        return Cat(found)

    def _signed(self, levels: Value, negate: Value) -> Value:
        """What lanes add: levels, which are symmetric, or their opposites."""
        width = self.config.weight_width
        each = (levels.word_select(lane, width).as_signed() for lane in range(self.config.lanes))
        return Cat(Mux(negate, -level, level)[:width] for level in each)

    def _passes(self, m: Module) -> Signal:
        """Whether the token that is offered is taken."""
        config, token = self.config, self.i.payload
        intervals = [config.fire_interval(plan) for plan in config.layers]
        wait = Signal(range(max(intervals)))
        reserved = Signal()  # logits are on their way to the results
        passes = Signal()
        select = self.layer[: number_width(len(config.layers))]
        interval = by_program(m, select, [each - 1 for each in intervals], wait.shape(), "interval")
        emits = self.emits
        if config.totals and config.frame_steps > 1:  # logits are there after the last time step
            step = Signal(range(config.frame_steps), name="step_of_last")
            emits = self.emits & (step == config.frame_steps - 1)
            with m.If(passes & token.fire & self.emits):
                m.d.sync += step.eq(Mux(step == config.frame_steps - 1, 0, step + 1))
        blocked = (wait != 0) & (token.fire if config.lanes_per_neuron_unit == 1 else Const(1))
        m.d.comb += [
            self.i.ready.eq(~blocked & ~(token.fire & emits & (reserved | self.results_busy))),
            passes.eq(self.i.valid & self.i.ready),
        ]
        with m.If(passes & token.fire):
            m.d.sync += wait.eq(interval)
        with m.Elif(wait != 0):
            m.d.sync += wait.eq(wait - 1)
        with m.If(passes & token.fire & emits):
            m.d.sync += reserved.eq(1)
        with m.Elif(self.summed):
            m.d.sync += reserved.eq(0)
        return passes

    def _adding(self, m: Module, mask: Value) -> Value:
        """A cycle after ``mask``: the bits of weights that lanes take, those of its rows."""
        config = self.config
        adds = Signal(config.lanes, reset_less=True)
        with m.Switch(self.layer):
            for index, plan in enumerate(config.layers):
                with m.Case(index):
                    rows = [mask[row].replicate(plan.row_lanes) for row in range(plan.rows)]
                    m.d.sync += adds.eq(Cat(rows) if plan.rows > 1 else -1)
        return Cat(lane.replicate(config.weight_width) for lane in adds)
