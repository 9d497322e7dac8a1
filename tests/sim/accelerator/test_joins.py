"""Random layers that join others, through accelerator, golden model and estimate: every neuron, logit and cycle."""

import os
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from model.accelerator.estimate import measured
from model.accelerator.events import INPUT_STREAMS
from model.accelerator.plan import plan, spike_memories
from model.config import Precision
from model.errors import UserError
from model.inputs import SPIKES
from model.network.graph import Layer, LayerKind, Source
from model.network.network import Network
from model.network.shapes import resnet19
from sim.accelerator.cosim import content_files, prepare, run
from sim.harness.cosimulation import Waits
from sim.harness.job import write_files
from sim.networks.family import varied
from sim.networks.random_chains import random_choices, sparse_images
from sim.networks.random_joins import random_joins
from tests.sim.harness.faults import as_it_lies_there

IMAGES, LANES = 2, 9
FORMS = "own", "rows", "streaming", "family"
SOAK = [(seed, FORMS[seed % 4]) for seed in range(int(os.environ.get("MINT_EXAMPLES", "0")))]
"""The variable asks for more."""
CASES = [(129, "own"), (241, "family"), (166, "streaming"), (20, "rows")]
"""Networks, and whether lanes and units are as drawn (and neurons of the whole family), cut into rows where no layer
joins, or frames stream: the smallest ones that together meet everything."""
MORE = [pytest.param(*case, marks=pytest.mark.nightly) for case in ((25, "family"), (3, "streaming"), (36, "rows"))]


def drawn(seed, form):
    """A network, and the options of its accelerator."""
    case = random_joins(seed)
    if form == "rows":
        choices = random_choices(case.network, LANES, seed)
        return case.network, {"lanes": LANES, "lanes_per_neuron_unit": 1, "dataflow": choices}
    options = {"lanes": case.lanes, "lanes_per_neuron_unit": case.lanes_per_neuron_unit}
    if form == "family":
        return varied(case.network, seed), options
    if form == "streaming" and not case.network.inputs.static:
        options |= {"dataflow": "streaming", "input_stream": INPUT_STREAMS[seed % 2]}
    return case.network, options


@pytest.mark.parametrize(("seed", "form"), [*CASES, *MORE, *SOAK])
def test_random_joins(seed, form):
    network, options = drawn(seed, form)
    images = sparse_images(network, IMAGES, seed)
    with TemporaryDirectory() as folder:
        prepared = prepare(network, images, Path(folder), plan(network, retire=True, **options))
        outcomes = run(prepared)
        waiting = run(prepared, waits=Waits(idle=100, stall=100)) if form in ("own", "family") else outcomes
    assert (outcomes.first, waiting.first) == (None, None)
    neurons = sum(np.prod(network.shapes[layer.name]) for layer in network.layers if layer.spiking)
    each = 3 * network.time_steps * neurons + network.layers[-1].channels + 1
    assert outcomes.comparisons == waiting.comparisons == IMAGES * each
    assert outcomes.mismatches == waiting.mismatches == 0
    found = measured(network, prepared.config, images)
    assert (outcomes.latency, outcomes.intervals) == (int(found.latency[0]), found.intervals.tolist())
    assert (found.bound <= found.cycles).all() or prepared.config.rows > 1


