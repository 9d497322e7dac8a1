"""Memory-free neurons in the accelerator: random networks of them, every neuron and logit."""

import os
import re
from dataclasses import replace

import pytest

from hdl.accelerator.cluster import Cluster
from hdl.verilog.text import verilog_text
from model.accelerator.estimate import expected, measured
from model.accelerator.events import INPUT_STREAMS
from model.accelerator.history import Turn, turns
from model.accelerator.plan import plan
from model.errors import UserError
from model.network.graph import Readout, State
from model.neurons import Lif, MemoryFree
from sim.accelerator.cosim import prepare, run
from sim.harness.cosimulation import NO_WAITS, Waits
from sim.networks.family import reading_out, windowed
from sim.networks.random_chains import random_chain, random_choices, sparse_images
from sim.networks.random_joins import random_joins
from sim.networks.small_networks import binary, first_layer

EXAMPLES = int(os.environ.get("MINT_EXAMPLES", "20"))
"""Random networks of the nightly test."""
IMAGES = 2
WAITS = Waits(idle=64, stall=64)


def _takes_spikes(seed):
    case = random_joins(seed) if seed % 3 == 0 else random_chain(seed)
    return not case.network.inputs.static and case.network.time_steps > 1


def random_case(seed):
    """A network and the accelerator's options: joins, a chain with rows, or a chain, some of which count."""
    case = random_joins(seed) if seed % 3 == 0 else random_chain(seed)
    readout = {2: Readout.COUNT, 5: Readout.MEMBRANE}.get(seed % 6, Readout.SUM)
    network = windowed(reading_out(case.network, readout, seed), seed)
    if seed % 3 == 1:
        rows = [choice if choice[0] != "time-parallel" else ("skip", 1) for choice in random_choices(network, 9, seed)]
        return network, {"lanes": 9, "lanes_per_neuron_unit": 1, "dataflow": tuple(rows)}
    return network, {"lanes": case.lanes, "lanes_per_neuron_unit": case.lanes_per_neuron_unit}


def streaming_case(seed, state=State.IMAGE):
    """The same in streaming order, of spikes: windows are of the frames that memories hold."""
    case = random_joins(seed) if seed % 3 == 0 else random_chain(seed)
    readout = Readout.COUNT if seed % 2 else Readout.SUM
    network = replace(windowed(reading_out(case.network, readout, seed), seed), state=state)
    options = {"lanes": case.lanes, "lanes_per_neuron_unit": case.lanes_per_neuron_unit, "dataflow": "streaming"}
    return network, options | {"input_stream": INPUT_STREAMS[seed % 2]}


def compared(network, options, folder, simulator="icarus", waits=WAITS):
    images = sparse_images(network, IMAGES, 1)
    config = plan(network, retire=True, **options)
    outcomes = run(prepare(network, images, folder, config), waits=waits, simulator=simulator)
    assert outcomes.first is None
    assert outcomes.mismatches == 0
    return outcomes, images


@pytest.mark.parametrize("seed", [117, 31, 14])
def test_random_networks(seed, tmp_path):
    """Pixels that join, spikes in rows, pixels with shared neuron units and counted spikes."""
    network, options = random_case(seed)
    assert max(layer.neuron.depth for layer in network.layers if layer.neuron) >= network.time_steps - 1
    outcomes, images = compared(network, options, tmp_path, waits=NO_WAITS)
    assert outcomes.comparisons > 1000
    assert outcomes.intervals == measured(network, plan(network, **options), images).intervals.tolist()


def test_a_unit_keeps_the_sums_of_its_window_and_no_membrane():
    """Registers of a lane that has its own unit, words of a memory where lanes share one; no more than T - 1 sums."""
    network = first_layer("conv", "spikes", (2, 4, 4))
    options = {"lanes": 4, "lanes_per_neuron_unit": 1}

    def flip_flops(neuron):
        config = plan(with_neuron(network, neuron), **options)
        assert config.memory_bits.get("membranes", 0) == 0
        return re.findall(r"reg \[(\d+):0\] past\b", verilog_text(Cluster(config), "cluster")), config.accumulator_width

    assert flip_flops(MemoryFree.fading(1))[0] == []
    for window in (2, 3, 8):
        (highest,), width = flip_flops(MemoryFree.fading(window))
        assert int(highest) + 1 == width * min(window - 1, network.time_steps - 1)
    shared = plan(with_neuron(network, MemoryFree.fading(3)), lanes=4, lanes_per_neuron_unit=4)
    assert "memory_unit_pasts" in verilog_text(Cluster(shared), "cluster")


def test_what_is_not_built_is_refused():
    network = with_neuron(first_layer("conv", "spikes", (2, 4, 4)), MemoryFree.fading(2))
    with pytest.raises(UserError, match="layer first, time-parallel with 3 rows: memory-free"):
        plan(network, lanes=12, dataflow=(("time-parallel", 3), ("skip", 1)))
    with pytest.raises(UserError, match="memory-free neurons: the array has no unit for them"):
        network.array_config()


def with_neuron(network, neuron):
    first, *others = network.layers
    return replace(network, layers=(replace(first, neuron=neuron), *others))


@pytest.mark.parametrize(("seed", "state"), [(420, State.IMAGE), (5, State.STREAM)])
def test_random_networks_frame_by_frame(seed, state, tmp_path):
    """Joins whose windows begin anew with every image; a chain that counts, where they last; as fast as estimated."""
    network, options = streaming_case(seed, state)
    config = plan(network, **options)
    assert config.furthest > 1
    assert "membranes" not in config.memory_bits or config.memory_bits["membranes"] == 0
    outcomes, images = compared(network, options, tmp_path, waits=NO_WAITS)
    assert outcomes.intervals == measured(network, config, images).intervals.tolist()


