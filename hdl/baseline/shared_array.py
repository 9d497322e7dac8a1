"""The baseline's array with a multiplier per column: MINT's processing elements, and neuron units that multiply."""

from amaranth.hdl import Const, Module, Signal, Value
from amaranth.lib import wiring

from hdl.array.processing_element import ProcessingElement
from hdl.baseline.edge import Column, surround, uq_members
from hdl.baseline.neuron_unit import UqNeuronUnit
from model.baseline.config import UqConfig


class UqSharedArray(wiring.Component):
    """Output-stationary systolic array of MINT's :class:`ProcessingElement` with a :class:`UqNeuronUnit` a column.

    A tile is ``columns`` beats of parameters, then steps until ``FIRE_LAST``. A step is one beat of spikes
    with the action that follows it, together with one beat of weights::

        sum[r][c] += weights[c] where spikes[r], and config.offset(1)
        P = round(m_w*(sum + bias)) + round(m_u*U);  spike = P >= threshold[c];  U = 0 or sat(round(m_o*P));  sum = 0

    the latter with FIRE and FIRE_LAST, for a column's rows one after another: its ring of sums moves past the
    neuron unit, zeros follow. Column c works c cycles after column 0. A missing input is a bubble; an
    output that is not taken freezes the array.

    Latency
    -------
    ``config.spiking_tile_cycles``: ``columns`` for parameters, 1 per step, 1 + 3 * ``rows`` for the updates of a time
    step. Spikes leave ``config.result_cycles`` after the first column's last product. After a reset the array clears
    itself in 3 * (``rows`` + 1) cycles.

    Parameters
    ----------
    config : UqConfig
        Sizes and widths, with ``shared``.

    Members
    -------
    i_parameters : In(stream.Signature(uq_parameters_layout(config)))
        Threshold, bias, and the three scales with the index of their shifts (the last beat's hold for the
        tile); column 0 first. The bias is less what the steps add whatever spikes (``config.offset``).
    i_weights : In(stream.Signature(data.ArrayLayout(signed(weight_width), columns)))
        One weight per column.
    i_spikes : In(stream.Signature(data.StructLayout(spikes, action)))
        One spike per row, and what follows.
    o_spikes : Out(stream.Signature(unsigned(columns)))
        Spikes of one row; row 0 first.
    """

    def __init__(self, config: UqConfig) -> None:
        self.config = config
        super().__init__(uq_members(config))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        surround(m, self.config, self, self._column)
        return m

    def _column(self, m: Module, column: Column) -> Value:
        neuron = m.submodules[f"unit_{column.number}"] = UqNeuronUnit(self.config)
        m.d.comb += [
            neuron.weigh.eq(column.weigh),
            neuron.decay.eq(column.decay),
            neuron.fire.eq(column.fire),
            neuron.last.eq(column.last),
            neuron.scale.eq(column.scale),
            neuron.shifts.eq(column.shifts),
            neuron.bias.eq(column.bias),
            neuron.threshold.eq(column.threshold),
        ]
        chain: Value = Const(0)
        for row in reversed(range(self.config.rows)):
            chain = self._element(m, f"pe_{row}_{column.number}", column, column.spikes[row], chain)
        m.d.comb += neuron.accumulator.eq(chain)
        return neuron.spike

    def _element(self, m: Module, name: str, column: Column, spike: Value, chain: Value) -> Signal:
        """One of MINT's processing elements; gives its sum."""
        element = m.submodules[name] = ProcessingElement(self.config.array)
        m.d.comb += [
            element.weight.eq(column.weight),
            element.spike.eq(spike),
            element.enable.eq(column.enable),
            element.chain.eq(chain),
            element.preload.eq(column.fire),
        ]
        return element.accumulator
