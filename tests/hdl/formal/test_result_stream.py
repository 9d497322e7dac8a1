"""Logits, class and stream contract of the results, and a planted bug is found."""

from dataclasses import replace

import pytest

from hdl.accelerator.result_stream import ResultStream
from hdl.formal.proof import prove
from hdl.formal.result_stream import result_config, result_stream
from tests.hdl.formal.mutants import check_refuted, mutant, some_now


def test_results_come_in_order():
    record = prove(replace(result_stream(result_config(2, 2, 1)), covers=("cover_tie",)))
    assert record.covers == ("tie",)


@pytest.mark.parametrize(
    ("old", "new"),
    some_now(
        3,
        [
            ("(logits[0] > best)", "(logits[0] >= best)"),  # the last of those that tie
            ("greater.eq((sent == 0) | ", "greater.eq("),  # compared with the image before
            (
                "moving.eq(self.valid & self.ready & ~finishing)",
                "moving.eq(self.valid & ~finishing)",
            ),  # moves while it waits
            ("with m.If(self.valid & self.ready):", "with m.If(self.valid):"),  # lost while it waits
            (
                "last_group.eq(group == config.output_groups - 1)",
                "last_group.eq(group == 0)",
            ),  # a class too early
            ("winner.eq(sent)", "winner.eq(left)"),
        ],
    ),
)
def test_a_bug_is_found(old, new):
    check_refuted(result_stream(result_config(5, 2, 1), mutant(ResultStream, old, new)))
