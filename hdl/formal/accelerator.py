"""Handshakes of the accelerator's control: layers, hand-overs to the neuron units, results, memories."""

from pathlib import Path

import numpy as np

from hdl.accelerator import fire_sequencer, pixel_window, word_feeder
from hdl.accelerator.accelerator import Accelerator
from hdl.accelerator.contents import memory_texts
from hdl.accelerator.loop_nest import Program
from hdl.accelerator.skip_unit import item_of
from hdl.folder.description import memory_files
from hdl.formal.proof import Proof
from hdl.verilog.names import Names
from hdl.verilog.text import verilog_text
from model.accelerator.config import FEED_DEPTH, STREAMING, AcceleratorConfig
from model.accelerator.events import FRAMES
from model.accelerator.layer_plan import SKIP, LayerPlan
from model.accelerator.plan import plan
from model.arithmetic import number_width
from model.config import Precision
from model.inputs import INPUTS
from model.network.graph import INPUT, Layer, LayerKind, Source
from model.network.network import Network

COUNTER = 4
"""Bits of a loop's counter in the harness."""
ZERO = ",".join(["1'0"] * COUNTER)
FED = ("group", "row", "column", "round")
"""Levels of the word feeder's loops that end with a hand-over."""
FILES = memory_files(Names())
HARNESS = Path(__file__).with_suffix(".v")
COVERS = ("cover_starts", "cover_read_and_write")
OF_LEAST = ("cover_fire_after_fire", "cover_done")
"""A unit per lane: two time steps right after each other; a whole layer."""
OF_JOINS = ("cover_joins",)
NO_MEMORY = 15


def small_network(kind: str, classes: int, least: bool) -> Network:
    """A convolution on pixels or spikes, and a linear layer; unless it is the least one, all loops go around.

    There is no address without contents, because all memories have a power of two words, or the same in all.
    """
    kernel, stride, padding, height, channels = (1, 1, 0, 1, 2) if least else (2, 2, 1, 2, 3)
    precision = Precision(2, 2)
    source = Source(INPUT, np.ones((channels, 1, kernel, kernel), np.int8), stride, padding)
    one = np.ones(channels, np.int32)
    first = Layer(
        name="first",
        kind=LayerKind.CONV,
        neuron=precision.lif(),
        code=precision.code,
        sources=(source,),
        bias=one,
        threshold=one,
    )
    last = Layer(
        name="last",
        kind=LayerKind.LINEAR,
        neuron=None,
        code=precision.code,
        sources=(Source("first", np.ones((classes, channels * height * 2), np.int8)),),
        bias=np.zeros(classes, np.int32),
    )
    return Network(INPUTS[kind], (1, height, 2), 2, (first, last))


def joined_network(classes: int) -> Network:
    """A layer of two weighted sources, then one with an identity shortcut; all of them read the first one's spikes."""
    precision = Precision(2, 2)
    one, code = np.ones(2, np.int32), precision.code

    def source(origin: str, inputs: int, kernel: int = 1, stride: int = 1, padding: int = 0) -> Source:
        return Source(origin, np.ones((2, inputs, kernel, kernel), np.int8), stride, padding)

    def spiking(name: str, *sources: Source, skip: str | None = None) -> Layer:
        return Layer(
            name=name,
            kind=LayerKind.CONV,
            neuron=precision.lif(),
            code=code,
            sources=sources,
            bias=one,
            threshold=one,
            skip=skip,
            skip_bias=None if skip is None else one,
        )

    first = spiking("first", source(INPUT, 1))
    joined = spiking("joined", source("first", 2, 2, 2, 1), source("first", 2))
    added = spiking("added", source("joined", 2), skip="first")
    reads = Source("added", np.ones((classes, 4), np.int8))
    zero = np.zeros(classes, np.int32)
    last = Layer(name="last", kind=LayerKind.LINEAR, neuron=None, code=code, sources=(reads,), bias=zero)
    return Network(INPUTS["spikes"], (1, 1, 2), 2, (first, joined, added, last))


def loops(nest: str, programs: list[Program], wires: str, *levels: str) -> dict[str, str]:
    """Wires of the harness, and the counters of a nest; of a level that never repeats, 0."""
    peeks = {}
    for level in levels:
        count = max(program.counts[level] for program in programs)
        signal = f"{nest}.{level}_count"
        peeks[f"{wires}_{level}"] = wide(signal, number_width(count)) if count > 1 else ZERO
    return peeks


def wide(signal: str, width: int) -> str:
    """As wide as a counter of the harness."""
    return ",".join(["1'0"] * (COUNTER - width) + [signal])