def test_turns_of_binary_weights_without_signs(tmp_path):
    """Inputs are counted in every turn, doubled where sums are; bits of what is subtracted are inverted."""
    network = binary(with_neuron(first_layer("conv", "spikes", (2, 4, 4)), FADING))
    options = {"lanes": 4, "lanes_per_neuron_unit": 2, "dataflow": "streaming"}
    config = plan(network, **options)
    assert (config.signless, config.negates, config.code_width) == (True, True, 1)
    outcomes, _ = compared(network, options, tmp_path)
    assert outcomes.comparisons > 100


def test_turns_of_counts(tmp_path):
    """A turn is a tap and a plane; a word of the memory is read in several turns."""
    network = with_neuron(first_layer("conv", "counts", (2, 4, 4), input_bits=2), FADING)
    options = {"lanes": 4, "lanes_per_neuron_unit": 1, "dataflow": "streaming"}
    config = plan(network, **options)
    assert [tuple(turn) for turn in config.layers[0].history] == [
        (1, 0, True, 0),  # 8 times
        (1, 0, False, 1),  # 4
        (1, 2, True, 0),
        (-1, 1, False, 0),  # 2
        (1, 2, True, 1),
        (-1, 1, False, 1),
    ]
    outcomes, images = compared(network, options, tmp_path, waits=NO_WAITS)
    assert outcomes.intervals == measured(network, config, images).intervals.tolist()
    events = plan(network, **options, input_stream="events")
    assert run(prepare(network, images, tmp_path / "events", events)).mismatches == 0


FADING = MemoryFree(((1, 2), (-1, 0), (1, 1)))
"""Turns 1, then 2 frames back, then 1 frame back, which is subtracted."""


def test_a_memory_has_the_frames_of_the_longest_window():
    network = with_neuron(first_layer("conv", "spikes", (2, 4, 4)), FADING)
    config, usual = (plan(each, lanes=4, dataflow="streaming") for each in (network, with_neuron(network, Lif(4, 1))))
    assert [turn[:3] for turn in config.layers[0].history] == [(1, 0, True), (1, 2, True), (-1, 1, False)]
    assert (config.bank_bits, config.slot_bits, usual.bank_bits) == (2, 0, 1)
    assert config.input_depth == 3 * 16 + 16  # three frames that are read, and the one that comes
    assert (config.negates, usual.negates) == (True, False)


@pytest.mark.parametrize(
    "wrong",
    [
        [(1, 0, True), (1, 2, True), (1, 1, False)],  # adds what is to be subtracted
        [(1, 0, True), (1, 1, True), (-1, 1, False)],  # of another frame
        pytest.param([(1, 0, True), (1, 2, False), (-1, 1, False)], marks=pytest.mark.nightly),  # half as much
    ],
)
def test_a_wrong_turn_is_noticed(wrong, tmp_path):
    network = with_neuron(first_layer("conv", "spikes", (2, 4, 4)), FADING)
    config = plan(network, lanes=4, lanes_per_neuron_unit=1, dataflow="streaming", retire=True)
    first, last = config.layers
    broken = replace(config, layers=(replace(first, history=tuple(Turn(*each) for each in wrong)), last))
    images = sparse_images(network, IMAGES, 1)
    assert run(prepare(network, images, tmp_path, broken)).mismatches > 0


def test_what_is_expected_counts_a_spike_once():
    """In streaming order as in the other, however often a window adds it; on images too."""
    network = with_neuron(first_layer("conv", "spikes", (2, 6, 6)), FADING)
    configs = [plan(network, lanes=4, lanes_per_neuron_unit=1, dataflow=order) for order in ("skip", "streaming")]
    found = [expected(config, [0.1, 0.1], 4) for config in configs]
    for one in found:
        assert all(0.05 < layer.density < 0.15 for layer in one.layers)
    images = sparse_images(network, IMAGES, 1)
    skip, streaming = (measured(network, config, images) for config in configs)
    assert skip.bound.tolist() == streaming.bound.tolist()
    assert streaming.layers[0].tokens.sum() > skip.layers[0].tokens.sum()


def test_a_window_reaches_no_further_than_the_recording():
    """Of an image of three frames; where state lasts, as far as it says."""
    neuron = MemoryFree(((0, 0), (1, 0), (0, 0), (1, 3)))
    assert turns(neuron, 3) == (Turn(1, 1, False),)
    assert [turn.back for turn in turns(neuron, None)] == [3, 0, 0, 1]
    assert turns(MemoryFree(((0, 0), (1, 0))), 1) == (Turn(0, 0, False),)  # nothing at all
    assert turns(MemoryFree(((1, 0), (1, 1))), 1) == turns(Lif(4, 1), 5) == ()


@pytest.mark.nightly
@pytest.mark.parametrize("simulator", ["icarus", "verilator"])
@pytest.mark.parametrize("state", [State.IMAGE, State.STREAM])
@pytest.mark.parametrize("seed", [seed for seed in range(300) if _takes_spikes(seed)][:EXAMPLES])
def test_more_random_networks_frame_by_frame(seed, state, simulator, tmp_path):
    compared(*streaming_case(seed, state), tmp_path, simulator)


@pytest.mark.nightly
@pytest.mark.parametrize("simulator", ["icarus", "verilator"])
@pytest.mark.parametrize("seed", range(100, 100 + EXAMPLES))
def test_more_random_networks(seed, simulator, tmp_path):
    compared(*random_case(seed), tmp_path, simulator)
