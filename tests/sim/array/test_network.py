"""Random networks through golden model and RTL, and faults that must not go unnoticed."""

from collections import Counter
from dataclasses import replace
from random import Random
from shutil import copytree

import numpy as np
import pytest

from hdl.array.systolic_array import SystolicArray
from hdl.verilog.text import verilog_text
from model.config import Precision
from model.errors import UserError
from model.golden.network import run as golden
from model.inputs import SPIKES
from model.network.graph import Layer, LayerKind, Source
from model.network.network import Network
from sim.array.cosim import TOP, Loss, prepare, run
from sim.harness.cosimulation import Waits
from sim.harness.power_up import powered_up
from sim.harness.simulators import SimulationError
from sim.networks.chains import Chain, Link
from sim.networks.family import varied
from sim.networks.random_networks import PAIRS, random_images, random_network
from tests.sim.harness.faults import as_it_lies_there

SEEDS = range(len(PAIRS) + 3)
"""The last ones are of layers of different widths."""
MIXED = len(PAIRS)
QUICK = (3, 4, 5, 7, 9, 11)
"""The quickest ones that together meet everything; `make nightly` has the others."""
IMAGES = 2
SMALL = {"rows": 4, "columns": 3}


def name(seed):
    return f"{seed}-{PAIRS[seed]}" if seed < MIXED else f"{seed}-mixed"


def prepared(seed, folder, retire=True, family=False):
    network = varied(random_network(seed), seed) if family else random_network(seed)
    return prepare(network, random_images(network, IMAGES, seed), folder, **SMALL, retire=retire)


def right(outcomes):
    assert outcomes.first is None
    assert outcomes.mismatches == 0
    assert outcomes.images == IMAGES


@pytest.mark.parametrize("seed", [9, *(pytest.param(seed, marks=pytest.mark.nightly) for seed in (1, 3, 6))])
def test_random_network_of_the_family(seed, tmp_path):
    """Leaks and resets of its own in every layer."""
    cosimulation = prepared(seed, tmp_path, family=True)
    outcomes = run(cosimulation)
    right(outcomes)
    assert outcomes.total_cycles == cosimulation.cycles


def test_weights_of_few_levels(tmp_path):
    """Memory images hold levels, whatever a bundle holds."""
    binary, powers = Precision(1, 4, weight_code="binary"), Precision(3, 4, weight_code="pow2-7")
    links = Link(4, 2, precision=binary), Link(3, 0, precision=powers)
    chain = Chain("spikes", (2, 3, 3), 2, links, 3, binary, seed=1, density=0.5)
    right(run(prepare(chain.network(), chain.images(IMAGES), tmp_path, **SMALL, retire=True)))


def test_counts(tmp_path):
    """A count of two bits is three beats of an input."""
    network = random_network(9, 2)
    right(run(prepare(network, random_images(network, IMAGES, 9), tmp_path, **SMALL, retire=True)))


@pytest.mark.parametrize(
    "seed", [pytest.param(seed, marks=() if seed in QUICK else pytest.mark.nightly, id=name(seed)) for seed in SEEDS]
)
def test_random_network(seed, tmp_path):
    cosimulation = prepared(seed, tmp_path)
    plain = run(cosimulation)
    right(plain)
    network = cosimulation.network
    neurons = sum(np.prod(network.shapes[layer.name]) for layer in network.layers if layer.spiking)
    classes = network.layers[-1].channels
    assert plain.comparisons == IMAGES * (3 * network.time_steps * neurons + classes)
    assert plain.total_cycles == cosimulation.cycles
    if seed % 2 == 0:  # the others wait in every bench of the array
        waiting = run(cosimulation, waits=Waits(idle=64, stall=64))
        right(waiting)
        assert waiting.total_cycles > 1.2 * plain.total_cycles
        assert waiting.logits == plain.logits


def test_power_up_does_not_matter(tmp_path):
    """Reset alone is enough, whatever the array's registers hold before it; waits hold up a rotation that clears."""
    cosimulation = prepared(4, tmp_path)
    path = tmp_path / "mint.v"
    text = verilog_text(SystolicArray(cosimulation.config), TOP, initial=False)
    text, registers, _ = powered_up(text, Random(0))
    assert registers > 40
    path.write_text(text, encoding="utf-8")
    right(run(as_it_lies_there(cosimulation), waits=Waits(idle=64, stall=64)))


def test_random_network_in_verilator(tmp_path):
    cosimulation = prepared(MIXED, tmp_path)
    waits = Waits(idle=64, stall=64)
    outcomes = run(cosimulation, waits=waits, simulator="verilator")
    expected = run(cosimulation, waits=waits)
    assert outcomes.first is None
    assert outcomes.comparisons == expected.comparisons
    assert outcomes.logits == expected.logits


def test_array_without_retire_port(tmp_path):
    cosimulation = prepared(4, tmp_path, retire=False)
    network = cosimulation.network
    neurons = sum(np.prod(network.shapes[layer.name]) for layer in network.layers if layer.spiking)
    outcomes = run(as_it_lies_there(cosimulation))
    assert outcomes.mismatches == 0
    assert outcomes.comparisons == IMAGES * (network.time_steps * neurons + network.layers[-1].channels)


