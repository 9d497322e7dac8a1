"""Random chains through accelerator and golden model: every neuron, logit and class, idle and back-pressure crossed.

Without waits, test_cycles.py, test_joins.py and half of the random chains run.
"""

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, note, settings
from hypothesis import strategies as st

from hdl.accelerator.cluster import Cluster
from hdl.verilog.text import verilog_text
from model.accelerator.estimate import measured
from model.accelerator.events import INPUT_STREAMS
from model.accelerator.plan import plan
from model.config import Precision
from model.errors import UserError
from model.golden.network import run as golden
from model.inputs import SPIKES
from model.network.graph import INPUT, LayerKind, Pool, Readout, Source, State
from model.network.network import Network
from model.neurons.lif import LARGEST_R
from sim.accelerator.cosim import content_files, prepare, run
from sim.harness.cosimulation import NO_WAITS, Waits
from sim.harness.job import write_files
from sim.networks.chains import Chain, Link, last_layer
from sim.networks.random_chains import random_choices
from sim.networks.random_networks import random_images
from tests.sim.harness.faults import as_it_lies_there

EXAMPLES = int(os.environ.get("MINT_EXAMPLES", "4"))
"""Random chains a run, and three times as many in `make nightly`; set it for more."""
IMAGES = 2

WIDTHS = st.integers(2, 8)
FEW_LEVELS = {"binary": 1, "pow2-5": 3, "pow2-7": 3}
PRECISIONS = st.one_of(
    st.builds(Precision, WIDTHS, WIDTHS),
    st.builds(
        lambda code, membranes: Precision(FEW_LEVELS[code], membranes, weight_code=code),
        st.sampled_from(list(FEW_LEVELS)),
        WIDTHS,
    ),
)
POOLS = st.one_of(st.none(), st.builds(Pool, st.sampled_from(["max", "sum"]), st.integers(1, 3)))
LINKS = st.builds(
    Link,
    channels=st.integers(1, 7),
    kernel=st.sampled_from([3, 1, 5, 0, 2]),
    stride=st.integers(1, 3),
    padding=st.integers(0, 2),
    pool=POOLS,
    precision=PRECISIONS,
    leak=st.integers(0, LARGEST_R),
)
FORMS = st.sampled_from(
    [
        {"lanes_per_neuron_unit": 1},
        {"lanes_per_neuron_unit": 2},
        {"lanes_per_neuron_unit": 4},
        {"lanes_per_neuron_unit": 1, "dataflow": "streaming"},
        {"lanes_per_neuron_unit": 2, "dataflow": "streaming"},
        {"lanes_per_neuron_unit": 1, "dataflow": "streaming", "state": "stream"},
        {"lanes_per_neuron_unit": 2, "dataflow": "streaming", "state": "stream"},
    ]
)
CHAINS = st.builds(
    Chain,
    input_kind=st.sampled_from(["pixels", "spikes", "counts"]),
    input_bits=st.integers(1, 3),
    input_shape=st.tuples(st.integers(1, 3), st.integers(1, 8), st.integers(1, 8)),
    time_steps=st.integers(1, 5),
    links=st.lists(LINKS, min_size=1, max_size=3).map(tuple),
    classes=st.integers(1, 9),
    precision=PRECISIONS,
    seed=st.integers(0, 99),
    density=st.sampled_from([0.0, 0.05, 0.3, 0.7, 1.0]),
    family=st.none() | st.integers(0, 999),
    readout=st.sampled_from(list(Readout)),
)


WAITS = Waits(idle=100, stall=100)


def compared(chain, images, *waits, simulator="icarus", **options):
    """Outcomes of each of ``waits``, without one with :data:`WAITS`, all right; the first of them."""
    network = chain.network()
    with TemporaryDirectory() as folder:
        prepared = prepare(network, chain.images(images), Path(folder), plan(network, retire=True, **options))
        found = [run(prepared, waits=each, simulator=simulator) for each in waits or (WAITS,)]
    for outcomes in found:
        assert outcomes.first is None
        assert outcomes.mismatches == 0
        assert outcomes.images == images
    return found[0]


def drawn(examples):
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize="MINT_EXAMPLES" not in os.environ,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        print_blob=True,
    )


DRAWN = given(
    chain=CHAINS,
    lanes=st.integers(1, 8),
    form=FORMS,
    rows=st.none() | st.integers(0, 99),
    waits=st.sampled_from([WAITS, NO_WAITS]),
    stream=st.sampled_from(INPUT_STREAMS),
)


