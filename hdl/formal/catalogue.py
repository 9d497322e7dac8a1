"""All proofs, and how they are run."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from itertools import product

from hdl.accelerator.cluster import Cluster
from hdl.array.neuron_unit import NeuronUnit
from hdl.array.processing_element import ProcessingElement
from hdl.formal.accelerator import accelerator
from hdl.formal.feeder_words import feeder_words
from hdl.formal.fire_places import fire_places
from hdl.formal.input_events import LAYOUTS, input_events
from hdl.formal.input_writer import input_writer
from hdl.formal.lanes import lanes, lanes_config
from hdl.formal.layers import layers
from hdl.formal.netlist import netlist
from hdl.formal.neuron_unit import neuron_unit
from hdl.formal.processing_element import processing_element
from hdl.formal.proof import Proof, ProofError, Record, prove
from hdl.formal.result_stream import result_config, result_stream
from hdl.formal.skip_unit import skip_unit
from hdl.formal.systolic_array import systolic_array
from hdl.formal.window_pixels import window_pixels
from hdl.formal.word_feeder import word_feeder
from hdl.synthesis.designs import config
from hdl.synthesis.flows import Library
from hdl.verilog.text import verilog_text
from model.accelerator.config import STREAMING, AcceleratorConfig
from model.accelerator.events import EVENTS
from model.accelerator.layer_plan import SKIP, SYSTOLIC, TIME_PARALLEL
from model.array import ArrayConfig
from model.codes import Binary
from model.config import PRECISIONS, WIDTHS, Precision
from model.network.graph import Readout
from model.neurons import Lif, MemoryFree
from model.neurons.lif import LARGEST_R, LEAKS, Reset

EVERY_R = range(LARGEST_R + 1)
"""Each by itself."""

SEVERAL_R = (0, 1, 2, 5, 7, 11, 15)
"""Together in one unit."""

SMALL = partial(
    ArrayConfig, precision=Precision(2, 2), neurons=Precision(2, 2).lifs(1), accumulator_width=4, time_steps=2
)
ARRAYS = (
    SMALL(rows=2, columns=2),
    SMALL(rows=2, columns=2, joins=True, retire=True),
    SMALL(rows=1, columns=3),
    SMALL(rows=1, columns=1),
)
"""Arrays whose streams are proved: the accumulator's width is none of the control's business."""

SKIPPED_WORDS = (1, 3, 9, 17)
"""Bits of the words of which every set bit is proved to come once: one to three blocks of eight."""

RESULTS = ((2, 2, 1), (5, 2, 1), (5, 4, 2))
"""Classes, lanes and lanes per neuron unit of the result streams that are proved."""

ACCELERATORS = (
    *product(("pixels", "spikes"), (1, 2), (SKIP,)),
    ("pixels", 1, SYSTOLIC),
    ("spikes", 1, SYSTOLIC),
    ("spikes", 1, TIME_PARALLEL),
    *product(("spikes",), (1, 2), (STREAMING,)),
)
"""Input, lanes per neuron unit and dataflow of the accelerators whose control is proved."""

WINDOWS = (
    ("pixels", 3, 1, 1),
    ("pixels", 3, 2, 1),
    ("pixels", 2, 1, 0),
    ("spikes", 3, 1, 1),
    ("spikes", 2, 2, 1, 2),
    ("counts", 2, 2, 1),
)
"""Input, kernel, stride and padding of the pixel windows that are proved."""

WRITERS = tuple(product(("pixels", "spikes", "counts"), ("conv", "linear")))
"""Input and first layer of the input writers that are proved."""

COUNTS = (("window", 2), ("linear", 2))
"""Layouts and bits of the banks of events that count, beside those of spikes in every layout."""

READ_OUT = {Readout.COUNT: Precision(2, 2).lif(), Readout.MEMBRANE: Lif(2, 1, 1 / 2, Reset.NONE)}
"""Neurons of the last layer: those that are counted fire, those whose potentials are added up go on."""

LANES = (
    *(
        lanes_config(precision, precision.lifs(1, 3), share=share, skips=True)
        for precision in PRECISIONS
        for share in (1, 2)
    ),
    *(
        lanes_config(Precision(2, 4), [Lif(4 if leak else 0, 2, leak, reset) for reset in Reset], share=1 + (leak == 1))
        for leak in LEAKS
    ),
    lanes_config(Precision(2, 2), Precision(2, 2).lifs(1, 2), units=4, relays=True),
    lanes_config(Precision(2, 2), Precision(2, 2).lifs(1, 0), streaming=True),
    lanes_config(Precision(2, 2), Precision(2, 2).lifs(1), share=2, streaming=True),
    *(
        lanes_config(Precision(2, 2), [READ_OUT[readout]], share=share, streaming=streaming, readout=readout)
        for readout, share, streaming in (
            (Readout.COUNT, 1, False),
            (Readout.COUNT, 2, True),
            (Readout.MEMBRANE, 2, False),
            (Readout.MEMBRANE, 1, True),
        )
    ),
    lanes_config(Precision(2, 4), Precision(2, 4).lifs(1, 2), share=2, code=Binary.name),
    lanes_config(Precision(2, 2), Precision(2, 2).lifs(1), share=2, streaming=True, code=Binary.name),
)
"""Lanes and neuron units that are proved: lanes with a unit each and two that share one; every leak with all resets, a
layer each; states that move; what is read out of neurons; binary weights without signs."""

WINDOWS_OF_SUMS = (
    *(
        lanes_config(Precision(2, 2), [MemoryFree.fading(window)], share=share, skips=True, time_steps=window)
        for window in (1, 3, 4)
        for share in (1, 2)
    ),
    lanes_config(
        Precision(2, 2), [MemoryFree(((-1, 0), (0, 0), (1, 2))), MemoryFree(((1, 1), (-1, 0)), 2)], time_steps=4
    ),
    lanes_config(Precision(4, 4), [MemoryFree(((1, 3), (1, 0), (-1, 1)))], share=2, time_steps=3),
    lanes_config(Precision(2, 2), [MemoryFree.fading(3)], readout=Readout.COUNT, time_steps=3),
    lanes_config(Precision(2, 2), [MemoryFree.fading(3)], share=2, time_steps=3, code=Binary.name),
)
"""Lanes of memory-free neurons that are proved: fixed taps; signs, taps that are 0, dilation, two windows; readout."""

CLUSTERS = (
    *(lanes_config(precision, precision.lifs(1), skips=True) for precision in PRECISIONS),
    lanes_config(Precision(2, 2), Precision(2, 2).lifs(1), share=2),
)
"""Lanes and their neuron unit whose netlists are proved."""

Make = Callable[[], Proof]


def rs(leak: float) -> Sequence[int]:
    """Every r of a leak; one where nothing is kept."""
    return EVERY_R[int(leak != Lif.leak) :] if leak else (1,)


def neuron_units() -> list[ArrayConfig]:
    """Every pair of widths with every r by itself, and with several r and joins; then the rest of the family: each leak
    and reset with every r in one unit. Accumulators are so wide that both ends of the membrane's range saturate."""
    mint = [
        ArrayConfig(
            precision=precision,
            accumulator_width=max(precision.code.accumulator_width, precision.membrane_width + leaks[-1] + 1),
            neurons=precision.lifs(*leaks),
            joins=joins,
        )
        for precision in PRECISIONS
        for leaks, joins in [*(((leak,), False) for leak in EVERY_R), (SEVERAL_R, True)]
    ]
    members = [(leak, reset) for leak, reset in product(LEAKS, Reset) if (leak, reset) != (Lif.leak, Lif.reset)]
    others = [
        ArrayConfig(
            precision=Precision(2, width, leak=leak, reset=reset),
            accumulator_width=width + LARGEST_R + 1,
            neurons=tuple(Lif(width, r, leak, reset) for r in rs(leak)),
        )
        for leak, reset in members
        for width in (WIDTHS if leak else (0,))
    ]
    return mint + others