def test_stimulus_meets_what_it_is_about():
    met = Counter()
    for seed in QUICK:
        network = random_network(seed)
        trace = golden(network, random_images(network, IMAGES, seed))
        met[network.inputs.name] += 1
        met["flipped"] += network.provenance["flipped_channels"]
        for layer in network.layers[:-1]:
            spikes, potential = trace[f"{layer.name}.spikes"], trace[f"{layer.name}.potential"]
            stored = (potential.astype(np.int64) >> layer.neuron.r)[spikes == 0]
            limit = layer.neuron.limit
            met["low"] += int((stored < -limit).sum())
            met["high"] += int((stored > limit).sum())
            met["spikes"] += int(spikes.sum())
            met["silences"] += int((spikes == 0).sum())
            met["ties"] += int((potential == layer.threshold.reshape(1, 1, -1, 1, 1)).sum())
            met["two sources"] += len(layer.sources) > 1
            met[layer.kind] += 1
            met[f"leak {layer.neuron.r}"] += 1
            if layer.skip:
                origin = network.layer(layer.skip)
                met["skipped spikes"] += int(trace[f"{origin.name}.spikes"].sum()) if not origin.pool else 1
            if layer.pool:
                met[f"{layer.pool.kind} pool"] += 1
            for source in layer.sources:
                met[f"stride {source.stride}"] += 1
                met[f"padding {source.padding}"] += 1
                met[f"kernel {source.weight.shape[-1] if layer.kind == 'conv' else 'none'}"] += 1
    wanted = ["pixels", "spikes", "flipped", "low", "high", "silences", "ties", "two sources", "conv", "linear"]
    wanted += ["skipped spikes", "max pool", "sum pool", *(f"leak {leak}" for leak in range(7))]
    wanted += [
        *(f"stride {n}" for n in (1, 2, 3)),
        *(f"padding {n}" for n in range(3)),
        *(f"kernel {n}" for n in (1, 2, 3, 5)),
    ]
    assert [what for what in wanted if not met[what]] == []


def changed(path, word, change):
    """Let ``change`` turn word ``word`` of a memory image into another."""
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[word] = f"{change(int(lines[word], 16)):0{len(lines[word])}x}"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


FAULTY = 5


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    return prepared(FAULTY, tmp_path_factory.mktemp("sound"))


@pytest.fixture
def cosimulation(sound, tmp_path):
    """A copy, for a fault."""
    return replace(sound, folder=copytree(sound.folder, tmp_path, dirs_exist_ok=True))


def test_flipped_weight_is_named(cosimulation, tmp_path):
    network = cosimulation.network
    # Channel 1's first weight of the second layer: its sign, which the spikes of the first layer make matter.
    width = cosimulation.config.weight_width
    beats = network.layer("second").sources[0].fan_in
    for word in range(beats):
        changed(tmp_path / "second.weights.hex", word, lambda bits: bits ^ (1 << (2 * width - 1)))
    outcomes = run(as_it_lies_there(cosimulation))
    assert outcomes.mismatches > 0
    assert "layer second, " in outcomes.first
    assert "channel 1, " in outcomes.first


def test_threshold_off_by_one_is_named(cosimulation, tmp_path):
    network = cosimulation.network
    trace = golden(network, np.load(tmp_path / "images.npy"))
    # A channel that meets its threshold exactly.
    for layer in network.layers[:-1]:
        ties = trace[f"{layer.name}.potential"] == layer.threshold.reshape(1, 1, -1, 1, 1)
        if ties.any():
            step, image, channel, row, column = np.argwhere(ties.transpose(1, 0, 2, 3, 4))[0][[1, 0, 2, 3, 4]]
            break
    changed(tmp_path / f"{layer.name}.parameters.hex", channel, lambda bits: bits + 1)
    outcomes = run(as_it_lies_there(cosimulation))
    place = f"step {step}, channel {channel}, position ({row}, {column})"
    assert outcomes.first == f"image {image}, layer {layer.name}, {place}: the spike is 0, expected 1"


def test_dropped_handshake_is_a_failure_with_the_layer_named(cosimulation):
    layer = cosimulation.network.layer("second")
    # The first beat after a rotation, in which the array is not ready.
    loss = Loss("second", layer.sources[0].fan_in * cosimulation.network.largest_value("first"))
    with pytest.raises(SimulationError, match=r"layer second: (\d+) of (?!\1)\d+ beats of i_\w+ were taken"):
        run(cosimulation, loss=loss)


def test_array_that_waits_for_ever_is_a_failure(cosimulation, tmp_path):
    path = tmp_path / "second.weights.hex"
    path.write_text("".join(path.read_text(encoding="utf-8").splitlines(keepends=True)[:-1]), encoding="utf-8")
    with pytest.raises(SimulationError, match=r"layer second: \d+ of \d+ results after \d+ cycles; beats taken: i_p"):
        run(as_it_lies_there(cosimulation))


def test_unknown_bit_is_a_failure(cosimulation, tmp_path):
    path = tmp_path / "second.weights.hex"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join("x" * len(line) for line in lines) + "\n", encoding="utf-8")
    with pytest.raises(SimulationError, match=r"layer second: o_spikes: word \d+ is \w*[xX]"):
        run(as_it_lies_there(cosimulation))


def test_last_layer_with_several_positions_is_refused():
    """Its logits would have been those of one position."""
    weight = np.ones((2, 1, 3, 3), np.int8)
    last = Layer(
        name="last",
        kind=LayerKind.CONV,
        neuron=None,
        code=PAIRS[0].code,
        sources=(Source("input", weight),),
        bias=np.zeros(2, np.int32),
    )
    with pytest.raises(UserError, match="layer last: the last layer gives 2×2 positions and must give one"):
        Network(SPIKES, (1, 4, 4), 2, (last,))