@drawn(EXAMPLES)
@DRAWN
def test_random_chain(chain, lanes, form, rows, waits, stream):
    random_chain(chain, lanes, form, rows, waits, stream, "icarus")


@pytest.mark.nightly
@pytest.mark.parametrize("simulator", ["icarus", "verilator"])
@drawn(3 * EXAMPLES)
@DRAWN
def test_more_random_chains(simulator, chain, lanes, form, rows, waits, stream):
    random_chain(chain, lanes, form, rows, waits, stream, simulator)


def random_chain(chain, lanes, form, rows, waits, stream, simulator):
    form = dict(form)
    state = form.pop("state", chain.state)
    if form.get("dataflow") == "streaming":
        kind = "spikes" if chain.inputs.static else chain.input_kind
        chain, rows = replace(chain, input_kind=kind, state=state), None
    try:
        network = chain.network()
    except UserError:
        assume(False)
    note(f"{[(layer.name, network.shapes[layer.name]) for layer in network.layers]}")
    if rows is not None:
        form = {"lanes_per_neuron_unit": 1, "dataflow": random_choices(network, lanes, rows)}
        note(f"{form}")
    if not chain.inputs.static:
        form["input_stream"] = stream
    outcomes = compared(chain, IMAGES, waits, simulator=simulator, lanes=lanes, **form)
    neurons = sum(int(np.prod(network.shapes[layer.name])) for layer in network.layers if layer.spiking)
    assert outcomes.comparisons == IMAGES * (3 * network.time_steps * neurons + chain.classes + 1)


TYPICAL = Chain(
    input_kind="pixels",
    input_shape=(2, 5, 6),
    time_steps=3,
    links=(
        Link(5, 3, padding=1, pool=Pool("max", 2), precision=Precision(4, 4), leak=6),
        Link(6, 2, stride=1, padding=1, pool=Pool("sum", 2), precision=Precision(2, 8), leak=0),
        Link(7, 0, precision=Precision(8, 2), leak=2),
    ),
    classes=5,
    precision=Precision(4, 4),
    seed=3,
    density=0.4,
)
"""Pixels, both pools with odd ends, mixed widths and leaks; with three lanes several groups."""


MIXTURES = {
    "pixels": [("systolic", 2), ("systolic", 3), ("time-parallel", 3), ("skip", 1)],
    "spikes": [("time-parallel", 3), ("systolic", 3), ("skip", 1), ("skip", 1)],
}


@pytest.mark.parametrize(
    ("kind", "share", "lanes", "rows"),
    [
        pytest.param("pixels", 1, 3, False, marks=pytest.mark.nightly),  # so do the family and weights of few levels
        ("spikes", 3, 3, False),
        ("pixels", 1, 8, True),
        pytest.param("spikes", 1, 8, True, marks=pytest.mark.nightly),  # so do weights of few levels
    ],
)
def test_typical_chain(kind, share, lanes, rows):
    dataflow = MIXTURES[kind] if rows else "skip"
    compared(replace(TYPICAL, input_kind=kind), 1, lanes=lanes, lanes_per_neuron_unit=share, dataflow=dataflow)


@pytest.mark.parametrize(
    ("kind", "lanes", "share", "dataflow", "family"),
    [
        ("pixels", 3, 1, "skip", 0),
        ("spikes", 3, 3, "streaming", 1),
        pytest.param("spikes", 8, 1, MIXTURES["spikes"], 2, marks=pytest.mark.nightly),
    ],
)
def test_typical_chain_of_the_family(kind, lanes, share, dataflow, family):
    """Leaks and resets of its own in every layer."""
    chain = replace(TYPICAL, input_kind=kind, family=family)
    compared(chain, IMAGES, lanes=lanes, lanes_per_neuron_unit=share, dataflow=dataflow)


NOTHING = tuple(replace(link, precision=replace(link.precision, membrane_width=0, leak=0.0)) for link in TYPICAL.links)