def catalogue(libraries: Sequence[Library]) -> list[Make]:
    """What makes the proofs: synthesis takes its time, too."""
    elements = [config(Precision(width, width), 1, 1) for width in WIDTHS]
    makes: list[Make] = [
        *(partial(processing_element, each) for each in elements),
        *(partial(neuron_unit, each) for each in neuron_units()),
        *(partial(systolic_array, each) for each in ARRAYS),
        *(partial(lanes, each) for each in (*LANES, *WINDOWS_OF_SUMS)),
        *(partial(accelerator, kind, share, dataflow=dataflow) for kind, share, dataflow in ACCELERATORS),
        partial(accelerator, "spikes", 1, least=True),
        partial(accelerator, "spikes", 1, joins=True),
        partial(accelerator, "spikes", 1, input_stream=EVENTS),
        *(partial(input_writer, *each) for each in WRITERS),
        *(partial(input_events, layout, bits) for layout, bits in (*product(LAYOUTS, (1,)), *COUNTS)),
        word_feeder,
        feeder_words,
        partial(feeder_words, windows=True),
        partial(feeder_words, count_bits=2),
        *(partial(layers, streaming) for streaming in (False, True)),
        partial(layers, True, lasts=True),
        *(partial(layers, True, lasts=lasts, windows=True, frames=5) for lasts in (False, True)),
        *(partial(window_pixels, *each) for each in WINDOWS),
        *(partial(fire_places, kind, share) for kind, share in product(("pixels", "spikes"), (1, 2))),
        *(partial(skip_unit, width) for width in SKIPPED_WORDS),
        *(partial(result_stream, result_config(*sizes)) for sizes in RESULTS),
    ]
    for library in libraries:
        makes += [partial(element_netlist, each, library) for each in elements]
        makes += [partial(neuron_netlist, config(precision, 1, 1), library) for precision in PRECISIONS]
        makes += [partial(lanes_netlist, each, library) for each in CLUSTERS]
    return makes


