"""The accelerator's control keeps its parts apart, and a planted bug is found; `make formal` has all of its forms."""

from dataclasses import replace

import pytest

from hdl.accelerator.accelerator import Accelerator
from hdl.formal.accelerator import accelerator
from hdl.formal.proof import prove
from tests.hdl.formal.mutants import check_refuted, mutant, some_now


def changed(old, new, uses):
    """The accelerator with another text in a module of its room, which it uses directly or through others."""
    return mutant(Accelerator, old, new, *(f"hdl.accelerator.{each}" for each in uses))


def test_parts_keep_apart():
    record = prove(replace(accelerator("spikes", 1, least=True), covers=("cover_fire_after_fire",)))
    assert record.covers == ("fire_after_fire",)


@pytest.mark.nightly
def test_sources_that_join_take_turns():
    assert prove(replace(accelerator("spikes", 1, joins=True), covers=())).counterexample is None


@pytest.mark.nightly
def test_feeders_fire_as_often_as_the_sequencer_counts():
    """With every loop going around; the window's as well."""
    assert prove(replace(accelerator("pixels", 1), covers=())).counterexample is None


@pytest.mark.parametrize(
    ("share", "uses", "old", "new"),
    some_now(
        1,
        [
            # A layer starts without an image, or while another is at work; a bank is released while it is being read.
            (
                1,
                ["layer_sequencer"],
                "start.eq(cleared & ~running & (~first | present))",
                "start.eq(cleared & ~running)",
            ),
            (1, ["layer_sequencer"], "start.eq(cleared & ~running & (~first", "start.eq(cleared & (~first"),
            (1, ["layer_sequencer"], "released.eq(first & self.done)", "released.eq(first & running)"),
            # A token hands over too early, adds while sums move past the unit, or its logits meet those that wait.
            (1, ["token_pipeline"], "wait.eq(interval)", "wait.eq(interval - 1)"),
            (2, ["token_pipeline"], "(token.fire if config.lanes_per_neuron_unit == 1 else Const(1))", "token.fire"),
            (1, ["token_pipeline"], "(reserved | self.results_busy)", "reserved"),
            (1, [], "tokens.summed.eq(complete & reads)", "tokens.summed.eq(neuron.potential & reads)"),
        ],
    ),
)
def test_a_bug_is_found(share, uses, old, new):
    check_refuted(accelerator("spikes", share, changed(old, new, uses), least=True))


@pytest.mark.parametrize(
    ("kind", "uses", "old", "new"),
    some_now(
        1,
        [
            ("spikes", ["feed", "word_feeder"], "loops.round_ends & (each | loops.last_round)", "loops.round_ends"),
            ("spikes", ["skip_unit"], "payload.fire.eq(word.fire & last)", "payload.fire.eq(word.fire)"),
            ("spikes", ["fire_sequencer"], '"column": plan.tiles[1],', '"column": plan.tiles[1] + plan.spiking,'),
            (
                "pixels",
                ["feed", "pixel_window"],
                "until.eq(plan.tile * plan.stride - 1)",
                "until.eq(plan.tile * plan.stride - 2)",
            ),
        ],
    ),
)
def test_a_bug_of_loops_is_found(kind, uses, old, new):
    """A feeder that fires too often, or a sequencer that waits for more."""
    check_refuted(accelerator(kind, 1, changed(old, new, uses)))


def test_a_bug_of_frames_is_found():
    """Sends logits after every frame."""
    streams = changed("last & last_frame", "last", ["layer_sequencer"])
    check_refuted(accelerator("spikes", 1, streams, "streaming"))


def test_a_bug_of_rows_is_found():
    """Hands over while spikes of the time step before are still being stored."""
    hurries = changed("wait.eq(interval)", "wait.eq(interval - 1)", ["token_pipeline"])
    check_refuted(accelerator("pixels", 1, hurries, "systolic"))


@pytest.mark.parametrize(
    ("old", "new"),
    some_now(
        1,
        [
            ("return loops, hands_over & last_source, ", "return loops, hands_over, "),  # fires after every source
            ("turn.eq(Mux(last_source, 0, turn + 1))", "turn.eq(Mux(last_source, 0, turn))"),
            (".source_memory for plan in plans]", ".memory for plan in plans]"),  # reads what it writes
        ],
    ),
)
def test_a_bug_of_joins_is_found(old, new):
    check_refuted(accelerator("spikes", 1, changed(old, new, ["feed", "word_feeder"]), joins=True))
