"""Lanes and neuron units do what the law says, whatever they hold; a planted bug is found."""

from dataclasses import replace
from itertools import product

import pytest

from hdl.accelerator.lanes import Lanes
from hdl.formal.catalogue import LANES
from hdl.formal.lanes import lanes, lanes_config
from hdl.formal.proof import prove
from model.config import PRECISIONS, Precision
from model.neurons.lif import LEAKS, Reset
from tests.hdl.formal.mutants import check_refuted, mutant, with_harness

SMALL = Precision(2, 2)
CLUSTER = "hdl.accelerator.cluster"


def small(share=1, *leaks, **options):
    return lanes_config(SMALL, SMALL.lifs(*(leaks or (1,))), share=share, **options)


def test_lanes_are_the_laws():
    record = prove(replace(lanes(small(2, skips=True)), covers=("cover_saturates_low", "cover_shortcut")))
    assert record.covers == ("saturates_low", "shortcut")


def test_all_widths_are_in_the_catalogue():
    proved = [(each.weight_width, each.membrane_width, each.lanes_per_neuron_unit) for each in LANES if each.skips]
    widths = [(each.weight_width, each.membrane_width) for each in PRECISIONS]
    assert proved == [(*pair, share) for pair in widths for share in (1, 2)]


@pytest.mark.parametrize(
    ("share", "old", "new"),
    [
        (1, "sums[0].eq(Mux(self.step.fire, 0, result))", "sums[0].eq(result)"),  # goes on with what it handed over
        (1, "self.weights[0] + doubled[0]", "self.weights[0] + sums[0]"),
        (1, "m.d.sync += handed.eq(result)", "m.d.sync += handed.eq(sums[0])"),  # without the last weight
        (1, "Mux(self.neuron.first, 0, contribution)", "contribution"),
        (2, "Mux(self.neuron.keep, leaving, 0)", "leaving"),
        (2, "write.data.eq(self.membrane)", "write.data.eq(self.membrane & -2)"),
        (2, "threshold.eq(self.parameters.threshold)", "threshold.eq(self.parameters.bias)"),
    ],
)
def test_a_bug_is_found(share, old, new):
    check_refuted(lanes(small(share), mutant(Lanes, old, new, CLUSTER)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("potential >= threshold", "potential > threshold"),
        ("left << k) - left if k else left", "left << k) - left if k else left + 1"),
    ],
)
def test_a_bug_of_the_neuron_is_found(old, new):
    check_refuted(lanes(small(), mutant(Lanes, old, new, CLUSTER, "hdl.neurons", "hdl.neurons.lif")))


def test_a_bug_of_another_member_is_found():
    """Subtracts where nothing is reset."""
    config = next(each for each in LANES if each.modes[0].leak == 3 / 4)
    wrong = "subtracts.eq(mode.reset == Reset.SUBTRACT)", "subtracts.eq(mode.reset != Reset.ZERO)"
    check_refuted(lanes(config, mutant(Lanes, *wrong, CLUSTER, "hdl.neurons", "hdl.neurons.lif")))


def test_all_leaks_and_resets_are_in_the_catalogue():
    assert {(mode.leak, mode.reset) for each in LANES for mode in each.modes} == set(product(LEAKS, Reset))


def test_a_bug_of_the_mode_is_found():
    """A layer with the state of another one's r."""
    check_refuted(lanes(small(1, 1, 2), mutant(Lanes, "modes = [plan.mode for", "modes = [0 for")))


def test_a_bug_of_the_shortcut_is_found():
    swapped = "word_select(j, share).bit_select(self.index, 1)", "word_select(j, share)[0]"
    check_refuted(lanes(small(2, skips=True), mutant(Lanes, *swapped)))


def test_a_bug_of_relays_is_found():
    """A lane goes on with its own state, not with that of the row before."""
    alone = mutant(Lanes, "clusters[lane - apart].kept", "clusters[lane].kept")
    check_refuted(lanes(lanes_config(SMALL, SMALL.lifs(1), units=2, relays=True), alone))


def test_a_bug_of_streaming_is_found():
    """Sums behind the membranes' last word."""
    goes_on = "(self.first if config.totals else self.first | self.sums)", "self.first"
    check_refuted(lanes(small(2, streaming=True), mutant(Lanes, *goes_on, "hdl.accelerator.membrane_memory")))


def test_a_wrong_law_is_refuted():
    check_refuted(with_harness(lanes(small()), "found = v >>> 1;", "found = v / 2;"))