def element_netlist(array: ArrayConfig, library: Library) -> Proof:
    design = verilog_text(ProcessingElement(array), "mint_pe")
    return netlist("processing element", f"W = {array.weight_width}", design, "mint_pe", library)


def neuron_netlist(array: ArrayConfig, library: Library) -> Proof:
    design = verilog_text(NeuronUnit(array), "mint_neuron")
    return netlist("neuron unit", f"{array.precision}, r = {array.neurons[0].r}", design, "mint_neuron", library)


def lanes_netlist(accelerator: AcceleratorConfig, library: Library) -> Proof:
    design = verilog_text(Cluster(accelerator), "mint_lanes")
    share = accelerator.lanes_per_neuron_unit
    widths = f"w{accelerator.weight_width}u{accelerator.membrane_width}"
    return netlist(
        "lanes and neuron unit", f"{widths}, r = {accelerator.modes[0].r}, {share} lanes", design, "mint_lanes", library
    )


def prove_all(makes: Sequence[Make], workers: int) -> Iterator[Record]:
    """Make and prove, ``workers`` at a time; gives records in any order."""
    with ThreadPoolExecutor(workers) as pool:
        try:
            for job in as_completed([pool.submit(_prove, make) for make in makes]):
                yield job.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)  # an error or Ctrl-C: start nothing more
            raise


def _prove(make: Make) -> Record:
    begun = time.monotonic()
    proof = make()
    try:
        return prove(proof)
    except ProofError as error:
        seconds = round(time.monotonic() - begun, 1)
        return Record(proof.name, proof.configuration, "none", (), seconds, str(error))
