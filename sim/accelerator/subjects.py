"""What of the accelerator is mutated: components, each in an accelerator that has use for all of it, and their benches.

A component may be there twice, in two accelerators: no accelerator has everything.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from itertools import product
from typing import Any

from amaranth.lib import wiring

from hdl.accelerator.cluster import Cluster
from hdl.accelerator.event_bank import EventBank
from hdl.accelerator.event_writer import EventWriter
from hdl.accelerator.fire_sequencer import FireSequencer
from hdl.accelerator.input_writer import InputWriter
from hdl.accelerator.layer_sequencer import LayerSequencer
from hdl.accelerator.membrane_memory import MembraneMemory
from hdl.accelerator.pixel_window import PixelWindow
from hdl.accelerator.result_stream import ResultStream
from hdl.accelerator.skip_unit import SkipUnit, item_of
from hdl.accelerator.word_feeder import WordFeeder
from hdl.formal.equivalence import NOTHING, Surroundings
from model.accelerator.config import AcceleratorConfig, Choice
from model.accelerator.events import EVENTS, FRAMES
from model.accelerator.layer_plan import SKIP, SYSTOLIC, TIME_PARALLEL
from model.accelerator.plan import plan
from model.network.graph import Pool, PoolKind
from model.network.network import Network
from sim.accelerator import surroundings
from sim.harness.port import Port
from sim.networks.chains import DEFAULT, Chain, Link
from sim.networks.random_chains import random_chain, random_choices
from sim.networks.random_joins import random_joins
from sim.networks.random_networks import random_images
from sim.networks.small_networks import first_layer


@dataclass(frozen=True)
class Design:
    """An accelerator: what :func:`~model.accelerator.plan.plan` and the co-simulation are asked."""

    network: Network
    lanes: int
    lanes_per_neuron_unit: int = 1
    dataflow: str | tuple[Choice, ...] = SKIP
    input_stream: str = FRAMES

    @cached_property
    def config(self) -> AcceleratorConfig:
        return plan(
            self.network,
            lanes=self.lanes,
            lanes_per_neuron_unit=self.lanes_per_neuron_unit,
            dataflow=self.dataflow,
            input_stream=self.input_stream,
            retire=True,
        )


@cache
def joins() -> Design:
    """Layers that join others, shared neuron units, pools of both kinds, identities, groups; spikes."""
    case = random_joins(253)
    return Design(case.network, case.lanes, case.lanes_per_neuron_unit)


@cache
def rows() -> Design:
    """Rows that are time steps and rows that are positions, pools of both kinds; pixels of a convolution."""
    network, lanes = random_chain(56).network, 9
    return Design(network, lanes, dataflow=tuple(random_choices(network, lanes, 1)))


@cache
def maps() -> Design:
    """Every loop of a word feeder is there, with rows that are time steps, then positions of a partial tile: strides,
    padding, odd maps of sums, groups, several words, and coordinates up to their last bit."""
    links = Link(4, 3, stride=2, padding=1, pool=Pool(PoolKind.SUM, 2)), Link(5, 2, padding=1)
    network = Chain("spikes", (5, 7, 9), 3, links, classes=3, precision=DEFAULT, seed=1, density=0.5).network()
    return Design(network, 6, dataflow=((TIME_PARALLEL, 3), (SYSTOLIC, 2), (SKIP, 1)))


@cache
def window() -> Design:
    """A window of two positions, the last one of which is beyond the map; groups of channels."""
    return Design(first_layer("conv", "pixels", (2, 4, 5)), 4, dataflow=((SYSTOLIC, 2), (SKIP, 1)))


@cache
def window_of_spikes() -> Design:
    """The same of spikes: each time step fires, and they take longer than the next window's pixels."""
    network = Chain("spikes", (2, 4, 5), 8, (Link(4, 3, padding=1),), classes=3, precision=DEFAULT, seed=1, density=0.5)
    return Design(network.network(), 4, dataflow=((SYSTOLIC, 2), (SKIP, 1)))


@cache
def streaming() -> Design:
    """Time steps one after another, each a packet; shared neuron units."""
    pooled = first_layer("conv", "spikes", (2, 3, 3), pool=Pool(PoolKind.MAX, 2), classes=5)
    return Design(pooled, 4, 2, "streaming")


@cache
def planes() -> Design:
    """Pixels of a linear layer, in two words, the second of which is not full."""
    return Design(first_layer("linear", "pixels", (39, 1, 1)), 4)


@cache
def spikes() -> Design:
    """Spikes of a convolution, of too many channels for a window."""
    return Design(first_layer("conv", "spikes", (8, 3, 2)), 4)


@cache
def events(kind: str) -> Design:
    """Events of a map of no power of two, into a window, words of a step each, or a linear layer's two words; counted
    in a window."""
    shape = {"window": (2, 3, 3), "conv": (8, 3, 2), "linear": (1, 5, 7), "counts": (2, 3, 2)}[kind]
    layer = "linear" if kind == "linear" else "conv"
    inputs = ("counts", 2) if kind == "counts" else ("spikes", None)
    return Design(first_layer(layer, inputs[0], shape, input_bits=inputs[1]), 4, input_stream=EVENTS)


