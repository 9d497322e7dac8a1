"""The word feeder fires once for every hand-over of a layer, whose sources may join, and nothing comes after that."""

from pathlib import Path

import numpy as np

from hdl.accelerator.skip_unit import item_of
from hdl.accelerator.word_feeder import WordFeeder, program
from hdl.formal.accelerator import COUNTER, loops
from hdl.formal.proof import Proof
from hdl.verilog.text import verilog_text
from model.accelerator.plan import plan
from model.arithmetic import number_width
from model.config import Precision
from model.inputs import SPIKES
from model.network.graph import INPUT, Layer, LayerKind, Source
from model.network.network import Network

HARNESS = Path(__file__).with_suffix(".v")
COVERS = ("cover_waits", "cover_joined_fires", "cover_done")
LEVELS = ("group", "row", "column", "round")


def joined_network() -> Network:
    """Three convolutions of spikes, the last of which joins with what the one before it reads; a linear layer."""

    precision = Precision(2, 2)

    def spiking(name: str, *sources: Source) -> Layer:
        one = np.ones(2, np.int32)
        kind, neuron = LayerKind.CONV, precision.lif()
        return Layer(name=name, kind=kind, neuron=neuron, code=precision.code, sources=sources, bias=one, threshold=one)

    def codes(*shape: int) -> np.ndarray:
        return np.ones(shape, np.int8)

    first = spiking("first", Source(INPUT, codes(2, 1, 1, 1)))
    main = spiking("main", Source("first", codes(2, 2, 1, 1)))
    shortcut = Source("first", codes(2, 2, 1, 1), 2)
    joined = spiking("joined", Source("main", codes(2, 2, 2, 2), 2, 1), shortcut)
    last = Layer(
        name="last",
        kind=LayerKind.LINEAR,
        neuron=None,
        code=precision.code,
        sources=(Source("joined", codes(1, 8)),),
        bias=np.zeros(1, np.int32),
    )
    return Network(SPIKES, (1, 3, 3), 2, (first, main, joined, last))


def word_feeder(component: type[WordFeeder] = WordFeeder) -> Proof:
    """One lane: a group for every channel."""
    config = plan(joined_network(), lanes=1, lanes_per_neuron_unit=1)
    layers, item = config.layers, item_of(config)
    steps = [layer.rounds if layer.spiking else 1 for layer in layers]
    main = [program(layer) for layer in layers]
    joined = [program(layer, 1) for layer in layers if len(layer.sources) > 1]

    def table(numbers: list[int]) -> int:
        return sum(number << 8 * index for index, number in enumerate(numbers))

    return Proof(
        name="word feeder: a word that fires for every hand-over",
        configuration="four layers, one of two sources",
        design=verilog_text(component(config), "mint_feeder"),
        harness=HARNESS.read_text(encoding="utf-8"),
        defines={
            "D": config.word_width,
            "I": item.size,
            "L": number_width(len(layers)),
            "C": COUNTER,
            "FIRE": dict(item)["fire"].offset,
            "LAYERS": len(layers),
            "GROUPS": table([layer.groups for layer in layers]),
            "ROWS": table([layer.tiles[0] for layer in layers]),
            "COLUMNS": table([layer.tiles[1] for layer in layers]),
            "STEPS": table(steps),
            "LAST": table([len(layer.sources) - 1 for layer in layers]),
        },
        peeks={
            "turn": "feeder.turn",
            "running": "feeder.running",
            "fetched": "feeder.fetched",
            "fetched_fire": "feeder.marks[1]",
            "held": "feeder.valid",
            **loops("feeder.nest", main, "main", *LEVELS),
            **loops("feeder.nest_1", joined, "joined", *LEVELS),
        },
        covers=COVERS,
        cover_cycles=24,
        apart=True,
    )
