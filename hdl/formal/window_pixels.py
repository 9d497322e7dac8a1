"""The window reads the pixels of its loops, at their addresses, and hands on their bit planes or time steps."""

from pathlib import Path

import numpy as np

from hdl.accelerator.pixel_window import LEVELS, PixelWindow, program
from hdl.formal.loops import position, registers
from hdl.formal.proof import Proof
from hdl.verilog.text import verilog_text
from model.accelerator.plan import plan
from model.arithmetic import number_width
from model.config import Precision
from model.inputs import COUNTS, inputs_of
from model.network.graph import INPUT, Layer, LayerKind, Source
from model.network.network import Network

HARNESS = Path(__file__).with_suffix(".v")
COVERS = ("cover_outside", "cover_skips", "cover_waits", "cover_second_window", "cover_reads_on")
ROWS, COLUMNS = 3, 4


def small_network(kind: str, kernel: int, stride: int, padding: int, inputs: int) -> Network:
    """A convolution on pixels, or spikes or counts of two bits of three time steps, and a linear layer."""
    precision = Precision(2, 2)
    one, code = np.ones(2, np.int32), precision.code
    source = Source(INPUT, np.ones((2, inputs, kernel, kernel), np.int8), stride, padding)
    first = Layer(
        name="first", kind=LayerKind.CONV, neuron=precision.lif(), code=code, sources=(source,), bias=one, threshold=one
    )
    places = source.positions(ROWS) * source.positions(COLUMNS)
    reads = Source("first", np.ones((1, 2 * places), np.int8))
    last = Layer(name="last", kind=LayerKind.LINEAR, neuron=None, code=code, sources=(reads,), bias=one[:1] * 0)
    taken = inputs_of(kind, 2 if kind == COUNTS else None)
    return Network(taken, (inputs, ROWS, COLUMNS), 3, (first, last))


def window_pixels(
    kind: str, kernel: int, stride: int, padding: int, channels: int = 1, component: type[PixelWindow] = PixelWindow
) -> Proof:
    """One lane, so that there are two groups."""
    config = plan(small_network(kind, kernel, stride, padding, channels), lanes=1, lanes_per_neuron_unit=1)
    design, first = verilog_text(component(config), "mint_window"), config.layers[0]
    nest = position("nest", ("window.nest", "mint_window_nest"), design, [program(first)], LEVELS, "0")
    widths = registers(design, "mint_window")

    def wide(register: str, width: int = 4) -> str:
        return ",".join(["1'0"] * (width - widths[register]) + [f"window.{register}"])

    pixels = [f"window.pixel_{i}_{j}" for i in range(kernel) for j in range(kernel)]
    held = [f"window.held_{k}" for k in range(kernel**2 * channels)]
    row, each = number_width(config.weight_rows), first.fire_rounds == 1
    between = 1 < first.fire_rounds < first.rounds
    left = wide("left", 3) if between else "1'0,1'0,1'0" if each else wide("plane", 3)
    left_out = ["cover_outside"] * (not padding) + ["cover_skips"] * each
    return Proof(
        name="pixel window: pixels and planes or time steps of the loops, at their addresses",
        configuration=f"{kind}, {ROWS} x {COLUMNS} x {channels}, kernel {kernel}, stride {stride}, padding {padding}",
        design=design,
        harness=HARNESS.read_text(encoding="utf-8").replace("`POSITIONS", nest.text),
        defines={
            "K": kernel,
            "STRIDE": stride,
            "PADDING": padding,
            "CHANNELS": channels,
            "ROUNDS": first.rounds,
            "FIRES": first.fire_rounds,
            "MAP_ROWS": ROWS,
            "MAP_COLUMNS": COLUMNS,
            "GROUPS": first.groups,
            "ROWS": first.positions[0],
            "COLUMNS": first.positions[1],
            "FIRST": first.weight_row,
            "ROW": row,
            "ADDRESS": number_width(config.input_words),
            "SPACE": 1 << number_width(config.input_words),
        },
        peeks={
            "running": "window.running",
            "unit_valid": "window.valid",
            "unit_complete": "window.complete",
            "unit_emitting": "window.o__valid" if each else "window.emitting",
            "unit_found": "window.found",
            "unit_bottom": "window.bottom",
            "unit_ends_row": "window.ends_row",
            "unit_blank": "1'1" if each else "window.blank",
            "unit_plane": wide("plane", 3),
            "unit_left": left,
            "unit_until": wide("until"),
            "unit_kernel_row": wide("kernel_row"),
            "unit_weights": "window.weights",
            "unit_completed": "window.completed_weights",
            "unit_row": "window.o__payload.row",
            "unit_pixels": ",".join(reversed(pixels)),
            "unit_held": ",".join(reversed(held)),
            **nest.peeks,
        },
        covers=tuple(cover for cover in COVERS if cover not in left_out),
        cover_cycles=24,
        apart=True,
    )