def _peeks(config: AcceleratorConfig) -> dict[str, str]:
    """Wires of the harness, and the accelerator's registers and wires that they show."""
    first, share = config.layers[0], config.lanes_per_neuron_unit
    together = share == 1 and (first.fires_steps_together or first.parts > 1)
    return {
        "layer": "top.layers.layer",
        "frame": "top.layers.frame" if config.streaming else "1'1",
        "running": "top.layers.running",
        "start": "top.layers.start",
        "done": "top.sequencer.done",
        "reading": "top.layers.bank",
        "writer_bank": "top.input_memory.writer.bank",
        "writing": "1'0" if config.events else "top.input_memory.writer.write",
        "reserved": "top.tokens.reserved",
        "full": "top.input_memory.writer.full",
        **_parts_peeks(config),
        "wait_": "top.tokens.wait",
        "valid": "top.tokens.token_2_valid,top.tokens.token_1_valid,top.tokens.read",
        "tokens": "top.tokens.token_2,top.tokens.token_1,top.tokens.token_0",
        "waiting": "top.sequencer.waiting",
        "pausing": "top.sequencer.pausing" if together else "1'0",
        "complete": "top.sequencer.complete",
        "final_": "top.sequencer.final",
        "storing": "top.spike_memories.storing",
        "update": "top.results.update",
        "step": "1'0" if config.streaming else "top.sequencer.nest.step_count",
        "part": "1'0" if first.parts == 1 else "top.sequencer.nest.part_count",
        "index": "1'0" if share == 1 else "top.sequencer.index",
        **_feed_peeks(config),
        **_window_peeks(first),
    }


def _parts_peeks(config: AcceleratorConfig) -> dict[str, str]:
    """What is under way to the input memory: of frames, a part of a word; of events, their bits, for each bank."""
    parts, memory = config.input_memories > 1 and not config.events, "top.input_memory"
    nothing = dict.fromkeys(("bits", "late_bits", "filled"), "1'0,1'0")
    events = {
        "bits": f"{memory}.writer.set",
        "late_bits": f"{memory}.bank_1.setting,{memory}.bank_0.setting",
        "filled": f"{memory}.writer.filled",
    }
    return {
        "late": f"{memory}.writing" if parts else "1'0",
        "late_bank": f"{memory}.part_bank" if parts else "1'0",
        **(events if config.events else nothing),
    }


def _feed_peeks(config: AcceleratorConfig) -> dict[str, str]:
    """Words from the feeder's loops to the skip unit, and the sequencer's loops, which count the same."""
    marked = dict(item_of(config))["fire"].offset
    fed = [word_feeder.program(each) for each in config.layers if not each.window]
    joined = [word_feeder.program(each, 1) for each in config.layers if each.joined]
    if joined:
        joins = {"turn": "top.feed.feeder.turn"} | loops("top.feed.feeder.nest_1", joined, "joined", *FED)
    else:
        joins = {"turn": "1'0"} | {f"joined_{level}": ZERO for level in FED}
    fired = [fire_sequencer.program(each, config) for each in config.layers]
    return {
        "skip_valid": "top.skip.o__valid",
        "level": "top.feed.words.level",
        "feeder_running": "top.feed.feeder.running",
        "feeder_fetched": "top.feed.feeder.fetched",
        "feeder_valid": "top.feed.feeder.valid",
        "feeder_read": "top.feed.feeder.read",
        "feeder_fire": f"top.feed.feeder.o__payload[{marked}]",
        "fetched_fire": "top.feed.feeder.marks[1]",
        "fetched_whole": "top.feed.feeder.last" if config.rows > 1 else "1'1",
        "skip_fire": f"top.skip.word[{marked}]",
        "pushed": "top.feed.words.w_port__en",
        "pushed_fire": f"top.feed.words.w_port__data[{marked}]",
        "queue": ",".join(f"top.feed.words.storage[{place}][{marked}]" for place in reversed(range(FEED_DEPTH))),
        "consume": "top.feed.words.consume",
        "produce": "top.feed.words.produce",
        "memory": ZERO if config.chain else wide("top.feed.feeder.memory", number_width(len(config.spike_memories))),
        **joins,
        **loops("top.feed.feeder.nest", fed, "fed", *FED),
        **loops("top.sequencer.nest", fired, "fired", "group", "row", "column", "step"),
    }


