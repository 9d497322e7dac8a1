"""Whatever a neuron unit holds and gets, it does what docs/numerics.md says; a planted bug is found."""

from itertools import product
from pathlib import Path

import pytest

from hdl.array.neuron_unit import NeuronUnit
from hdl.formal.catalogue import neuron_units
from hdl.formal.neuron_unit import covers, neuron_unit
from hdl.formal.proof import prove
from model.array import ArrayConfig
from model.config import Precision
from model.network import bundle
from model.network.shipped import FOLDER
from model.neurons import Lif
from model.neurons.lif import LEAKS, Reset
from tests.hdl.formal.mutants import check_refuted, mutant, some_now, with_harness


def unit(weight_width, membrane_width, *leaks, joins=False):
    precision = Precision(weight_width, membrane_width)
    width = precision.code.accumulator_width
    return ArrayConfig(precision=precision, accumulator_width=width, neurons=precision.lifs(*leaks), joins=joins)


def test_unit_is_the_laws():
    array = unit(4, 4, 0, 1, 7, joins=True)
    record = prove(neuron_unit(array))
    assert [f"cover_{cover}" for cover in record.covers] == list(covers(array))
    assert {"high_saturation", "low_saturation", "tie", "adds_bias_skip"} <= set(record.covers)


MIXED = ArrayConfig(
    precision=Precision(2, 5), accumulator_width=12, neurons=(Lif(3, 0), Lif(3, 2), Lif(5, 1)), joins=True
)
"""Tiles with membranes of two widths, of which the last is the unit's."""


def test_a_unit_for_two_widths_saturates_each_at_its_own():
    record = prove(neuron_unit(MIXED))
    assert record.configuration.endswith("r = 0 with 3 bits; r = 2 with 3 bits; r = 1 with 5 bits")
    assert {"high_saturation", "low_saturation"} <= set(record.covers)


def test_a_unit_that_saturates_all_at_the_widest_is_refuted():
    widest = "codes[mode.membrane_width]", "codes[max(codes)]"
    check_refuted(neuron_unit(MIXED, mutant(NeuronUnit, *widest, "hdl.neurons", "hdl.neurons.lif")))


def test_a_unit_of_five_bits_is_the_laws():
    assert prove(neuron_unit(unit(5, 5, 1, 3))).counterexample is None


def test_all_widths_and_leaks_are_in_the_catalogue():
    mint = [array for array in neuron_units() if {(n.leak, n.reset) for n in array.neurons} == {(1 / 2, "zero")}]
    single = {(*_widths(array), *_leaks(array)) for array in mint if not array.joins}
    joins = {_widths(array) for array in mint if array.joins}
    assert single == {(*widths, leak) for widths in product((2, 4, 8), (2, 4, 8)) for leak in range(16)}
    assert joins == set(product((2, 4, 8), (2, 4, 8)))


def test_every_member_of_the_family_is_in_the_catalogue():
    found = {(neuron.leak, neuron.reset, array.membrane_width) for array in neuron_units() for neuron in array.neurons}
    kept = {(leak, reset, width) for leak in LEAKS[1:] for reset in Reset for width in (2, 4, 8)}
    assert kept <= found
    assert {(0.0, reset) for reset in Reset} <= {each[:2] for each in found}
    for leak, reset, width in kept:
        rs = {
            n.r
            for a in neuron_units()
            for n in a.neurons
            if (n.leak, n.reset, n.membrane_width) == (leak, reset, width)
        }
        assert rs >= set(range(1, 16))


OTHERS = (
    Lif(2, 3, 3 / 4, Reset.SUBTRACT),
    Lif(4, 1, 7 / 8),
    Lif(4, 2, 1 / 2, Reset.NONE),
    Lif(4, 2, 1.0, Reset.SUBTRACT),
)
"""Tiles of different members of the family."""
FAMILY = ArrayConfig(precision=Precision(2, 4), accumulator_width=10, neurons=OTHERS, joins=True)


def test_a_unit_for_several_members_is_the_laws():
    assert {"rounds_down", "rounds_up", "vanishes", "subtracts", "clears"} <= set(prove(neuron_unit(FAMILY)).covers)


@pytest.mark.parametrize(
    ("old", "new"),
    some_now(
        3,
        [
            ("towards_zero and shift else Const(0)", "False else Const(0)"),  # rounds down
            ("up & fits & low.any()", "up & fits"),  # the code below the least
            ("(left << k) - left if k else left for", "left << k if k else left for"),  # 1 for 1 - 2^-k
            ("subtracts.eq(mode.reset == Reset.SUBTRACT)", "subtracts.eq(mode.reset != Reset.ZERO)"),
            ("clears.eq(mode.reset == Reset.ZERO)", "clears.eq(mode.reset != Reset.NONE)"),
            ("signed(len(potential) + 1)", "signed(len(potential))"),  # a negative threshold
        ],
    ),
)
def test_a_bug_of_another_member_is_found(old, new):
    check_refuted(neuron_unit(FAMILY, mutant(NeuronUnit, old, new, "hdl.neurons", "hdl.neurons.lif")))


def test_the_largest_r_is_the_laws():
    (array,) = (array for array in neuron_units() if _widths(array) == (2, 4) and _leaks(array) == (15,))
    assert {"high_saturation", "low_saturation", "rounds_down"} <= set(prove(neuron_unit(array)).covers)


def test_the_shipped_networks_have_proved_leaks():
    proved = {(*_widths(array), *_leaks(array)) for array in neuron_units() if not array.joins}
    for path in Path(FOLDER).glob("*.safetensors"):
        for layer in bundle.read(path).layers:
            if isinstance(layer.neuron, Lif):  # memory-free ones are proved with their lanes
                assert (layer.code.value_width, layer.neuron.membrane_width, layer.neuron.r) in proved


def _leaks(array):
    return tuple(neuron.r for neuron in array.neurons)


def _widths(array):
    return array.weight_width, array.membrane_width


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            "law.store(m, potential, parameters.threshold, self.spike, modes, self.leak)",
            "law.store(m, potential, parameters.threshold, self.spike & 0, modes, self.leak)",
        ),  # no reset
        ("self.advance & (self.load | self.control.add_membrane)", "self.load | self.control.add_membrane"),
    ],
)
def test_a_bug_is_found(old, new):
    check_refuted(neuron_unit(unit(2, 4, 3), mutant(NeuronUnit, old, new)))


@pytest.mark.parametrize(
    ("old", "new"),
    some_now(
        2,
        [
            ("potential >= threshold", "potential > threshold"),  # a tie
            ("low[0] | (sign & ~low.any())", "low[0]"),  # the code -2^(U-1)
            ("left << k) - left if k else left", "left << k) - left if k else left + 1"),  # not floor
            ("membrane >> 1 if mode.r == 0 else membrane << (mode.r - 1)", "membrane << mode.r"),
        ],
    ),
)
def test_a_bug_of_the_membrane_is_found(old, new):
    check_refuted(neuron_unit(unit(2, 4, 3), mutant(NeuronUnit, old, new, "hdl.neurons", "hdl.neurons.lif")))


@pytest.mark.parametrize(
    ("old", "new"),
    some_now(
        1,
        [
            ("towards_zero & product < 0", "product < 0"),
            ("share < -limit ? -limit", "share < -limit - 1 ? -limit - 1"),
            ("(double ? two * sum : sum)", "sum"),
        ],
    ),
)
def test_a_wrong_law_is_refuted(old, new):
    check_refuted(with_harness(neuron_unit(unit(2, 4, 3)), old, new))