def test_the_cases_meet_what_they_are_about():
    met = set()
    for seed, form in CASES:
        network, options = drawn(seed, form)
        config = plan(network, **options)
        met |= {f"{len(layer.sources)} sources" for layer in config.layers}
        met |= {f"{len(config.spike_memories)} memories"}
        for layer in config.layers:
            identity = layer.skip_memory is not None
            own = any(source.source_memory == layer.skip_memory for source in layer.sources)
            met |= {
                name
                for name, happened in {
                    "identity": identity and not own,
                    "identity of what is summed": identity and own,
                    "pooled identity": identity and layer.pool > 1,
                    "groups of an identity": identity and layer.groups > 1,
                    "shared units": identity and config.lanes_per_neuron_unit > 1,
                    "another stride": any(source.stride != layer.stride for source in layer.joined),
                    "counts": any(source.source_pool > 1 for source in layer.joined),
                    "last": bool(layer.joined) and not layer.spiking,
                    "rows beside": layer.rows > 1,
                    "pixels": layer.static,
                    "streaming": config.streaming and config.time_steps > 1,
                }.items()
                if happened
            }
    assert met >= {"1 sources", "2 sources", "3 sources", "2 memories", "4 memories"}
    assert met >= {"identity", "identity of what is summed", "pooled identity", "groups of an identity", "shared units"}
    assert met >= {"another stride", "counts", "last", "rows beside", "pixels", "streaming"}


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    network, options = drawn(129, "own")
    config = plan(network, retire=True, **options)
    return prepare(network, sparse_images(network, IMAGES, 129), tmp_path_factory.mktemp("sound"), config)


@pytest.mark.parametrize("what", ["identity", "source"])
def test_a_planted_fault_is_named(what, sound):
    """J, or the second source's weights, of the wrong sign."""
    network = sound.network
    layer = next(layer for layer in network.layers if layer.skip and len(layer.sources) > 1)
    first, second, *others = layer.sources
    if what == "identity":
        wrong = replace(layer, skip_bias=-layer.skip_bias)
    else:
        wrong = replace(layer, sources=(first, replace(second, weight=-second.weight), *others))
    layers = tuple(wrong if each is layer else each for each in network.layers)
    write_files(sound.folder, content_files(replace(network, layers=layers), sound.config))
    outcomes = run(as_it_lies_there(sound))
    assert outcomes.mismatches > 0
    assert outcomes.first.startswith(f"layer {layer.name}, step ")


def test_spikes_stay_until_their_last_reader():
    network = resnet19(Precision(2, 2))
    memories = dict(zip((layer.name for layer in network.layers), spike_memories(network), strict=True))
    assert max(memories.values()) == 2
    for index, layer in enumerate(network.layers):
        for origin in {layer.skip, *(source.origin for source in layer.sources)} - {None, "input"}:
            written = [other.name for other in network.layers[: index + 1] if memories[other.name] == memories[origin]]
            assert written[-1] == origin
    chain = Network(SPIKES, (1, 1, 1), 1, _ends([("a", "input"), ("b", "a"), ("c", "b"), ("d", "c")]))
    assert spike_memories(chain) == [0, 1, 0, 1, 0]
    assert plan(chain, lanes=1).chain


@pytest.mark.parametrize(
    ("layers", "sentence"),
    [
        ([("a", "input"), ("b", "a", "input")], "layer b reads a and input; of an accelerator, the first layer alone"),
        ([("a", "input", "input")], "layer a reads input and input"),
    ],
)
def test_the_first_layer_alone_reads_the_input(layers, sentence):
    with pytest.raises(UserError, match=sentence):
        plan(Network(SPIKES, (1, 1, 1), 1, _ends(layers)), lanes=1)


def test_a_join_has_no_rows():
    network, _ = drawn(25, "own")
    index = next(index for index, layer in enumerate(network.layers) if len(layer.sources) > 1)
    choices = [("systolic", 2) if index == number else ("skip", 1) for number in range(len(network.layers))]
    with pytest.raises(UserError, match="a layer that joins others, or is added as it is, has none; choose skip"):
        plan(network, lanes=4, lanes_per_neuron_unit=1, dataflow=choices)


def _ends(layers):
    """Linear layers of one neuron, by name and origins, and the last one."""
    one, precision = np.ones(1, np.int32), Precision(2, 2)
    weight = np.ones((1, 1), np.int8)
    found = [
        Layer(
            name=name,
            kind=LayerKind.LINEAR,
            neuron=precision.lif(),
            code=precision.code,
            sources=tuple(Source(origin, weight) for origin in origins),
            bias=one,
            threshold=one,
        )
        for name, *origins in layers
    ]
    last = Source(layers[-1][0], weight)
    return *found, Layer(
        name="last", kind=LayerKind.LINEAR, neuron=None, code=precision.code, sources=(last,), bias=one
    )
