"""The word feeder reads the words of its loops, at their addresses, and hands on what is set in them."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from hdl.accelerator.skip_unit import item_of
from hdl.accelerator.word_feeder import LEVELS, PLANE, WordFeeder, program
from hdl.formal.loops import choose, position
from hdl.formal.proof import Proof
from hdl.verilog.text import verilog_text
from model.accelerator.config import STREAMING, AcceleratorConfig
from model.accelerator.history import Turn
from model.accelerator.layer_plan import SKIP
from model.accelerator.plan import plan
from model.arithmetic import number_width
from model.config import Precision
from model.inputs import COUNTS, inputs_of
from model.network.graph import INPUT, Layer, LayerKind, Source
from model.network.network import Network
from model.neurons import MemoryFree, Neuron

HARNESS = Path(__file__).with_suffix(".v")
COVERS = ("cover_outside", "cover_skips", "cover_waits", "cover_joined", "cover_linear")
OF_WINDOWS = ("cover_doubles", "cover_subtracts")
WINDOWS = MemoryFree(((1, 2), (-1, 0))), MemoryFree(((1, 0), (-1, 0)), 2)
"""Of the first layer and the one that joins: turns now, of nothing, and one frame back; now, and two frames back."""
FIELDS = {
    "HEIGHT": lambda source: source.kernel[0],
    "WIDTH": lambda source: source.kernel[1],
    "WORDS": lambda source: source.words,
    "STRIDE": lambda source: source.stride,
    "PADDING": lambda source: source.padding,
    "MAP_ROWS": lambda source: source.source_map[0],
    "MAP_COLUMNS": lambda source: source.source_map[1],
    "CHANNELS": lambda source: source.source_channels,
    "WORD": lambda source: source.word_channels,
    "MEMORY": lambda source: 0 if source.from_input else 1 + source.source_memory,
}
"""Numbers of a layer's source."""


def fed_network(neurons: Sequence[Neuron], time_steps: int, count_bits: int) -> Network:
    """Kernels of 3 with padding, strides of 1 and 2, two words a pixel, a convolution as shortcut, a linear layer."""
    precision = Precision(2, 2)
    one, code = np.ones(2, np.int32), precision.code

    def codes(*shape: int) -> np.ndarray:
        return np.ones(shape, np.int8)

    def spiking(name: str, neuron: Neuron, *sources: Source) -> Layer:
        kind = LayerKind.CONV
        return Layer(name=name, kind=kind, neuron=neuron, code=code, sources=sources, bias=one, threshold=one)

    first = spiking("first", neurons[0], Source(INPUT, codes(2, 1, 3, 3), 1, 1))
    sources = Source("first", codes(2, 2, 3, 3), 2, 1), Source("first", codes(2, 2, 1, 1), 2)
    joined = spiking("joined", neurons[1], *sources)
    reads = Source("joined", codes(1, 8))
    last = Layer(name="last", kind=LayerKind.LINEAR, neuron=None, code=code, sources=(reads,), bias=one[:1] * 0)
    return Network(inputs_of(COUNTS, count_bits), (1, 3, 3), time_steps, (first, joined, last))