@pytest.mark.parametrize(("share", "dataflow"), [(3, "skip"), (1, "streaming")])
def test_a_chain_that_keeps_nothing_has_no_membranes(share, dataflow):
    """Leak 0 in every layer: no register and no memory of membranes in the Verilog."""
    chain = replace(TYPICAL, input_kind="spikes", links=tuple(replace(link, leak=1) for link in NOTHING))
    compared(chain, IMAGES, lanes=3, lanes_per_neuron_unit=share, dataflow=dataflow)
    options = {"lanes": 3, "lanes_per_neuron_unit": share, "dataflow": dataflow}
    config, usual = (plan(each.network(), **options) for each in (chain, replace(TYPICAL, input_kind="spikes")))
    assert config.memory_bits.get("membranes", 0) == 0
    streams = dataflow == "streaming"
    assert (usual.memory_bits.get("membranes", 0) > 0) == streams
    memories = ["unit_membranes" in verilog_text(Cluster(each), "cluster") for each in (config, usual)]
    assert memories == [False, not streams]


@pytest.mark.parametrize(
    ("readout", "lanes", "share", "dataflow"),
    [
        ("count", 3, 1, "skip"),
        ("membrane", 3, 3, "skip"),
        ("count", 3, 3, "streaming"),
        pytest.param("membrane", 3, 1, "streaming", marks=pytest.mark.nightly),  # so do they where state lasts
        pytest.param("count", 8, 1, MIXTURES["spikes"], marks=pytest.mark.nightly),
    ],
)
def test_readouts_of_neurons(readout, lanes, share, dataflow):
    """Spikes counted or potentials added up, in two groups of classes; as fast as estimated."""
    chain = replace(TYPICAL, input_kind="spikes", seed=0, family=6, readout=readout)
    options = {"lanes": lanes, "lanes_per_neuron_unit": share, "dataflow": dataflow}
    outcomes = compared(chain, IMAGES, NO_WAITS, WAITS, **options)
    logits = np.array(outcomes.logits)
    assert len(np.unique(logits)) > 2
    network = chain.network()
    found = measured(network, plan(network, **options), chain.images(IMAGES))
    assert (outcomes.latency, outcomes.intervals) == (int(found.latency[0]), found.intervals.tolist())


CODED = [Precision(FEW_LEVELS[code], 4, weight_code=code) for code in FEW_LEVELS]


@pytest.mark.parametrize(
    ("kind", "codes", "options"),
    [
        ("pixels", (CODED[0], CODED[2], CODED[1], CODED[0]), {"lanes": 3, "lanes_per_neuron_unit": 1}),
        ("spikes", (CODED[0],) * 4, {"lanes": 3, "lanes_per_neuron_unit": 3}),
        ("pixels", (CODED[0],) * 4, {"lanes": 4, "lanes_per_neuron_unit": 2}),
        ("spikes", (CODED[2], CODED[0], Precision(5, 4), CODED[1]), {"lanes": 8, "dataflow": MIXTURES["spikes"]}),
    ],
)
def test_weights_of_few_levels(kind, codes, options):
    """A code of its own in every layer, decoded between memory and gate; lanes without a channel stay silent."""
    links = tuple(replace(link, precision=code) for link, code in zip(TYPICAL.links, codes, strict=False))
    chain = replace(TYPICAL, input_kind=kind, links=links, precision=codes[-1])
    config = plan(chain.network(), **options)
    assert config.code_width == max(code.weight_width for code in codes)
    assert config.memory_bits["weights"] == config.weight_rows * config.lanes * config.code_width
    compared(chain, IMAGES, **options)


@pytest.mark.parametrize("options", [{}, {"dataflow": "streaming"}, {"input_stream": "events"}], ids=str)
def test_a_convolution_on_spikes_may_be_the_only_layer(options, tmp_path):
    """Its time steps are added up, which a window's words are not."""
    random = np.random.default_rng(1)
    source = Source(INPUT, random.integers(-7, 8, (4, 2, 3, 3), np.int8))
    layer = last_layer(Precision(4, 4), [source], np.arange(4, dtype=np.int32), LayerKind.CONV)
    network = Network(SPIKES, (2, 3, 3), 3, (layer,))
    config = plan(network, lanes=4, lanes_per_neuron_unit=1, retire=True, **options)
    images = random_images(network, IMAGES, 1)
    outcomes = run(prepare(network, images, tmp_path, config), waits=WAITS, simulator="icarus")
    assert (outcomes.first, outcomes.mismatches, outcomes.images) == (None, 0, IMAGES)


