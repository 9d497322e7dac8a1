"""Lanes and neuron units do what the law says, whatever they hold; a planted bug is found."""

from dataclasses import replace
from itertools import product

import pytest

from hdl.accelerator.lanes import Lanes
from hdl.formal.catalogue import LANES, WINDOWS_OF_SUMS
from hdl.formal.lanes import lanes, lanes_config
from hdl.formal.proof import prove
from model.config import PRECISIONS, Precision
from model.network.graph import Readout
from model.neurons import MemoryFree
from model.neurons.lif import LEAKS, Reset
from tests.hdl.formal.mutants import check_refuted, mutant, some_now, with_harness

SMALL = Precision(2, 2)
CLUSTER, MEMORY = "hdl.accelerator.cluster", "hdl.accelerator.membrane_memory"
SWAPPED = "write.addr.eq(self.index),\n                write.data.eq(self.total)"


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
    some_now(
        2,
        [
            (2, "Mux(self.neuron.keep, leaving, 0)", "leaving"),
            (1, "m.d.sync += handed.eq(result)", "m.d.sync += handed.eq(sums[0])"),  # without the last weight
            (1, "sums[0].eq(Mux(self.step.fire, 0, result))", "sums[0].eq(result)"),  # goes on with what it handed over
            (1, "self.weights[0] + doubled[0]", "self.weights[0] + sums[0]"),
            (1, "Mux(self.neuron.first, 0, contribution)", "contribution"),
            (2, "write.data.eq(self.membrane)", "write.data.eq(self.membrane & -2)"),
            (2, "threshold.eq(self.parameters.threshold)", "threshold.eq(self.parameters.bias)"),
        ],
    ),
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


@pytest.mark.parametrize(
    ("share", "old", "new", "uses"),
    some_now(
        2,
        [
            (1, "for value in known[:-1]", "for value in known[1:]", (CLUSTER,)),  # sums move the wrong way
            (
                2,
                "write.en.eq(self.neuron.potential)",
                "write.en.eq(self.neuron.potential & ~self.neuron.first)",
                (CLUSTER,),
            ),
            (1, "Mux(self.neuron.first, 0, kept.word", "Mux(0, 0, kept.word", (CLUSTER,)),
            (1, "sums[mode.dilation * j]", "sums[j]", (CLUSTER, "hdl.neurons", "hdl.neurons.memory_free")),
            (
                1,
                "~shifted, shifted) + negative",
                "~shifted, shifted)",
                (CLUSTER, "hdl.neurons", "hdl.neurons.memory_free"),
            ),
        ],
    ),
)
def test_a_bug_of_a_window_is_found(share, old, new, uses):
    modes = MemoryFree(((-1, 0), (0, 0), (1, 2))), MemoryFree(((1, 1), (-1, 0)), 2)
    check_refuted(lanes(lanes_config(SMALL, modes, share=share, time_steps=4), mutant(Lanes, old, new, *uses)))


@pytest.mark.parametrize(
    ("old", "new", "uses"),
    some_now(
        1,
        [
            ("inputs << 1, inputs) + self.step.adds", "inputs << 1, inputs) + 1", ()),  # counts where there is no input
            ("(sums[0] << 1) - self.inputs", "(sums[0] << 1) + self.inputs", (CLUSTER,)),
            ("self.neuron.potential & ~self.neuron.keep & last", "self.neuron.potential & last", ()),
        ],
    ),
)
def test_a_bug_of_weights_without_signs_is_found(old, new, uses):
    check_refuted(lanes(small(2, code="binary"), mutant(Lanes, old, new, *uses)))


def test_windows_of_sums_are_the_laws():
    record = prove(lanes(next(each for each in WINDOWS_OF_SUMS if len(each.modes) == 2)))
    assert "goes_on" in record.covers


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


@pytest.mark.parametrize(
    ("old", "new"),
    some_now(
        1,
        [
            ("clusters[lane - apart].kept", "clusters[lane].kept"),  # a lane goes on with its own state
            ("if 0 < each <= lane", "if 0 < each < lane"),  # so do those of the second row
            ("if 0 < each <= lane", "if each == 1 <= lane"),  # every row has one lane
        ],
    ),
)
def test_a_bug_of_rows_is_found(old, new):
    """Two layers with rows, of one lane and of two."""
    check_refuted(lanes(lanes_config(SMALL, SMALL.lifs(1, 2), units=4, relays=True), mutant(Lanes, old, new)))


@pytest.mark.parametrize(
    ("share", "options", "old", "new", "uses"),
    some_now(
        1,
        [
            (2, {}, "Mux(first, 0, before) +", "before +", ()),  # of the image before
            (1, {}, "Mux(first, 0, before) +", "Mux(self.neuron.first, 0, before) +", ()),
            (2, {}, "write.addr.eq(index),\n                write.data.eq(self.total)", SWAPPED, ()),
            (1, {"streaming": True}, "before.eq(self.carried)", "before.eq(self.total)", ()),
            (2, {"streaming": True}, "own_behind.eq(sums)", "own_behind.eq(own)", (MEMORY,)),
            (2, {"streaming": True}, "update, sums = self.update, ", "sums = ", (MEMORY,)),
        ],
    ),
)
def test_a_bug_of_readouts_is_found(share, options, old, new, uses):
    config = small(share, readout=Readout.COUNT, **options)
    check_refuted(lanes(config, mutant(Lanes, old, new, *(uses or (CLUSTER,)))))


def test_a_wrong_readout_is_refuted():
    """Potentials where spikes are counted."""
    check_refuted(with_harness(lanes(small(readout=Readout.COUNT)), "`COUNTS ? spike : potential", "potential"))


def test_a_bug_of_streaming_is_found():
    """Sums behind the membranes' last word."""
    goes_on = "(self.first if config.totals else self.first | self.sums)", "self.first"
    check_refuted(lanes(small(2, streaming=True), mutant(Lanes, *goes_on, "hdl.accelerator.membrane_memory")))


def test_a_wrong_law_is_refuted():
    check_refuted(with_harness(lanes(small()), "found = v >>> 1;", "found = v / 2;"))
