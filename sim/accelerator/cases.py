"""One case per component, made again from its name, so that test and bench agree."""

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from amaranth.lib import wiring

from hdl.accelerator.cluster import Cluster
from hdl.accelerator.event_bank import EventBank
from hdl.accelerator.event_writer import EventWriter
from hdl.accelerator.feed import Feed
from hdl.accelerator.fire_sequencer import FireSequencer
from hdl.accelerator.input_memory import InputMemory
from hdl.accelerator.input_writer import InputWriter
from hdl.accelerator.lanes import Lanes
from hdl.accelerator.layer_sequencer import LayerSequencer
from hdl.accelerator.membrane_memory import MembraneMemory
from hdl.accelerator.pixel_window import PixelWindow
from hdl.accelerator.result_stream import ResultStream
from hdl.accelerator.skip_unit import SkipUnit, item_layout
from hdl.accelerator.spike_memories import SpikeMemories
from hdl.accelerator.token_pipeline import TokenPipeline
from hdl.accelerator.word_feeder import WordFeeder
from model.accelerator.config import AcceleratorConfig
from model.accelerator.events import EVENTS, FRAMES
from model.accelerator.plan import plan
from model.network.graph import State
from model.neurons import Lif, Neuron
from sim.accelerator.bench_cluster import check_cluster
from sim.accelerator.bench_event_bank import check_event_bank
from sim.accelerator.bench_event_writer import check_event_writer
from sim.accelerator.bench_feed import check_feed
from sim.accelerator.bench_fire_sequencer import check_fire_sequencer
from sim.accelerator.bench_input_memory import check_input_memory
from sim.accelerator.bench_input_writer import check_input_writer
from sim.accelerator.bench_lanes import check_lanes
from sim.accelerator.bench_layer_sequencer import check_layer_sequencer
from sim.accelerator.bench_loop_nest import check_loop_nest, random_nest
from sim.accelerator.bench_membrane_memory import check_membrane_memory
from sim.accelerator.bench_pixel_window import check_pixel_window
from sim.accelerator.bench_result_stream import check_result_stream
from sim.accelerator.bench_skip_unit import check_skip_unit
from sim.accelerator.bench_spike_memories import check_spike_memories
from sim.accelerator.bench_token_pipeline import check_token_pipeline
from sim.accelerator.bench_word_feeder import check_word_feeder
from sim.networks.random_chains import random_chain, random_choices
from sim.networks.random_joins import random_joins
from sim.networks.random_networks import random_images
from sim.networks.small_networks import first_layer

CASE_VARIABLE = "MINT_CASE"
ROWS_LANES = 9
MODES = (Lif(2, 1), Lif(4, 0), Lif(4, 3), Lif(8, 2))


class Case(NamedTuple):
    """A component and its bench: ``check(port, *arguments)``, which gives what was met."""

    component: wiring.Component
    check: Callable[..., Any]
    arguments: tuple[Any, ...]


def accelerator(seed: int, rows: int | None = None) -> AcceleratorConfig:
    """Of a random chain; with ``rows``, the seed of a dataflow for each layer."""
    case = random_chain(seed)
    if rows is None:
        return plan(case.network, lanes=case.lanes, lanes_per_neuron_unit=case.lanes_per_neuron_unit)
    choices = random_choices(case.network, ROWS_LANES, rows)
    return plan(case.network, lanes=ROWS_LANES, lanes_per_neuron_unit=1, dataflow=choices)


def streaming(seed: int, state: State = State.IMAGE) -> AcceleratorConfig:
    """Of a random chain, whose time steps are frames."""
    case = random_chain(seed)
    network = replace(case.network, state=state)
    return plan(network, lanes=case.lanes, lanes_per_neuron_unit=case.lanes_per_neuron_unit, dataflow="streaming")


def joining(seed: int) -> AcceleratorConfig:
    """Of a network whose layers join others."""
    case = random_joins(seed)
    return plan(case.network, lanes=case.lanes, lanes_per_neuron_unit=case.lanes_per_neuron_unit)