def test_a_lane_without_a_channel_never_fires():
    """Of binary weights it adds -1 for every input that is set, however small the channels' own sums are."""
    binary = Precision(1, 4, weight_code="binary")
    chain = replace(TYPICAL, input_kind="spikes", links=(Link(3, 0, precision=binary),), precision=binary)
    network = chain.network()
    first = network.layers[0]
    own = np.resize(np.array([1, -1], np.int8), first.sources[0].weight.shape)
    even = replace(
        first, sources=(replace(first.sources[0], weight=own),), bias=0 * first.bias, threshold=0 * first.bias
    )
    config = plan(replace(network, layers=(even, *network.layers[1:])), lanes=8)
    never = (1 << (config.accumulator_width - 1)) - 1
    low, high = first.neuron.potential_range(-own.shape[1], own.shape[1])
    assert -never < low <= high < never


def test_a_time_step_between_does_not_let_logits_meet_those_before():
    """Two groups of classes whose time steps follow each other closely: the first one's logits are still to come when
    the second one's first time step fires."""
    chain = Chain("spikes", (2, 1, 1), 2, (Link(6, 0),), 7, Precision(8, 4), seed=6, density=0.0, readout="count")
    compared(chain, 4, lanes=5, lanes_per_neuron_unit=1)


@pytest.mark.parametrize(("share", "state"), [pytest.param(1, "image", marks=pytest.mark.nightly), (3, "stream")])
def test_typical_chain_of_frames(share, state):
    """Three groups of channels and of classes; membranes and sums wait in memories from frame to frame."""
    chain = replace(TYPICAL, input_kind="spikes", state=state)
    compared(chain, IMAGES, lanes=3, lanes_per_neuron_unit=share, dataflow="streaming")


@pytest.mark.parametrize("readout", ["count", "membrane"])
def test_state_lasts_beside_readouts(readout):
    """Membranes go on from image to image, totals do not; as fast as estimated, which depends on the spikes."""
    chain = replace(TYPICAL, input_kind="spikes", seed=7, family=8, readout=readout, state="stream")
    options = {"lanes": 3, "lanes_per_neuron_unit": 1, "dataflow": "streaming"}
    outcomes = compared(chain, 3, NO_WAITS, **options)
    network, images = chain.network(), chain.images(3)
    alone = golden(replace(network, state=State.IMAGE), images)["logits"]
    assert (np.array(outcomes.logits) != alone).any(1).tolist()[:2] == [False, True]
    assert outcomes.intervals == measured(network, plan(network, **options), images).intervals.tolist()


def test_a_tile_that_is_a_pooled_place():
    """Of a map of one tile a row and a single time step, rows of the map meet in the memory right after each other."""
    links = (Link(4, 1, pool=Pool("max", 2), leak=2),)
    chain = replace(TYPICAL, input_kind="spikes", input_shape=(2, 8, 2), time_steps=1, links=links)
    compared(chain, 9, lanes=8, lanes_per_neuron_unit=1, dataflow=[("systolic", 2), ("skip", 1)])


def test_stimulus_meets_what_it_is_about():
    met = Counter()
    for kind in ("pixels", "spikes"):
        chain = replace(TYPICAL, input_kind=kind)
        network = chain.network()
        trace = golden(network, chain.images(IMAGES))
        for layer in network.layers[:-1]:
            spikes, potential = trace[f"{layer.name}.spikes"], trace[f"{layer.name}.potential"]
            stored = (potential.astype(np.int64) >> layer.neuron.r)[spikes == 0]
            limit = layer.neuron.limit
            met["spikes"] += int(spikes.sum())
            met["silences"] += int((spikes == 0).sum())
            met["low"] += int((stored < -limit).sum())
            met["high"] += int((stored > limit).sum())
    assert [what for what in ("spikes", "silences", "low", "high") if not met[what]] == []


def test_wrong_weight_is_named(tmp_path):
    """A weight of the wrong sign in the Verilog shows as a difference in that layer and channel."""
    network = TYPICAL.network()
    config = plan(network, lanes=7, lanes_per_neuron_unit=1, retire=True)
    prepared = prepare(network, TYPICAL.images(1), tmp_path, config)
    changed = replace(TYPICAL, seed=TYPICAL.seed).network()
    changed.layers[1].sources[0].weight[2] *= -1
    write_files(tmp_path, content_files(changed, config))
    outcomes = run(as_it_lies_there(prepared))
    assert outcomes.mismatches > 0
    assert outcomes.first.startswith("layer layer1, step ")
    assert ", channel 2, " in outcomes.first
