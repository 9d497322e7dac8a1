"""The window reads and hands on the pixels of its loops; a planted bug is found."""

from dataclasses import replace

import pytest

from hdl.accelerator.pixel_window import PixelWindow
from hdl.formal.proof import prove
from hdl.formal.window_pixels import window_pixels
from tests.hdl.formal.mutants import check_refuted, mutant, some_now


def test_planes_are_those_of_the_loops():
    record = prove(replace(window_pixels("pixels", 2, 1, 0), covers=("cover_reads_on",), cover_cycles=12))
    assert record.covers == ("reads_on",)


@pytest.mark.parametrize(
    ("old", "new"),
    some_now(
        1,
        [
            ("-plan.padding * (columns + 1)", "-plan.padding * columns"),
            ("Mux(found, self.data, 0), bottom", "Mux(found | bottom, self.data, 0), bottom"),  # not 0 around the map
            ("until.eq(plan.tile * plan.stride - 1)", "until.eq(plan.tile * plan.stride)"),
            ("advance.eq(~complete | captured)", "advance.eq(1)"),  # slides on before the window was taken
            ("(some | item.fire | ~blank)", "(some | ~blank)"),
        ],
    ),
)
def test_a_bug_is_found(old, new):
    check_refuted(window_pixels("pixels", 2, 2, 1, 1, mutant(PixelWindow, old, new)))


@pytest.mark.parametrize(
    ("old", "new"),
    some_now(
        1,
        [
            ("left.eq(each - 1)", "left.eq(each - 2)"),  # hands over after the first plane
            ("blank.eq(item.fire | (blank & ~some))", "blank.eq(blank & ~some)"),  # doubles what was handed over
        ],
    ),
)
def test_a_bug_of_counts_is_found(old, new):
    check_refuted(window_pixels("counts", 2, 2, 1, 1, mutant(PixelWindow, old, new)))


def test_time_steps_are_those_of_the_loops():
    record = prove(replace(window_pixels("spikes", 2, 1, 0), covers=("cover_second_window",), cover_cycles=16))
    assert record.covers == ("second_window",)


@pytest.mark.parametrize(
    ("old", "new"),
    some_now(
        1,
        [
            ("captured.eq(complete & (~emitting | (passes & last)))", "captured.eq(complete & (~emitting | passes))"),
            ("plane.eq(rounds - 1)", "plane.eq(0)"),
            ("value.eq(value << 1)", "value.eq(value >> 1)"),
        ],
    ),
)
def test_a_bug_of_time_steps_is_found(old, new):
    check_refuted(window_pixels("spikes", 2, 2, 1, 1, mutant(PixelWindow, old, new)))
