"""Layers start in order, when they may; a planted bug is found."""

from dataclasses import replace

import pytest

from hdl.accelerator.layer_sequencer import LayerSequencer
from hdl.formal.layers import layers
from hdl.formal.proof import prove
from tests.hdl.formal.mutants import check_refuted, mutant


@pytest.mark.parametrize("streaming", [False, True])
def test_layers_start_in_order(streaming):
    record = prove(replace(layers(streaming), covers=("cover_next_layer",), cover_cycles=8))
    assert record.covers == ("next_layer",)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("~running & (~first | present)", "~running"),  # without a packet
        ("cleared & ~running", "~running"),
        ("released << self.bank", "released"),  # always the same bank
        ("Mux(last, 0, layer + 1)", "layer + 1"),
        ("last & last_frame", "last"),  # logits of every frame
    ],
)
def test_a_bug_is_found(old, new):
    check_refuted(layers(True, mutant(LayerSequencer, old, new)))


@pytest.mark.parametrize("lasts", [False, True])
def test_earlier_frames_are_counted(lasts):
    prove(replace(layers(True, lasts=lasts, windows=True, frames=5), covers=()))


@pytest.mark.parametrize(
    ("lasts", "old", "new"),
    [
        (False, "Mux(ends, 0, older)", "older"),  # of the image before
        (True, "self.age.eq(0)", "self.age.eq(self.age)"),  # of the recording before
        (False, "self.slot + 1", "self.slot + 2"),
    ],
)
def test_a_bug_of_windows_is_found(lasts, old, new):
    check_refuted(layers(True, mutant(LayerSequencer, old, new), lasts=lasts, windows=True, frames=5))


def test_a_recording_that_begins_within_an_image_is_found():
    check_refuted(layers(True, mutant(LayerSequencer, "self.frame.eq(0)", "self.frame.eq(self.frame)"), lasts=True))