def feeder_words(component: type[WordFeeder] = WordFeeder, *, windows: bool = False, count_bits: int = 1) -> Proof:
    """One lane: two groups, and of their spikes two words a pixel; with ``windows``, of earlier frames. The first layer
    reads counts, of one bit spikes."""
    neurons, time_steps = (WINDOWS, 3) if windows else ([Precision(2, 2).lif()] * 2, 2)
    network = fed_network(neurons, time_steps, count_bits)
    config = plan(network, lanes=1, lanes_per_neuron_unit=1, dataflow=STREAMING if windows else SKIP)
    first, *others = config.layers
    config = replace(config, layers=(replace(first, window=False), *others))  # as if its kernel were too large for one
    design = verilog_text(component(config), "mint_feeder")
    layers, item = config.layers, item_of(config)
    main = [program(layer) for layer in layers]
    joined = [program(layer, 1) for layer in layers if layer.joined]
    nests = [
        position(
            name,
            (f"feeder.nest{mark}", f"mint_feeder_nest{mark}"),
            design,
            programs,
            (*LEVELS, PLANE),
            "own",
        )
        for name, mark, programs in (("main", "", main), ("joined", "_1", joined * len(layers)))
    ]
    words = max(config.input_words, *(number >> config.slot_bits for number in config.spike_memories.values()))
    bits = number_width(config.weight_rows)
    return Proof(
        name="word feeder: words of the loops, at their addresses",
        configuration="3 x 3, strides 1 and 2, padding, two words a pixel, two sources, a linear layer"
        + ", windows of frames" * windows
        + f", counts of {count_bits} bits" * (count_bits > 1),
        design=design,
        harness=_filled(HARNESS.read_text(encoding="utf-8"), config).replace(
            "`POSITIONS", "\n".join(each.text for each in nests)
        ),
        defines={
            "D": config.word_width,
            "I": item.size,
            "N": count_bits,
            "P": number_width(count_bits),
            "R": bits,
            "B": number_width(config.furthest + 1),
            "FRAMES": config.furthest + 1,
            "L": number_width(len(layers)),
            "LAYERS": len(layers),
            "ADDRESS": number_width(max(config.input_words, *config.spike_memories.values())),
            "SPACE": 1 << number_width(words),
            "SPACES": number_width(len(config.spike_memories)),
            **({"WINDOWS": 1, "SIGNS": 1} if windows else {}),
            **({"COUNTS": 1} if count_bits > 1 else {}),
        },
        peeks={
            "turn": "feeder.turn",
            "running": "feeder.running",
            "fetched": "feeder.fetched",
            "held": "feeder.valid",
            "found": "feeder.found",
            "marks": "feeder.marks",
            "unit_row": "feeder.row",
            "unit_nothing": "feeder.blank",
            **({"unit_subtracts": "feeder.negate"} if windows else {}),
            **nests[0].peeks,
            **nests[1].peeks,
        },
        covers=OF_WINDOWS if windows else (*COVERS, OF_WINDOWS[0]) if count_bits > 1 else COVERS,
        cover_cycles=32,
    )


def _filled(harness: str, config: AcceleratorConfig) -> str:
    """With the numbers of the layers and of their sources, which are plain geometry."""
    layers = config.layers

    def by_layer(numbers: list[int]) -> str:
        return choose(numbers, "own")

    def by_turn(number: Callable[[Turn], int]) -> str:
        return choose([choose([*map(number, each.history)] or [0], "t") for each in layers], "own")

    texts = {
        "GROUPS": by_layer([each.groups for each in layers]),
        "ROWS": by_layer([each.positions[0] for each in layers]),
        "COLUMNS": by_layer([each.positions[1] for each in layers]),
        "ROUNDS": by_layer([each.rounds // each.value_bits for each in layers]),
        "PLANES": by_layer([each.value_bits for each in layers]),
        "EACH": by_layer([int(each.fires_each_step) for each in layers]),
        "STORED": by_layer([each.word_rounds for each in layers]),
        "BLANK": by_turn(lambda turn: int(turn.sign == 0)),
        "BACK": by_turn(lambda turn: turn.back),
        "SUBTRACTS": by_turn(lambda turn: int(turn.sign < 0)),
        "DOUBLES": by_turn(lambda turn: int(turn.doubles)),
        "JOINS": by_layer([len(each.sources) - 1 for each in layers]),
        "FIRST": by_layer([each.weight_row for each in layers]),
        "GROUP": by_layer([each.group_rows for each in layers]),
        "SOURCE": f"(s ? {by_layer([each.fan_in for each in layers])} : 0)",
    }
    for name, number in FIELDS.items():
        first, second = (by_layer([number(each.sources[place]) for each in layers]) for place in (0, -1))
        texts[name] = f"(s ? {second} : {first})"
    return re.sub(r"`(\w+)", lambda macro: texts.get(macro[1], macro[0]), harness)
