"""Recurrences, bound and traffic by themselves: against a module that is stepped cycle by cycle, laws, plain sums."""

from dataclasses import replace

import numpy as np
import pytest

from model.accelerator.bound import set_bits
from model.accelerator.config import FEED_DEPTH
from model.accelerator.cycles import FIRST_WORD, WRITE_BACK, fire_latency, layer_cycles
from model.accelerator.dataflow import fastest
from model.accelerator.estimate import expected, expected_layer, measured, measured_layer
from model.accelerator.input_bits import layer_inputs
from model.accelerator.plan import choices, plan
from model.accelerator.traffic import read_places, traffic, word_reads
from model.accelerator.words import Words, stored_counts, words_of
from model.config import Precision
from model.errors import UserError
from model.golden.network import run
from model.inputs import SPIKES, inputs_of
from model.network.graph import Layer, LayerKind, Pool, Source
from model.network.network import Network
from model.network.shapes import vgg9
from sim.networks.small_networks import first_layer

PRECISION = Precision(4, 4)


def network(pool=None, *, kind="spikes", shape=(3, 6, 5), stride=1, padding=1, classes=5):
    random = np.random.default_rng(3)
    codes = random.integers(-7, 8, (6, shape[0], 3, 3), np.int8)
    threshold = np.full(6, 900 if kind == "pixels" else 4, np.int32)
    source = Source("input", codes, stride, padding)
    conv = Layer(
        name="conv",
        kind=LayerKind.CONV,
        neuron=PRECISION.lif(),
        code=PRECISION.code,
        sources=(source,),
        bias=np.zeros(6, np.int32),
        threshold=threshold,
        pool=pool,
    )
    outputs = int(np.prod(conv.pooled(conv.neuron_shape({"input": shape}))))
    codes = random.integers(-7, 8, (classes, outputs), np.int8)
    last = Layer(
        name="fc",
        kind=LayerKind.LINEAR,
        neuron=None,
        code=PRECISION.code,
        sources=(Source("conv", codes),),
        bias=np.zeros(classes, np.int32),
    )
    return Network(inputs_of(kind, 3 if kind == "counts" else None), shape, 3, (conv, last))


def images_of(network, count=4, density=0.3):
    random = np.random.default_rng(4)
    if network.inputs.static:
        return random.integers(0, 256, (count, *network.input_shape), np.uint8)
    spikes = (random.random((network.time_steps, count, *network.input_shape)) < density).astype(np.uint8)
    return spikes * random.integers(1, network.inputs.largest, spikes.shape, np.uint8, endpoint=True)


def stepped(tokens, interval, *, shared):
    """The cycle of the last token, of one image's hand-overs [hand-overs, words], stepping queue and skip unit."""
    words = [(int(n), i == len(row) - 1) for row in tokens for i, n in enumerate(row)]
    queue, word, wait, cycle = [], None, 0, FIRST_WORD
    while words or queue or word:
        level = len(queue)
        # The skip unit's token, then what the cycle's end brings.
        handed = fired = False
        if word:
            left, fires = word
            last = left == 1
            handed = not (wait and (shared or (fires and last)))
            fired = handed and fires and last
            if handed:
                word = None if last else (left - 1, fires)
        wait = interval - 1 if fired else max(0, wait - 1)
        if word is None and queue:
            word = queue.pop(0)
        if words and level < FEED_DEPTH and (found := words.pop(0))[0]:
            queue.append(found)
        cycle += 1
    return cycle - 1


@pytest.mark.parametrize("share", [1, 2, 8])
@pytest.mark.parametrize("density", [0.05, 0.3, 0.9])
def test_recurrences_are_the_module_stepped(share, density):
    config = plan(network(), lanes=8, lanes_per_neuron_unit=share)
    layer = replace(config.layers[0], groups=1, window=False)
    random = np.random.default_rng(1)
    tokens = random.binomial(12, density * random.random((30, 7, 5))).astype(np.int16)
    tokens[:, -1] = np.maximum(tokens[:, -1], 1)
    found = layer_cycles(layer, config, Words(tokens, tokens)).cycles
    last = [stepped(tokens[..., n], config.fire_interval(layer), shared=share > 1) for n in range(5)]
    assert (found == np.array(last) + fire_latency(layer, config) + WRITE_BACK).all()


