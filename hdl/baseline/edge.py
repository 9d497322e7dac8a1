"""What both arrays of the baseline have around their columns: streams, control, skew."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from amaranth.hdl import Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Member, Out

from hdl.baseline.arithmetic import scale_of, scales_layout
from hdl.baseline.control import UqControl
from hdl.parts.delay import delay
from model.baseline.config import UqAction, UqConfig


def uq_parameters_layout(config: UqConfig) -> data.StructLayout:
    """One column's parameters; the last column's scales hold for the tile."""
    return data.StructLayout(
        {
            "threshold": signed(config.potential_width),
            "bias": signed(config.accumulator_width),
            "scales": scales_layout(config),
        }
    )


def uq_members(config: UqConfig) -> dict[str, Member]:
    """The streams of an array."""
    return {
        "i_parameters": In(stream.Signature(uq_parameters_layout(config))),
        "i_weights": In(stream.Signature(data.ArrayLayout(signed(config.weight_width), config.columns))),
        "i_spikes": In(stream.Signature(data.StructLayout({"spikes": unsigned(config.rows), "action": UqAction}))),
        "o_spikes": Out(stream.Signature(unsigned(config.columns))),
    }


@dataclass(frozen=True)
class Column:
    """What a column gets; its signals are its own, so that the modules of all elements have the same text."""

    number: int
    spikes: Signal
    weight: Signal
    """0 where nothing is to be added."""
    enable: Signal
    start: Signal
    weigh: Signal
    decay: Signal
    fire: Signal
    last: Signal
    shift: Signal
    """The spike chain moves."""
    scale: Signal
    shifts: Value
    bias: Signal
    threshold: Signal


def surround(m: Module, config: UqConfig, array: Any, make_column: Callable[[Module, Column], Value]) -> None:
    """Connect the streams of ``array`` to columns that work a cycle after one another.

    ``make_column`` adds one to the module and gives its spike.
    """
    parameters, steps, weights, output = array.i_parameters, array.i_spikes, array.i_weights, array.o_spikes

    # An output that waits freezes everything together.
    advance = Signal()
    m.d.comb += advance.eq(~output.valid | output.ready)

    control = m.submodules.control = UqControl(config)
    m.d.comb += [
        control.advance.eq(advance),
        control.parameters_valid.eq(parameters.valid),
        parameters.ready.eq(control.parameters_ready),
        control.beat_valid.eq(steps.valid & weights.valid),
        steps.ready.eq(control.beat_ready & weights.valid),
        weights.ready.eq(control.beat_ready & steps.valid),
        control.action.eq(steps.p.action),
    ]

    # All columns use the scales of the last one's parameters: by then, all are done with the tile before.
    scales = Signal(scales_layout(config), reset_less=True)
    with m.If(control.configured[-1]):
        m.d.sync += scales.eq(parameters.p.scales)

    token: Any = control.token
    spikes: Any = steps.p.spikes
    for number in range(config.columns):
        threshold = Signal(signed(config.potential_width), name=f"threshold_{number}", reset_less=True)
        bias = Signal(signed(config.accumulator_width), name=f"bias_{number}", reset_less=True)
        with m.If(control.configured[number]):
            m.d.sync += [threshold.eq(parameters.p.threshold), bias.eq(parameters.p.bias)]

        # Nothing is done in a frozen column: cheaper here than in every row.
        does = {}
        for name in ("enable", "start", "weigh", "decay", "fire", "last"):
            does[name] = Signal(name=f"{name}_{number}")
            m.d.comb += does[name].eq(token[name] & advance)
        does["shift"] = Signal(name=f"shift_{number}")
        m.d.comb += does["shift"].eq(token.spikes & advance)
        weight = Signal(signed(config.weight_width), name=f"weight_{number}")
        skewed = delay(m, f"skewed_{number}", weights.p[number], number, advance)
        scale = Signal(config.scale_bits, name=f"scale_{number}")
        m.d.comb += [
            weight.eq(Mux(does["enable"], skewed, 0)),
            scale.eq(scale_of(scales, token.weigh, token.decay)),
        ]
        column = Column(
            number=number,
            spikes=spikes,
            weight=weight,
            scale=scale,
            shifts=scales.shifts,
            bias=bias,
            threshold=threshold,
            **does,
        )
        spike = make_column(m, column)
        m.d.comb += output.payload[number].eq(delay(m, f"spike_{number}", spike, config.columns - 1 - number, advance))
        if number == config.columns - 1:
            m.d.comb += output.valid.eq(token.spikes)
        else:
            token = delay(m, f"token_{number + 1}", token, 1, advance, reset_less=False)
            spikes = delay(m, f"spikes_{number + 1}", spikes, 1, advance)
