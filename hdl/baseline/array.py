"""The baseline's array with a multiplier in every processing element."""

from amaranth.hdl import Module, Value
from amaranth.lib import wiring

from hdl.baseline.edge import Column, surround, uq_members
from hdl.baseline.processing_element import UqProcessingElement
from model.baseline.config import UqConfig


class UqArray(wiring.Component):
    """Output-stationary systolic array of :class:`UqProcessingElement`: spiking layers only.

    A tile is ``columns`` beats of parameters, then steps until ``FIRE_LAST``. A step is one beat of spikes
    with the action that follows it, together with one beat of weights::

        A[r][c] += weights[c] where spikes[r]                                          A begins at the bias
        P = round(m_w*A) + round(m_u*U);  spike = P >= threshold[c];  U = 0 or sat(round(m_o*P))    FIRE, FIRE_LAST

    Column c works c cycles after column 0; inside a column all rows work in the same cycle. Spikes leave along
    their columns, a row per cycle, while the next time step's weights come. A missing input is a bubble;
    an output that is not taken freezes the array.

    Latency
    -------
    ``config.spiking_tile_cycles``: ``columns`` for the parameters and 1 to begin, 1 per step, 3 an update, but ``rows``
    at least from an update to the next. Spikes of row 0 leave ``config.result_cycles`` after the first column's last
    product.

    Parameters
    ----------
    config : UqConfig
        Sizes and widths, without ``shared``.

    Members
    -------
    i_parameters : In(stream.Signature(uq_parameters_layout(config)))
        Threshold, bias, and the three scales with the index of their shifts (the last beat's hold for the
        tile); column 0 first.
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
        elements = [UqProcessingElement(self.config) for _ in range(self.config.rows)]
        for row, element in enumerate(elements):
            m.submodules[f"pe_{row}_{column.number}"] = element
            m.d.comb += [
                element.weight.eq(column.weight),
                element.spike.eq(column.spikes[row]),
                element.start.eq(column.start),
                element.weigh.eq(column.weigh),
                element.decay.eq(column.decay),
                element.fire.eq(column.fire),
                element.scale.eq(column.scale),
                element.shifts.eq(column.shifts),
                element.bias.eq(column.bias),
                element.threshold.eq(column.threshold),
                element.shift.eq(column.shift),
                # What comes after the last row is not used; a ring, so that the elements are all alike.
                element.chain.eq(elements[(row + 1) % self.config.rows].fired),
            ]
        return elements[0].fired
