"""Another order of the same Verilog."""

from collections import Counter

import pytest

from hdl.formal.mutation import Verdict, compare
from hdl.synthesis.designs import Variant
from hdl.synthesis.shuffle import shuffled
from model.config import Precision

VARIANTS = (
    Variant("mint_pe", Precision(2, 2)),
    Variant("mint_array", Precision(2, 2)),
    Variant("uq_shared_array", Precision(2, 2), 4),
)


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.design)
def test_the_lines_are_the_same_and_their_order_is_the_seeds(variant):
    text = variant.verilog(2, 2)
    first, again, second = (shuffled(text, seed) for seed in (1, 1, 2))
    assert first == again
    assert len({text, first, second}) == 3
    for other in (first, second):
        lines, others = (Counter(line for line in each.splitlines() if "module " not in line) for each in (text, other))
        assert lines == others


@pytest.mark.parametrize("variant", VARIANTS[:2], ids=lambda variant: variant.design)
def test_it_does_the_same(variant, tmp_path):
    text = variant.verilog(2, 1)
    assert compare(text, shuffled(text, 1), variant.design, tmp_path, 60) is Verdict.SAME
    assert compare(text, shuffled(text, 1).replace("~", "", 1), variant.design, tmp_path, 60) is Verdict.DIFFERENT
