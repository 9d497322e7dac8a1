"""The accelerator's control keeps its parts apart, and a planted bug is found."""

from dataclasses import replace

import pytest

from hdl.accelerator.accelerator import Accelerator
from hdl.formal.accelerator import accelerator
from hdl.formal.proof import prove
from tests.hdl.formal.mutants import check_refuted, mutant


def test_parts_keep_apart():
    record = prove(replace(accelerator("spikes", 1, least=True), covers=("cover_fire_after_fire",)))
    assert record.covers == ("fire_after_fire",)


def test_feeders_fire_as_often_as_the_sequencer_counts():
    """With every loop going around; the window's as well."""
    assert prove(replace(accelerator("pixels", 1), covers=())).counterexample is None


@pytest.mark.parametrize(
    ("share", "old", "new"),
    [
        (1, "start.eq(cleared & ~running & (~first | present))", "start.eq(cleared & ~running)"),  # without an image
        (1, "start.eq(cleared & ~running & (~first", "start.eq(cleared & (~first"),  # while a layer is at work
        (1, "released.eq(first & sequencer.done)", "released.eq(first & running)"),  # a bank that is being read
        (1, "m.d.sync += wait.eq(interval)", "m.d.sync += wait.eq(interval - 1)"),  # hands over too early
        (2, "(token.fire if share == 1 else Const(1))", "token.fire"),  # adds while sums move past the unit
        (1, "(reserved | self._results_busy)", "reserved"),  # logits over those that wait
        (1, "neuron.update & sequencer.complete & ~sequencer.spiking)", "neuron.potential & ~sequencer.spiking)"),
    ],
)
def test_a_bug_is_found(share, old, new):
    check_refuted(accelerator("spikes", share, mutant(Accelerator, old, new), least=True))


@pytest.mark.parametrize(
    ("kind", "uses", "old", "new"),
    [
        ("spikes", "word_feeder", "loops.round_ends & (each | loops.last_round)", "loops.round_ends"),
        ("spikes", "skip_unit", "payload.fire.eq(word.fire & last)", "payload.fire.eq(word.fire)"),
        ("spikes", "fire_sequencer", '"column": plan.tiles[1],', '"column": plan.tiles[1] + plan.spiking,'),
        ("pixels", "pixel_window", "until.eq(plan.tile * plan.stride - 1)", "until.eq(plan.tile * plan.stride - 2)"),
    ],
)
def test_a_bug_of_loops_is_found(kind, uses, old, new):
    """A feeder that fires too often, or a sequencer that waits for more."""
    check_refuted(accelerator(kind, 1, mutant(Accelerator, old, new, f"hdl.{uses}")))


def test_a_bug_of_frames_is_found():
    """Sends logits after every frame."""
    changed = mutant(
        Accelerator, "last & (self._frame == config.frames - 1) if config.streaming", "last if config.streaming"
    )
    check_refuted(accelerator("spikes", 1, changed, "streaming"))


def test_a_bug_of_rows_is_found():
    """Hands over while spikes of the time step before are still being stored."""
    changed = mutant(Accelerator, "m.d.sync += wait.eq(interval)", "m.d.sync += wait.eq(interval - 1)")
    check_refuted(accelerator("pixels", 1, changed, "systolic"))
