"""The baseline's control: what column 0 does in a cycle; the others do it a cycle later each."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from model.baseline.config import UqAction, UqConfig

TOKEN_LAYOUT = data.StructLayout(
    {
        "enable": 1,  # a beat: the elements add
        "start": 1,  # a tile begins: elements with a multiplier take the bias
        "weigh": 1,  # the first product
        "decay": 1,  # the second
        "fire": 1,  # the third
        "last": 1,  # the tile ends with these products
        "spikes": 1,  # row 0 of the chain, or of the shared multiplier, has a spike that is a result
    }
)
"""What one column does in one cycle; passes from column to column, one per cycle."""


class UqControl(wiring.Component):
    """The sequence of a tile: parameters, then beats and updates in turn.

    An update is three products; all neurons have theirs at once, or a column's one after another::

        PARAMETERS (columns) -> START -> beats -> WEIGH -> DECAY -> FIRE -> beats ...
        PARAMETERS (columns) -> beats -> SETTLE -> rows * (WEIGH -> DECAY -> FIRE) -> beats ...    shared

    Elements with a multiplier of their own hand their spikes out during what follows; the next FIRE waits for the last
    of them. After a reset, a shared multiplier's column first throws away what its rings hold.

    Latency
    -------
    ``config.start_cycles`` and ``config.fire_cycles``; outputs are those of the same cycle.

    Parameters
    ----------
    config : UqConfig
        The array that is controlled.

    Members
    -------
    advance : In(1)
        Nothing goes on in a cycle without it.
    parameters_valid : In(1)
        A column's parameters are there.
    parameters_ready : Out(1)
        They are taken, if there.
    beat_valid : In(1)
        A beat of spikes and one of weights are there.
    beat_ready : Out(1)
        They are taken, if there.
    action : In(UqAction)
        What follows that beat.
    configured : Out(columns)
        The column whose parameters are taken.
    token : Out(TOKEN_LAYOUT)
        What column 0 does.
    """

    def __init__(self, config: UqConfig) -> None:
        self.config = config
        super().__init__(
            {
                "advance": In(1),
                "parameters_valid": In(1),
                "parameters_ready": Out(1),
                "beat_valid": In(1),
                "beat_ready": Out(1),
                "action": In(UqAction),
                "configured": Out(config.columns),
                "token": Out(TOKEN_LAYOUT),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config
        token = self.token
        last = Signal(init=1)
        m.d.comb += token.last.eq(last)

        # Rows of a shared multiplier, or rows whose spikes have still to leave the chain. The rings are cleared from
        # row -1 on: a simulator's unknown carry spoils the place that it is added to.
        bits = config.rows.bit_length()
        row = Signal(bits, init=(1 << bits) - 1 if config.shared else 0)
        column = Signal(range(config.columns))
        cleared = Signal()  # the rings hold zeros
        fires = Signal()
        m.d.comb += fires.eq(1 if config.shared else row <= 1)

        with m.FSM(init="WEIGH" if config.shared else "PARAMETERS"):
            with m.State("PARAMETERS"):
                # No wait for what is still under way: column c's parameters come c cycles after those of
                # column 0 at the earliest, when its last update is done.
                m.d.comb += self.parameters_ready.eq(self.advance)
                with m.If(self.parameters_valid & self.advance):
                    m.d.comb += self.configured.eq(1 << column)
                    m.d.sync += column.eq(column + 1)
                    with m.If(column == config.columns - 1):
                        m.d.sync += column.eq(0)
                        m.next = "BEATS" if config.shared else "START"

            if not config.shared:
                with m.State("START"):
                    m.d.comb += token.start.eq(1)
                    with m.If(self.advance):
                        m.next = "BEATS"

            with m.State("BEATS"):
                m.d.comb += [self.beat_ready.eq(self.advance), token.enable.eq(self.beat_valid)]
                with m.If(self.beat_valid & self.advance & (self.action != UqAction.ACCUMULATE)):
                    m.d.sync += last.eq(self.action == UqAction.FIRE_LAST)
                    m.next = "SETTLE" if config.shared else "WEIGH"

            if config.shared:
                with m.State("SETTLE"):
                    with m.If(self.advance):
                        m.next = "WEIGH"

            # Cycles 0 to 2 of an update: a product each. Of rows that take turns, the next one's follow.
            with m.State("WEIGH"):
                m.d.comb += token.weigh.eq(1)
                with m.If(self.advance):
                    m.next = "DECAY"
            with m.State("DECAY"):
                m.d.comb += token.decay.eq(1)
                with m.If(self.advance):
                    m.next = "FIRE"
            with m.State("FIRE"):
                m.d.comb += token.fire.eq(fires)
                with m.If(self.advance & fires):
                    m.next = "WEIGH"
                    with m.If((row == config.rows - 1) if config.shared else 1):
                        m.d.sync += cleared.eq(1)
                        with m.If(last):
                            m.next = "PARAMETERS"
                        with m.Else():
                            m.next = "BEATS"

        fired = Signal()
        m.d.comb += fired.eq(token.fire & self.advance)
        if config.shared:
            m.d.comb += token.spikes.eq(token.fire & cleared)
            with m.If(fired):
                m.d.sync += row.eq(Mux(row == config.rows - 1, 0, row + 1))
        else:
            m.d.comb += token.spikes.eq(row != 0)
            with m.If(fired):
                m.d.sync += row.eq(config.rows)
            with m.Elif(self.advance & (row != 0)):
                m.d.sync += row.eq(row - 1)
        return m