def test_a_word_a_cycle_where_nothing_is_set():
    config = plan(network(), lanes=8, lanes_per_neuron_unit=1)
    layer = replace(config.layers[0], window=False)
    tokens = np.zeros((6, 9, 1), np.int16)
    tokens[:, -1] = 1
    # 54 words, the last one's token two cycles after it was pushed, five to the spike, two to the next layer.
    assert layer_cycles(layer, config, Words(tokens, tokens)).cycles == FIRST_WORD + 53 + 2 + 5 + 2


def test_images_do_not_touch_each_other(monkeypatch):
    trained = network(Pool("max", 2))
    config, images = plan(trained, lanes=4), images_of(trained)
    together = measured(trained, config, images)
    for n in range(4):
        assert (measured(trained, config, images[:, n : n + 1]).layer_cycles[0] == together.layer_cycles[n]).all()
    monkeypatch.setattr("model.accelerator.estimate.WORD_BYTES", 1)
    assert (measured(trained, config, images).layer_cycles == together.layer_cycles).all()


def test_a_plane_without_anything_takes_a_cycle_where_there_is_a_sum_to_double():
    """Counts of three bits of one input: of 4 the lower planes double, of 1 and 0 the upper ones are left out."""
    counts = np.array([4, 1, 0], np.uint8).reshape(3, 1, 1, 1, 1)
    trained = first_layer("linear", "counts", (1, 1, 1), input_bits=3)
    own = plan(trained, lanes=4).layers[0]
    words = words_of(stored_counts(layer_inputs(trained, counts)["first"], own), own)
    assert words.bits[..., 0].tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 0]]
    assert words.tokens[..., 0].tolist() == [[1, 1, 1], [0, 0, 1], [0, 0, 1]]