def _config(config: AcceleratorConfig) -> Any:
    return config


@dataclass(frozen=True)
class Subject:
    """A component that is mutated.

    Parameters
    ----------
    module : str
        The component's, and what its bench is called after.
    kind : type
        The component's.
    design : Design
        Where it is.
    runs : sequence
        Arguments of its bench after port and configuration, for each run.
    surroundings : Surroundings
        When what of it counts.
    argument : callable
        What component and bench are made for, of the accelerator's configuration.
    """

    module: str
    kind: Callable[[Any], wiring.Component]
    design: Design
    runs: Sequence[tuple[Any, ...]]
    surroundings: Surroundings = NOTHING
    argument: Callable[[AcceleratorConfig], Any] = _config

    @property
    def component(self) -> wiring.Component:
        return self.kind(self.argument(self.design.config))

    async def check(self, port: Port) -> None:
        """Every run of its bench, each after a reset, until one fails."""
        bench = import_module(f"sim.accelerator.bench_{self.module}")
        check = getattr(bench, f"check_{self.module}")
        for arguments in self.runs:
            await port.reset()
            await check(port, self.argument(self.design.config), *arguments)


WAITS = (0.5, 0.0)
SEEDED = tuple((seed,) for seed in range(1, 5))
STALLED = tuple(enumerate((*WAITS, *WAITS), 1))
CROSSED = tuple((seed, *waits) for seed, waits in enumerate(product(WAITS, WAITS), 1))


def _feeder(design: Design) -> Subject:
    runs = list(enumerate((*WAITS, 0.8) * 2, 1))  # by the seed, sources are dense or sparse
    return Subject("word_feeder", WordFeeder, design, runs, surroundings.word_feeder(design.config))


def _fire_sequencer(design: Design) -> Subject:
    runs = [(seed,) for seed in range(1, 9)]
    return Subject("fire_sequencer", FireSequencer, design, runs, surroundings.fire_sequencer(design.config))


def _input_writer(design: Design) -> Subject:
    waits = product((0.9, *WAITS), (0.2, 0.9))
    runs = [(random_images(design.network, 6, seed), seed, *each) for seed, each in enumerate(waits)]
    return Subject("input_writer", InputWriter, design, runs, surroundings.INPUT_WRITER)


def _event_bank(design: Design) -> Subject:
    return Subject("event_bank", EventBank, design, SEEDED, surroundings.event_bank(design.config))


def _event_writer(design: Design) -> Subject:
    runs = [
        (random_images(design.network, 4, seed), seed, *each) for seed, each in enumerate(product(WAITS, (0.2, 0.9)))
    ]
    return Subject("event_writer", EventWriter, design, runs, surroundings.EVENT_WRITER)


SUBJECTS: dict[str, Callable[[], Subject]] = {
    "skip_unit": lambda: Subject("skip_unit", SkipUnit, rows(), CROSSED, surroundings.SKIP_UNIT, item_of),
    "word_feeder, joins": lambda: _feeder(joins()),
    "word_feeder, rows": lambda: _feeder(maps()),
    "pixel_window": lambda: Subject("pixel_window", PixelWindow, window(), STALLED, surroundings.PIXEL_WINDOW),
    "pixel_window, spikes": lambda: Subject(
        "pixel_window", PixelWindow, window_of_spikes(), STALLED, surroundings.WINDOW_OF_SPIKES
    ),
    "fire_sequencer, joins": lambda: _fire_sequencer(joins()),
    "fire_sequencer, rows": lambda: _fire_sequencer(rows()),
    "fire_sequencer, at once": lambda: _fire_sequencer(window_of_spikes()),
    "layer_sequencer": lambda: Subject(
        "layer_sequencer", LayerSequencer, streaming(), SEEDED, surroundings.LAYER_SEQUENCER
    ),
    "cluster, shared": lambda: Subject("cluster", Cluster, joins(), SEEDED, surroundings.CLUSTER),
    "cluster, relays": lambda: Subject("cluster", Cluster, rows(), SEEDED, surroundings.CLUSTER_OF_A_LANE),
    "membrane_memory": lambda: Subject(
        "membrane_memory", MembraneMemory, streaming(), SEEDED, surroundings.membrane_memory(streaming().config)
    ),
    "input_writer, spikes": lambda: _input_writer(spikes()),
    "input_writer, planes": lambda: _input_writer(planes()),
    "event_writer, window": lambda: _event_writer(events("window")),
    "event_writer, conv": lambda: _event_writer(events("conv")),
    "event_writer, linear": lambda: _event_writer(events("linear")),
    "event_writer, counts": lambda: _event_writer(events("counts")),
    "event_bank": lambda: _event_bank(events("window")),
    "event_bank, counts": lambda: _event_bank(events("counts")),
    "result_stream": lambda: Subject("result_stream", ResultStream, joins(), STALLED, surroundings.RESULT_STREAM),
}
"""By their names."""