def _window_peeks(first: LayerPlan) -> dict[str, str]:
    """The window, where the first layer has one; of spikes, every word of one that is left is offered."""
    slides = ("running", "valid", "complete", "emitting", "read", "bottom", "ends_row")
    if not first.window:
        zeros = {f"window_{name}": ZERO for name in ("group", "row", "column", "until", "plane")}
        return {f"window_{name}": "1'0" for name in slides} | zeros
    until = max(pixel_window.window_columns(first), first.tile * first.stride)
    each = first.fires_each_step
    several = each and first.rounds > 1
    return {
        **{f"window_{name}": f"top.feed.window.{name}" for name in slides},
        **({"window_emitting": "top.feed.window.o__valid"} if each else {}),
        "window_plane": wide("top.feed.window.plane", number_width(first.rounds)) if several else ZERO,
        **loops("top.feed.window.nest", [pixel_window.program(first)], "window", "group", "row", "column"),
        "window_until": wide("top.feed.window.until", number_width(until)),
    }


def accelerator(
    kind: str,
    share: int,
    component: type[Accelerator] = Accelerator,
    dataflow: str = SKIP,
    *,
    least: bool = False,
    joins: bool = False,
    input_stream: str = FRAMES,
) -> Proof:
    """The first layer has two rows, of ``dataflow``, unless that is skip or streaming; ``joins`` are for spikes."""
    rows = 1 if dataflow in (SKIP, STREAMING) else 2
    lanes = 2 * rows
    network = joined_network(lanes) if joins else small_network(kind, 2 if least else lanes + 1, least)
    chosen = [(dataflow, rows), (SKIP, 1)] if rows > 1 else dataflow
    config = plan(network, lanes=lanes, lanes_per_neuron_unit=share, dataflow=chosen, input_stream=input_stream)
    first = config.layers[0]
    longest = max(config.fire_interval(each) for each in config.layers)
    covers, cycles = (OF_JOINS, 32) if joins else (OF_LEAST, 28) if least else (COVERS, 18)
    return Proof(
        name="accelerator: layers, hand-overs, results, memories",
        configuration=f"{kind}, {share} lanes per neuron unit"
        + (f", {dataflow}" if dataflow != SKIP else "")
        + (f", {input_stream}" if input_stream != FRAMES else "")
        + ", least network" * least
        + ", joins" * joins,
        design=verilog_text(component(config, network), "mint_accelerator", FILES),
        harness=HARNESS.read_text(encoding="utf-8"),
        defines={
            "IN": config.input_width,
            "ROW": number_width(config.weight_rows),
            "MASK": rows if rows > 1 else 0,
            "TIMES": config.frame_steps if first.fires_steps_together else 1,
            "TILE": first.parts,
            "SHARE": share,
            "WAIT": (longest - 1).bit_length(),
            "STEP": number_width(config.frame_steps),
            "INDEX": number_width(share),
            "WINDOW": int(first.window),
            "EACH": first.rounds if first.window and first.fires_each_step else 1,
            "C": COUNTER,
            "L": number_width(len(config.layers)),
            "LAST": len(config.layers) - 1,
            **_tables(config),
            "KERNEL": pixel_window.window_columns(first),
            "STRIDE": first.tile * first.stride,
        },
        prepare=("hierarchy -top mint_accelerator", "proc", "memory -nordff"),
        files={FILES[parameter]: text for parameter, text in memory_texts(network, config).items()},
        peeks=_peeks(config),
        covers=covers,
        cover_cycles=cycles,
        apart=True,
    )


def _tables(config: AcceleratorConfig) -> dict[str, int]:
    """Numbers of every layer, each a byte."""
    layers = config.layers
    numbers = {
        "GROUPS": [each.groups for each in layers],
        "ROWS": [each.tiles[0] for each in layers],
        "COLUMNS": [each.tiles[1] for each in layers],
        "STEPS": [config.frame_steps if each.spiking and not each.fires_steps_together else 1 for each in layers],
        "LAST_SOURCE": [len(each.joined) for each in layers],
        "FROM_0": [0 if config.chain else each.source_memory for each in layers],
        "FROM_1": [each.sources[-1].source_memory for each in layers],
        "WRITES": [1 if config.chain else each.memory if each.stores else NO_MEMORY for each in layers],
        "SKIPS": [_skipped(each) for each in layers],
    }
    return {name: sum(number << 8 * index for index, number in enumerate(each)) for name, each in numbers.items()}


def _skipped(layer: LayerPlan) -> int:
    """The spike memory whose port an identity shortcut takes; where sources read it as well, it has one of its own."""
    if layer.skip_memory is None or layer.skip_memory in [each.source_memory for each in layer.sources]:
        return NO_MEMORY
    return layer.skip_memory
