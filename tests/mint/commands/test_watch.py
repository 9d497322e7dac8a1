"""``mint watch``, and recordings as ``--input`` of any command."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mint.plots import plot_logits
from model import datasets
from model.datasets import Framing
from model.datasets.events.recording import frames
from model.datasets.events.sets import opened
from model.errors import UserError
from model.golden.rolling import rolling
from model.network import bundle
from model.network.network import Network
from model.network.shipped import FOLDER
from tests.mint.commands.test_model_commands import mint
from tests.mint.test_plots import shown
from tests.model.datasets.events import files
from tests.model.datasets.events.test_frames import events_of

MOVING = FOLDER / "moving-w2-memory-free.safetensors"
ROWS = [(1000 * step, step % 9, step % 7, step % 2) for step in range(31)]
"""An event per millisecond."""


@pytest.fixture
def network() -> Network:
    """Takes N-MNIST's recordings, cut to frames of 12 × 12 of four milliseconds."""
    found = bundle.read(MOVING)
    known = {"dataset": "n-mnist", "framing": {"time_steps": 8, "step_us": 4000, "frame_size": 12}}
    return replace(found, provenance=known)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_class_while_recordings_run() -> None:
    said = mint("watch", str(MOVING), "--recordings", "3")
    assert "3 windows are classified right" in said
    report = json.loads(Path("build/watch.json").read_text(encoding="utf-8"))
    network, test = bundle.read(MOVING), datasets.load("moving-digits").test
    logits = rolling(network, test.images[:3].swapaxes(0, 1))
    assert report["logits"] == logits.tolist()
    assert [each["end"] for each in report["windows"]] == [8, 16, 24]
    assert [each["class"] for each in report["windows"]] == logits[7::8].argmax(1).tolist()
    assert [each["label"] for each in report["windows"]] == test.labels[:3].tolist()
    assert Path("build/watch.png").stat().st_size > 10_000
    texts = shown(Path("build/watch.svg"))
    assert "logits of the last T steps" in texts
    assert all(report["class_names"][each["class"]] in " ".join(texts) for each in report["windows"])


def test_a_picture_says_which_windows_are_wrong(tmp_path: Path) -> None:
    windows = [
        {"end": 2, "class": 1, "label": 1},
        {"end": 4, "class": 0, "label": 2},
        {"end": 6, "class": 0, "label": None},
    ]
    logits = [[step, 2 * step, 0] for step in range(6)]
    report = {"logits": logits, "windows": windows, "class_names": ["a", "b", "c"], "time_steps": 2}
    plot_logits(report, tmp_path / "x.svg", [".svg"])
    texts = shown(tmp_path / "x.svg")
    assert [text for text in texts if text in ("a", "b", "c", "a ≠ c")][:3] == ["b", "a ≠ c", "a"]


def test_a_recording_is_an_input_of_any_command(network: Network) -> None:
    path = files.bin_file(Path("a.bin"), ROWS)
    events = events_of(*ROWS)
    wanted, _ = frames(events, Framing(8, 4000, 12), (34, 34))
    assert np.array_equal(opened(path, network), wanted[None])

    # Half the time a step: 31 ms are 16 steps, two images; equal parts are always one.
    half = replace(network, provenance={"dataset": "n-mnist", "framing": {"step_us": 2000}})
    wanted, _ = frames(events, Framing(16, 2000, 12), (34, 34))
    assert np.array_equal(opened(path, half), wanted.reshape(2, 8, 2, 12, 12))
    whole = replace(network, provenance={"dataset": "n-mnist"})
    wanted, _ = frames(events, Framing(8, 0, 12), (34, 34))
    assert np.array_equal(opened(path, whole), wanted[None])

    bundle.write(network, Path("n.safetensors"))
    mint("golden", "n.safetensors", "--input", "a.bin", "-o", "g.npz")
    with np.load("g.npz") as found:
        assert found["logits"].shape == (1, 20)
    said = mint("watch", "n.safetensors", "--input", "a.bin", "--step-us", "2000")
    assert "n.safetensors on a.bin, T = 8" in said
    assert "right" not in said
    windows = json.loads(Path("build/watch.json").read_text(encoding="utf-8"))["windows"]
    assert [each["end"] for each in windows] == [8, 16]


def test_recordings_that_cannot_be_read_get_a_sentence(network: Network) -> None:
    with pytest.raises(UserError, match=r"b.bin: no such file"):
        opened(Path("b.bin"), network)
    path = files.bin_file(Path("a.bin"), [(0, 34, 0, 1)])
    with pytest.raises(UserError, match=r"a.bin: event 0 is at column 34, row 0 of a sensor of 34 × 34 pixels"):
        opened(path, network)
    assert "it names moving-digits; give frames as spikes" in mint("watch", str(MOVING), "--input", "a.bin", status=2)
    assert "which do not run" in mint("watch", str(FOLDER / "fashion-w4u4.safetensors"), status=2)
