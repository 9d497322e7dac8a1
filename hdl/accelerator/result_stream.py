"""Hands out the logits and the class of an image on an AXI4-Stream."""

from itertools import pairwise

from amaranth.hdl import Const, Module, Mux, Signal, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.accelerator.contents import RESULT_WIDTH
from hdl.parts.tables import by_program
from model.accelerator.config import AcceleratorConfig
from model.arithmetic import number_width


class ResultStream(wiring.Component):
    """A packet an image: the logits as 32-bit numbers, class 0 first, then the class, with ``last``.

    The class is the lowest index of the greatest logit, found while the logits go out::

        winner <- i if i = 0 or logit[i] > best;  best <- logit[i] likewise

    Latency
    -------
    The first logit is offered in the cycle after ``complete``; then one per cycle.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    potentials : In(signed(accumulator_width)).array(neuron_units)
        Of the last layer.
    update : In(1)
        Take them; of lanes that share a unit, all are due, the first one first.
    complete : In(1)
        With ``update``: these are a group's last. Groups come in order.
    busy : Out(1)
        The logits are still going out: no others may come.
    data : Out(32)
        AXI4-Stream.
    valid, last : Out(1)
        AXI4-Stream.
    ready : In(1)
        AXI4-Stream.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self.config = config
        super().__init__(
            {
                "potentials": In(signed(config.accumulator_width)).array(config.neuron_units),
                "update": In(1),
                "complete": In(1),
                "busy": Out(1),
                "data": Out(RESULT_WIDTH),
                "valid": Out(1),
                "last": Out(1),
                "ready": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config
        share, number = config.lanes_per_neuron_unit, signed(config.accumulator_width)
        lanes = min(config.lanes, config.classes)
        logits = [Signal(number, name=f"logit_{lane}", reset_less=True) for lane in range(-(-lanes // share) * share)]
        left = Signal(number_width(lanes + 1))
        group = Signal(range(max(2, config.output_groups)))
        last_group = Signal()
        finishing = Signal()  # the class is on offer
        best = Signal(number, reset_less=True)
        winner = Signal(number_width(config.classes), reset_less=True)
        sent = Signal(number_width(config.classes))
        greater = Signal()
        m.d.comb += [
            greater.eq((sent == 0) | (logits[0] > best)),
            self.valid.eq((left != 0) | finishing),
            self.last.eq(finishing),
            self.data.eq(Mux(finishing, winner, logits[0])),
            self.busy.eq(self.valid),
        ]
        # Lanes that share a unit come one after another: they move up, as all do on their way out.
        moving = Signal()
        m.d.comb += moving.eq(self.valid & self.ready & ~finishing)
        with m.If(self.update | moving):
            for lane, (logit, following) in enumerate(pairwise([*logits, Const(0, number)])):
                unit, place = divmod(lane, share)
                incoming = Mux(self.update, self.potentials[unit], following) if place == share - 1 else following
                m.d.sync += logit.eq(incoming)
        with m.If(self.update & self.complete):
            final = config.classes - (config.output_groups - 1) * config.lanes
            counts = [lanes] * (config.output_groups - 1) + [min(final, lanes)]
            m.d.sync += left.eq(by_program(m, group, counts, unsigned(len(left)), "group_size"))
            m.d.sync += last_group.eq(group == config.output_groups - 1)
            m.d.sync += group.eq(Mux(group == config.output_groups - 1, 0, group + 1))
        with m.If(self.valid & self.ready):
            with m.If(finishing):
                m.d.sync += [finishing.eq(0), sent.eq(0)]
            with m.Else():
                m.d.sync += [left.eq(left - 1), sent.eq(sent + 1)]
                with m.If(greater):
                    m.d.sync += [best.eq(logits[0]), winner.eq(sent)]
                with m.If(left == 1):
                    m.d.sync += finishing.eq(last_group)
        return m
