"""An array's outputs keep their contract, and its elements get what they are promised; a planted bug is found."""

from dataclasses import replace

import pytest

from hdl.array.systolic_array import SystolicArray
from hdl.formal.catalogue import ARRAYS
from hdl.formal.proof import prove
from hdl.formal.systolic_array import systolic_array
from tests.hdl.formal.mutants import check_refuted, mutant, some_now


def test_streams_keep_their_contract():
    proof = systolic_array(ARRAYS[1])
    record = prove(replace(proof, covers=("cover_full_then_empty", "cover_sums_wait")))
    assert record.covers == ("full_then_empty", "sums_wait")


@pytest.mark.parametrize(
    ("old", "new"),
    some_now(
        4,
        [
            ("with m.If(advance):\n            m.d.sync += second.eq(result)", "m.d.sync += second.eq(result)"),  # lost
            ("first_valid.eq(second_valid | (token.spikes & advance))", "first_valid.eq(second_valid | token.spikes)"),
            (
                "neuron.spike, last - column, advance)",
                "neuron.spike, last - column, Signal(init=1))",
            ),  # does not freeze
            ("advance.eq(~(fills | refused))", "advance.eq(~fills)"),  # sums that wait are overwritten
            (
                "m.d.comb += last_cycle.eq(config.columns)",
                "m.d.comb += last_cycle.eq(config.columns - 1)",
            ),  # or too early
            ("parameters.ready.eq(advance)", "parameters.ready.eq(1)"),  # taken while frozen
            ("preload.eq(token.shift & advance)", "preload.eq(token.shift)"),  # the ring moves while frozen
            ("weight.eq(Mux(advance, skewed, 0))", "weight.eq(skewed)"),  # promises to the elements
            ("token.control.fire.eq(action == Action.FIRE)", "token.control.fire.eq(1)"),  # and to the neuron units
        ],
    ),
)
def test_a_bug_is_found(old, new):
    check_refuted(systolic_array(ARRAYS[0], mutant(SystolicArray, old, new)))
