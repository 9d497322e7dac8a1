"""The memory-free neuron against its formula, and what no such neuron is."""

from itertools import product

import numpy as np
import pytest

from model.errors import UserError
from model.neurons import NEURONS, MemoryFree

NEURON = MemoryFree(((-1, 0), (0, 0), (1, 2), (1, 1)), dilation=2)


def run(neuron, sums, bias, threshold):
    """Potentials and spikes of sums [T]."""
    state, found = 0, []
    for value in sums:
        potential, spike, state = neuron.step(value, bias, state, threshold)
        found.append((potential, spike))
    return found


def test_a_potential_is_the_sum_over_the_window():
    random = np.random.default_rng(0)
    sums = random.integers(-50, 50, 12)
    for t, (potential, spike) in enumerate(run(NEURON, sums.tolist(), 7, 30)):
        wanted = 7 - sums[t] + sum(scale * sums[t - back] for scale, back in ((4, 4), (2, 6)) if back <= t)
        assert (potential, spike) == (wanted, int(wanted >= 30))


def test_a_spike_leaves_the_past_as_it_is():
    sums = [9, 1, 1, 1]
    assert [h for h, _ in run(MemoryFree.fading(3), sums, 0, 5)] == [
        h for h, _ in run(MemoryFree.fading(3), sums, 0, 99)
    ]


def test_arrays_and_integers_agree():
    sums = np.random.default_rng(1).integers(-40, 40, (8, 5), np.int32)
    found = run(NEURON, list(sums), 3, 20)
    each = [run(NEURON, row.tolist(), 3, 20) for row in sums.T]
    assert [(h.tolist(), s.tolist()) for h, s in found] == [
        tuple(map(list, zip(*step, strict=True))) for step in zip(*each, strict=True)
    ]


@pytest.mark.parametrize("neuron", [NEURON, MemoryFree.fading(3), MemoryFree(((-1, 1), (1, 0)))])
@pytest.mark.parametrize(("low", "high"), [(-2, 1), (0, 3), (-3, 0)])
def test_the_range_is_reached_and_not_passed(neuron, low, high):
    steps = 1 + neuron.depth
    ends = [run(neuron, sums, 0, 0)[t][0] for sums in product((low, high), repeat=steps) for t in range(steps)]
    assert neuron.potential_range(low, high) == (min(ends), max(ends))
    arrays = neuron.potential_range(np.array([low]), np.array([high]))
    assert [int(each[0]) for each in arrays] == [min(ends), max(ends)]


def test_gain_bits_hold_the_sum_of_the_taps():
    for taps in product(range(4), repeat=3):
        shifts = [shift - min(taps) for shift in taps]
        neuron = MemoryFree(tuple((1, shift) for shift in shifts))
        assert 2 ** (neuron.gain_bits - 1) < sum(2**shift for shift in shifts) <= 2**neuron.gain_bits


def test_a_neuron_is_a_key_and_comes_back_from_its_fields():
    assert NEURONS["memory-free"].of(NEURON.fields()) == NEURON
    assert len({NEURON, MemoryFree.of(NEURON.fields()), MemoryFree.fading(4)}) == 2
    assert (NEURON.depth, NEURON.gain_shift, NEURON.state_bits) == (6, 2, 0)
    assert MemoryFree(((1, 0), (0, 0))).depth == 0  # no sum of the past counts


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"taps": []}, "a window of 0 taps; choose 1 to 8"),
        ({"taps": [[1, 0]] * 9}, "a window of 9 taps"),
        ({"taps": [[1, 8], [1, 0]]}, r"tap \[1, 8\]; give a sign of -1 or 1 and a shift of 0 to 7"),
        ({"taps": [[2, 0]]}, r"tap \[2, 0\]"),
        ({"taps": [[0, 1], [1, 0]]}, r"tap \[0, 1\]"),
        ({"taps": [[0, 0]]}, "all taps are 0"),
        ({"taps": [[1, 1]]}, "the least shift of the taps is 1"),
        ({"taps": [[1]]}, r"give a list of \[sign, shift\]"),
        ({"taps": [[1.0, 0]]}, r"give a list of \[sign, shift\]"),
        ({"taps": [[1, 0]], "dilation": 9}, "dilation 9; choose 1 to 8"),
    ],
)
def test_what_no_neuron_is_is_refused(fields, sentence):
    with pytest.raises(UserError, match=sentence):
        MemoryFree.of({"dilation": 1, **fields})
