"""``mint watch``, and recordings as ``--input`` of any command."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mint.plots import plot_logits
from model import datasets
from model.datasets import Framing
from model.datasets.events import sets
from model.datasets.events.recording import frames
from model.datasets.events.sets import opened
from model.errors import UserError
from model.golden.rolling import rolling
from model.inputs import inputs_of
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
    assert np.array_equal(opened(path, network)[0], wanted[None])

    # Half the time a step: 31 ms are 16 steps, two images; equal parts are always one.
    half = replace(network, provenance={"dataset": "n-mnist", "framing": {"step_us": 2000}})
    wanted, _ = frames(events, Framing(16, 2000, 12), (34, 34))
    assert np.array_equal(opened(path, half)[0], wanted.reshape(2, 8, 2, 12, 12))
    whole = replace(network, provenance={"dataset": "n-mnist"})
    wanted, _ = frames(events, Framing(8, 0, 12), (34, 34))
    assert np.array_equal(opened(path, whole)[0], wanted[None])
    wanted, _ = frames(events, Framing(8, 4000, 12, 3), (34, 34))
    assert np.array_equal(opened(path, replace(network, inputs=inputs_of("counts", 3)))[0], wanted[None])
    assert wanted.max() > 1

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
    with pytest.raises(UserError, match=r"a.bin: it has no event; fetch it again"):
        opened(files.bin_file(path, []), network)
    assert "which do not run" in mint("watch", str(FOLDER / "fashion-w4u4.safetensors"), status=2)


def test_a_trial_of_gesture_has_a_recording_for_each_line_of_its_table(network: Network) -> None:
    files.gesture(Path("gestures"), users=1)
    path = Path("gestures/user01_led.aedat").rename("gestures/user01_led.AEDAT")
    gestures = replace(network, provenance={"dataset": "dvs-gesture"})
    rows = [(1000 + 10 * step, 1, 1, 1) for step in range(8)], [(3000 + step, 1, 2, 0) for step in range(5)]
    wanted = [frames(events_of(*each), Framing(8, 0, 12), (128, 128))[0] for each in rows]
    values, labels = opened(path, gestures)
    assert np.array_equal(values, wanted)
    assert labels is not None
    assert labels.tolist() == [0, 10]

    # A window of 8 µs: the first gesture lasts 71 µs, two times 8 steps, the second one 5 µs.
    window = replace(network, provenance={"dataset": "dvs-gesture", "framing": {"step_us": 8}})
    values, labels = opened(path, window)
    assert values.shape == (3, 8, 2, 12, 12)
    assert labels is not None
    assert labels.tolist() == [0, 0, 10]
    assert values[2].any(axis=(1, 2, 3)).tolist() == [True] + 7 * [False]
    bundle.write(window, Path("n.safetensors"))
    assert "of 3 windows are classified right" in mint("watch", "n.safetensors", "--input", str(path))

    Path("gestures/user01_led_labels.csv").unlink()
    assert opened(path, gestures)[1] is None
    assert opened(path, gestures)[0].shape == (1, 8, 2, 12, 12)


def test_more_time_steps_than_there_can_be_name_the_file(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    path = files.bin_file(Path("a.bin"), [(0, 1, 1, 1), (70_000, 1, 1, 1)])
    fine = replace(network, provenance={"dataset": "n-mnist", "framing": {"step_us": 1}})
    sentence = "a.bin: it lasts 70,008 time steps of 1 µs, and 65,536 is the most; give a longer --step-us"
    with pytest.raises(UserError, match=sentence):
        opened(path, fine)
    monkeypatch.setattr(sets, "frames", lambda *_: pytest.fail("frames are counted"))
    monkeypatch.setattr("model.datasets.arrays.os.sysconf", lambda _: 2**13)
    with pytest.raises(UserError, match=r"a.bin: .* half of this machine's memory is .*; give a longer --step-us"):
        opened(path, replace(fine, provenance={"dataset": "n-mnist", "framing": {"step_us": 2}}))


def test_what_watch_cannot_do_is_one_sentence(network: Network) -> None:
    random = np.random.default_rng(0)
    frames = random.integers(0, 2, (3, 8, 2, 12, 12), np.uint8)
    np.savez("x.npz", x=frames, y=np.array([0, 20, 1]))
    bundle.write(network, Path("n.safetensors"))
    for words, sentence in (
        (["--input", "x.npz"], "the images have labels up to 20, the network 20 classes; choose its data set"),
        (["--input", "x.npz", "--step-us", "5"], "x.npz has no recordings to cut into frames; leave out --step-us"),
        (["--input", "x.npz", "--recordings", "2"], "--input is all that a file has; leave out one of them"),
        (["--dataset", "moving-digits", "--step-us", "5"], "moving-digits has no recordings to cut into frames"),
    ):
        assert sentence in " ".join(mint("watch", "n.safetensors", *words, status=2).split())
    assert not Path("build/watch.json").exists()
    last = network.layers[-1]
    one = replace(last, bias=last.bias[:1], sources=(replace(last.sources[0], weight=last.sources[0].weight[:1]),))
    bundle.write(replace(network, layers=(*network.layers[:-1], one)), Path("one.safetensors"))
    assert "one.safetensors: it has one class" in mint("watch", "one.safetensors", status=2)