def cluster(share: int, option: str | None, modes: tuple[Neuron, ...], accumulator_width: int) -> AcceleratorConfig:
    """Of one neuron unit for ``share`` lanes; ``option`` is ``relayed``, ``shortcut 1`` or none."""
    plain = accelerator(0)
    changes: dict[str, Any] = {"skip_memory": 0 if option == "shortcut 1" else None}
    if option == "relayed":
        changes = {"dataflow": "time-parallel", "rows": 3}
    return replace(
        plain,
        lanes=share,
        lanes_per_neuron_unit=share,
        layers=tuple(replace(layer, **changes) for layer in plain.layers),
        time_steps=4,
        modes=modes,
        membrane_width=8,
        weight_width=4,
        accumulator_width=accumulator_width,
    )


def _of(
    component: Callable[[AcceleratorConfig], wiring.Component],
    check: Callable[..., Any],
    config: AcceleratorConfig,
    *options: Any,
) -> Case:
    return Case(component(config), check, (config, *options))


def _input(
    component: Callable[[AcceleratorConfig], wiring.Component],
    check: Callable[..., Any],
    *waits: float,
    input_stream: str = FRAMES,
) -> Case:
    network = first_layer("conv", "spikes", (5, 4, 3))
    config = plan(network, lanes=4, lanes_per_neuron_unit=1, input_stream=input_stream)
    return _of(component, check, config, random_images(network, 3, seed=1), 1, *waits)


def _event_bank() -> Case:
    network = first_layer("conv", "counts", (5, 4, 3), input_bits=2)
    config = plan(network, lanes=4, dataflow="streaming", input_stream=EVENTS)
    return _of(EventBank, check_event_bank, config, 1)


def _loop_nest() -> Case:
    nest = random_nest(0)
    return Case(nest, check_loop_nest, (nest, 0))


def _skip_unit() -> Case:
    layout = item_layout(9, 10, 4)
    return Case(SkipUnit(layout), check_skip_unit, (layout, 9, 0.5, 0.5))


def _membrane_memory() -> Case:
    network = first_layer("conv", "spikes", (2, 3, 3), classes=5)
    config = plan(network, lanes=4, lanes_per_neuron_unit=4, dataflow="streaming")
    return _of(MembraneMemory, check_membrane_memory, config, 4)


def _result_stream() -> Case:
    network = first_layer("linear", "spikes", (4, 1, 1), classes=10)
    return _of(ResultStream, check_result_stream, plan(network, lanes=4, lanes_per_neuron_unit=2), 10, 0.5)


CASES: dict[str, Callable[[], Case]] = {
    "cluster": lambda: _of(Cluster, check_cluster, cluster(2, None, MODES[2:], 9), 2),
    "event_bank": _event_bank,
    "event_writer": lambda: _input(EventWriter, check_event_writer, 0.5, 0.2, input_stream=EVENTS),
    "feed": lambda: _of(Feed, check_feed, accelerator(155), 1, 0.5),
    "fire_sequencer": lambda: _of(FireSequencer, check_fire_sequencer, accelerator(209, 1), 209),
    "input_memory": lambda: _input(InputMemory, check_input_memory, 0.5),
    "input_writer": lambda: _input(InputWriter, check_input_writer, 0.5, 0.2),
    "lanes": lambda: _of(Lanes, check_lanes, accelerator(209, 2), 1),
    "layer_sequencer": lambda: _of(LayerSequencer, check_layer_sequencer, accelerator(155), 0),
    "loop_nest": _loop_nest,
    "membrane_memory": _membrane_memory,
    "pixel_window": lambda: _of(PixelWindow, check_pixel_window, accelerator(14, 2), 14, 0.5),
    "result_stream": _result_stream,
    "skip_unit": _skip_unit,
    "spike_memories": lambda: _of(SpikeMemories, check_spike_memories, accelerator(209, 1), 1),
    "token_pipeline": lambda: _of(TokenPipeline, check_token_pipeline, accelerator(11, 2), 2, 0.5),
    "word_feeder": lambda: _of(WordFeeder, check_word_feeder, accelerator(79, 1), 3, 0.5),
}
"""By the name of the component."""


def case_environment(name: str) -> dict[str, str]:
    """The environment that tells a bench its case."""
    return {CASE_VARIABLE: name}


def case_from_environment() -> Case:
    """The case that :func:`case_environment` told."""
    return CASES[os.environ[CASE_VARIABLE]]()