@pytest.mark.parametrize("pool", [None, Pool("max", 2), Pool("sum", 2), Pool("sum", 4)])
@pytest.mark.parametrize("kind", ["pixels", "spikes", "counts"])
@pytest.mark.parametrize(("stride", "padding"), [(1, 1), (2, 2), (1, 0)])
def test_the_bound_counts_the_words_bits(kind, pool, stride, padding):
    shape = (3, 9, 8)
    trained = network(pool, kind=kind, shape=shape, stride=stride, padding=padding)
    config, images = plan(trained, lanes=4), images_of(trained)
    found = measured(trained, config, images)
    inputs = layer_inputs(trained, images)
    for layer, own in zip(trained.layers, found.layers, strict=True):
        words = words_of(stored_counts(inputs[layer.name], own.plan), own.plan)
        assert (words.bits.sum((0, 1)) == own.set_bits).all()
        groups = -(-layer.channels // 4)
        assert (own.bound == own.set_bits * groups).all()
        assert (own.bound <= own.tokens).all()
        assert (own.tokens <= own.cycles).all()
        assert 0 < own.density < 1


def test_bound_of_a_convolution_by_hand():
    trained = network(shape=(1, 3, 3), padding=0)
    bits = np.zeros((3, 1, 3, 3, 1), np.uint8)
    bits[0, 0, 1, 1] = bits[2, 0, 0, 0] = 1
    assert set_bits(trained, trained.layers[0], [bits]) == 2
    trained = network(shape=(1, 3, 3), padding=1)
    assert set_bits(trained, trained.layers[0], [bits]) == 9 + 4  # the middle is in all windows, a corner in four


def test_traffic_by_hand():
    trained = network(Pool("max", 2), shape=(3, 6, 5), padding=0)
    config = plan(trained, lanes=4)
    conv, last = config.layers
    found = traffic(conv, config, 100)
    # 4 x 3 positions, two groups, three steps; a word is three input channels of all steps, and the window reads five
    # columns of three for each row of positions; pooling leaves 2 x 1 places.
    assert found.weights_read == 100 * 4 * 4
    assert found.inputs_read == 2 * 4 * 3 * 5 * 3 * 3
    assert found.spikes_written == 2 * 1 * 4 * 3 * 2 * 4
    assert found.spikes_merged == 2 * 1 * 3 * 3 * 2 * 4
    assert found.membranes == 0
    # Two classes' groups read two words of two places, three steps.
    assert traffic(last, config, 0).inputs_read == 2 * 2 * 2 * 3 * 4


def test_a_window_reads_a_pixel_once_a_row():
    config = plan(network(kind="pixels", shape=(2, 6, 5)), lanes=8)
    assert word_reads(config.layers[0]) == (6 * 3 - 2) * 5
    assert read_places(config.layers[0]) == (6 * 3 - 2) * (5 * 3 - 2)


def test_a_join_by_hand():
    """Two sources and an identity on 2 x 2 places, three steps; four channels are two words of two lanes."""
    random, ones = np.random.default_rng(5), np.ones(4, np.int32)

    def layer(name, *origins, skip=None):
        sources = tuple(Source(origin, random.integers(-7, 8, (4, 4, 1, 1), np.int8)) for origin in origins)
        return Layer(
            name=name,
            kind=LayerKind.CONV,
            neuron=PRECISION.lif(),
            code=PRECISION.code,
            sources=sources,
            bias=ones,
            threshold=ones,
            skip=skip,
            skip_bias=ones if skip else None,
        )

    join = layer("join", "b", "a", skip="a")
    last = Layer(
        name="fc",
        kind=LayerKind.LINEAR,
        neuron=None,
        code=PRECISION.code,
        sources=(Source("join", np.ones((3, 16), np.int8)),),
        bias=ones[:3],
    )
    trained = Network(SPIKES, (4, 2, 2), 3, (layer("a", "input"), layer("b", "a"), join, last))
    config, images = plan(trained, lanes=2, lanes_per_neuron_unit=1), images_of(trained)
    joined = config.layers[2]
    assert word_reads(joined) == 2 * (4 * 3 * 2 + 4 * 3 * 2 + 4 * 3)
    assert (joined.fan_in, joined.group_rows, joined.joined[0].weight_row - joined.weight_row) == (4, 8, 4)
    assert config.weight_rows == 2 * (4 + 4 + 8) + 2 * 16
    assert config.memory_bits["parameters"] == 8 * 2 * 3 * config.accumulator_width
    assert {name: bits for name, bits in config.memory_bits.items() if "spikes" in name} == {
        f"spikes {number}": 4 * 3 * 2 * 2 for number in (1, 2, 3)
    }
    found = measured(trained, config, images).layers[2]
    spikes = run(trained, images)
    assert (found.set_bits == sum(spikes[f"{name}.spikes"].sum((0, 2, 3, 4)) for name in "ab")).all()
    assert found.density == pytest.approx(found.set_bits.mean() / (2 * 3 * 16))


ROWS = (("systolic", 3), ("systolic", 4), ("time-parallel", 3))


@pytest.mark.parametrize(("kind", "choice"), [*(("spikes", each) for each in ROWS), ("pixels", ROWS[0])])
def test_words_of_rows_have_what_is_set_in_any(kind, choice):
    """Hand-overs against slices; what the bound counts does not depend on rows."""
    dataflow, rows = choice
    trained = network(kind=kind, shape=(3, 6, 5))
    config = plan(trained, lanes=24, lanes_per_neuron_unit=1, dataflow=[choice, ("skip", 1)])
    images = images_of(trained)
    (bits,) = layer_inputs(trained, images)["conv"]  # [rounds, N, H, W, C]
    first = config.layers[0]
    tokens = words_of(stored_counts([bits], first), first).bits
    padded = np.pad(bits, ((0, 0), (0, 0), (1, 1), (1, 1 + rows), (0, 0)))
    for number, (y, tile) in enumerate(np.ndindex(*first.tiles)):
        columns = [x for x in range(tile * first.tile, (tile + 1) * first.tile) if x < 5]
        windows = [padded[:, :, y : y + 3, x : x + 3] for x in columns]
        union = np.max(windows, axis=0)
        if dataflow == "time-parallel":
            union = union.max(0, keepdims=True)
        steps = len(union) if kind == "spikes" else 1
        expected_bits = union.reshape(steps, -1, *union.shape[1:]).sum((1, 3, 4, 5))
        assert (tokens[number * steps : (number + 1) * steps].sum(1) == expected_bits).all()
    alone = measured(trained, plan(trained, lanes=24, lanes_per_neuron_unit=1), images).layers[0]
    found = measured(trained, config, images).layers[0]
    assert (found.set_bits == alone.set_bits).all()
    assert (found.bound == alone.bound).all()
    assert found.density == pytest.approx(alone.density)
    assert (found.tokens < alone.tokens).all()


def test_fastest_is_what_is_fastest_layer_by_layer():
    trained, images = network(shape=(3, 12, 12)), images_of(network(shape=(3, 12, 12)))
    cycles = measured_layer(trained, images)
    chosen = fastest(trained, 24, cycles)
    options = choices(trained, trained.layers[0], 24)
    assert options[0] == ("skip", 1)
    assert {dataflow for dataflow, _ in options} == {"skip", "time-parallel", "systolic"}
    taken = [plan(trained, lanes=24, lanes_per_neuron_unit=1, dataflow=[each, ("skip", 1)]) for each in options]
    each = [float(measured(trained, config, images).layers[0].cycles.mean()) for config in taken]
    assert chosen == [options[each.index(min(each))], ("skip", 1)]
    assert min(each) < each[0]
    # Rows of 6 channels fit four times into 24 lanes; without copies beyond that, no other group.
    small = fastest(trained, 8, measured_layer(trained, images), copies=False)
    assert small == [("skip", 1), ("skip", 1)]


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        (("dense", 1), "layer conv, dense with 1 rows: choose one of: skip, time-parallel, systolic"),
        (("skip", 2), "layer conv, skip with 2 rows: skip has one"),
        (("systolic", 30), "layer conv, systolic with 30 rows: the 24 lanes have room for 1 to 24"),
        (("systolic", 1), "rows are two and more"),
        (("systolic", 3), "max pooling of 2 x 2 needs a multiple of 2"),
        (("time-parallel", 2), "rows are the 3 time steps"),
    ],
)
def test_refused_rows(choice, sentence):
    with pytest.raises(UserError, match=sentence):
        plan(network(Pool("max", 2)), lanes=24, lanes_per_neuron_unit=1, dataflow=[choice, ("skip", 1)])
    with pytest.raises(UserError, match="1 dataflows for 2 layers"):
        plan(network(), dataflow=[("skip", 1)])
    with pytest.raises(UserError, match="2 lanes per neuron unit; lanes in rows have a neuron unit each"):
        plan(network(), lanes=24, lanes_per_neuron_unit=2, dataflow=[("systolic", 2), ("skip", 1)])


def test_expectation_of_rows_is_near_images_of_that_density():
    trained = network(shape=(8, 20, 20))
    for choice in ROWS:
        config = plan(trained, lanes=24, lanes_per_neuron_unit=1, dataflow=[choice, ("skip", 1)])
        found = measured(trained, config, images_of(trained, 5, 0.2)).layers[0]
        guess = expected(config, [0.2, 0.2], 2).layers[0]
        assert guess.cycles.mean() == pytest.approx(found.cycles.mean(), rel=0.03)
        assert guess.density == pytest.approx(0.2, rel=0.05)
        assert guess.cycles.mean() == pytest.approx(expected_layer([0.2, 0.2])(config, 0), rel=0.05)


def test_expectations_of_all_dataflows_are_of_the_same_draws():
    trained, densities = network(kind="spikes", shape=(3, 12, 12)), [0.2, 0.3]
    found = [
        expected(plan(trained, lanes=24, lanes_per_neuron_unit=1, dataflow=dataflow), densities, 2)
        for dataflow in (*([choice, ("skip", 1)] for choice in ROWS), "skip", "streaming")
    ]
    (bound,) = {tuple(each.bound) for each in found}
    assert bound[0] != bound[1]
    assert expected(found[0].config, densities).bound == bound[:1]  # further draws change no earlier one
    alone = expected_layer(densities)
    assert [alone(found[0].config, index) for index in (0, 1)] == [layer.cycles[0] for layer in found[0].layers]


@pytest.mark.parametrize("density", [0.0, 0.1, 1.0])
def test_expectation_has_the_density(density):
    config = plan(network(shape=(8, 20, 20)), lanes=8)
    found = expected(config, [density, density], 3)
    for layer in found.layers:
        assert layer.density == pytest.approx(density, rel=0.1)
    again = expected(config, [density, density], 3)
    assert (found.cycles == again.cycles).all()


def test_expectation_is_near_images_of_that_density():
    trained = network(shape=(8, 20, 20))
    config = plan(trained, lanes=8)
    found = measured(trained, config, images_of(trained, 10, 0.2))
    guess = expected(config, [layer.density for layer in found.layers], 10)
    assert guess.cycles.mean() == pytest.approx(found.cycles.mean(), rel=0.02)


@pytest.mark.parametrize(
    ("densities", "sentence"),
    [([0.1], "1 densities; give one for each of 2"), ([0.1, 1.5], "density 1.5; choose 0 to 1")],
)
def test_refused_densities(densities, sentence):
    with pytest.raises(UserError, match=sentence):
        expected(plan(network()), densities)


def test_vgg9_has_the_papers_weights():
    made = vgg9(PRECISION)
    assert sum(layer.sources[0].weight.size for layer in made.layers) == 1_736_896
    assert sum(int(np.prod(shape)) for shape in list(made.shapes.values())[:-1]) == 245_760
    with pytest.raises(UserError, match="images of 30×32 pixels cannot be halved 2 times"):
        vgg9(PRECISION, (3, 30, 32))
