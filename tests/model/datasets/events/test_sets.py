"""Event sets from folders as they are published: splits, labels, the cache, and what is said where one is missing."""

from pathlib import Path

import numpy as np
import pytest

from model import datasets
from model.datasets import Framing
from model.datasets.events import sets
from model.datasets.folders import cache_folder
from model.errors import UserError
from tests.model.datasets.events import files


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("MINT_DATA", raising=False)


def kept(name: str) -> list[Path]:
    return sorted(cache_folder(name).glob("*"))


@pytest.mark.parametrize("inside", ["", "nmnist", "n-mnist"])
def test_n_mnist_is_split_by_mnists_number(tmp_path: Path, inside: str) -> None:
    files.n_mnist(tmp_path / "data" / inside)
    found = datasets.load("n-mnist", tmp_path / "data", framing=Framing(4))
    assert (len(found.train), len(found.validation), len(found.test)) == (50, 10, 20)
    for split in (found.train, found.validation, found.test):
        assert split.labels.tolist() == [number % 10 for number in range(len(split))]
        assert split.images.shape == (len(split), 4, 2, 34, 34)
        for image, label in zip(split.images, split.labels, strict=True):
            assert np.argwhere(image[0, 1]).tolist() == [[label, 1]]
            assert np.argwhere(image[3, 0]).tolist() == [[33, label]]
            assert image.sum() == 2
    assert (
        found.note
        == "n-mnist: 80 recordings, 160 events; 0.0 % are further ones of a pixel in a step, which has one bit"
    )
    assert found.provenance["framing"] == {"time_steps": 4, "step_us": 0, "frame_size": 0}
    assert found.provenance["recordings"] == {"train": 50, "validation": 10, "test": 20}
    assert datasets.sizes("n-mnist") == ((2, 34, 34), found.classes)


def test_gestures_are_cut_by_their_tables(tmp_path: Path) -> None:
    files.gesture(tmp_path / "DvsGesture")
    framing = Framing(2, frame_size=32)
    found = datasets.load("dvs-gesture", tmp_path, framing=framing)
    assert datasets.sizes("dvs-gesture", framing) == ((2, 32, 32), 11)
    # Users 2 to 5 are the last four that train, user 6 tests; the end of a gesture is not one of its times.
    for split, users in ((found.train, [1]), (found.validation, [2, 3, 4, 5]), (found.test, [6])):
        assert split.labels.tolist() == [0, 10] * len(users)
        assert split.images.shape[1:] == (2, 2, 32, 32)
        for image, label, user in zip(split.images, split.labels, np.repeat(users, 2), strict=True):
            assert np.unique(np.argwhere(image)[:, 1:], axis=0).tolist() == [[1 - label // 10, 0, user // 4]]
    assert found.note.startswith("dvs-gesture: 12 recordings, 78 events;")


@pytest.mark.parametrize(("name", "count"), [("cifar10-dvs", 10), ("n-caltech101", 101)])
def test_sets_without_a_split_have_every_tenth_for_testing(tmp_path: Path, name: str, count: int) -> None:
    classes = ["airplane", "truck"] if count == 10 else ["accordion", "yin_yang"]
    classes += [f"class{number:03}" for number in range(count - 2)]
    for label, each in enumerate(sorted(classes)):
        for number in range(12 if count == 10 else 10):
            row = (number, number, label, 1)
            if count == 10:
                files.aedat2(tmp_path / each / f"cifar10_{each}_{number}.aedat", [row])
            else:
                files.bin_file(tmp_path / each / f"image_{number + 1:04}.bin", [row])
    found = datasets.load(name, tmp_path, framing=Framing(1))
    numbers = {"train": [*range(8), 10, 11][: None if count == 10 else 8], "validation": [8], "test": [9]}
    for part, wanted in numbers.items():
        split = getattr(found, part)
        assert split.labels.tolist() == [label for label in range(count) for _ in wanted]
        places = [tuple(np.argwhere(image)[0].tolist()) for image in split.images]
        assert places == [(0, 1, label, number) for label in range(count) for number in wanted]
    assert datasets.sizes(name)[0] == found.train.images.shape[2:]


def test_frames_are_kept_and_made_again_where_they_are_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files.n_mnist(tmp_path / "data")
    first = datasets.load("n-mnist", tmp_path / "data", framing=Framing(3))
    (path,) = kept("n-mnist")
    whole = path.read_bytes()

    def same() -> bool:
        again = datasets.load("n-mnist", tmp_path / "data", framing=Framing(3))
        parts = ((getattr(each, part) for each in (first, again)) for part in ("train", "validation", "test"))
        return again.note == first.note and all(
            np.array_equal(one.images, two.images) and np.array_equal(one.labels, two.labels) for one, two in parts
        )

    with monkeypatch.context() as patch:
        patch.setattr(sets, "_made", lambda *_: pytest.fail("frames are there"))
        assert same()
    for damaged in (b"", whole[: len(whole) // 2], whole[:300] + bytes([whole[300] ^ 1]) + whole[301:]):
        path.write_bytes(damaged)
        assert same()
        assert path.read_bytes() == whole
    assert kept("n-mnist") == [path]


def test_frames_are_kept_by_what_they_are_made_of(tmp_path: Path) -> None:
    files.n_mnist(tmp_path / "data")
    for framing in (Framing(3), Framing(4), Framing(3, 500), Framing(3, 0, 17), Framing(3, 0, 17, 3)):
        datasets.load("n-mnist", tmp_path / "data", framing=framing)
    assert len(kept("n-mnist")) == 5
    files.bin_file(tmp_path / "data" / "Test" / "0" / "60001.bin", [(0, 0, 0, 1)])
    found = datasets.load("n-mnist", tmp_path / "data", framing=Framing(3))
    assert found.test.images[0].sum() == 1
    assert len(kept("n-mnist")) == 6


def test_counts_are_kept_with_all_their_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files.n_mnist(tmp_path / "data")
    files.bin_file(tmp_path / "data" / "Test" / "0" / "60001.bin", [(time, 0, 0, 1) for time in (1, 2, 3, 4, 5, 9)])
    framing = Framing(2, count_bits=3)
    first = datasets.load("n-mnist", tmp_path / "data", framing=framing)
    assert first.test.images[0, :, 1, 0, 0].tolist() == [5, 1]
    assert str(first.inputs) == "counts of 3 bits"
    assert (
        first.provenance["framing"]
        == framing.described
        == {"time_steps": 2, "step_us": 0, "frame_size": 0} | {"count_bits": 3}
    )
    assert first.note.endswith("further ones of a pixel in a step, which counts up to 7")
    monkeypatch.setattr(sets, "_made", lambda *_: pytest.fail("frames are there"))
    again = datasets.load("n-mnist", tmp_path / "data", framing=framing)
    assert np.array_equal(again.test.images, first.test.images)
    assert again.inputs == first.inputs


def test_a_cache_that_cannot_be_written_is_no_must(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files.n_mnist(tmp_path / "data")
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert len(datasets.load("n-mnist", tmp_path / "data").test) == 20


def test_what_is_missing_or_broken_gets_a_sentence(tmp_path: Path) -> None:
    for name in ("n-mnist", "dvs-gesture", "cifar10-dvs", "n-caltech101"):
        with pytest.raises(
            UserError, match=f"{name} is not at hand; name its folder in --data-dir or MINT_DATA: .*http"
        ):
            datasets.load(name)
        with pytest.raises(UserError, match=f"holds no {name}: .*http"):
            datasets.load(name, tmp_path)

    folder = tmp_path / "data"
    files.n_mnist(folder)
    files.bin_file(folder / "Test" / "3" / "60004.bin", [(0, 1, 1, 1), (0, 34, 5, 1)])
    with pytest.raises(UserError, match=r"60004.bin: event 1 is at column 34, row 5 of a sensor of 34 × 34 pixels"):
        datasets.load("n-mnist", folder)
    assert kept("n-mnist") == []
    for path in (folder / "Test" / "3").iterdir():
        path.unlink()
    with pytest.raises(UserError, match=r"Test/3 has no .bin files"):
        datasets.load("n-mnist", folder)
    (folder / "Test" / "3").rmdir()
    with pytest.raises(UserError, match=r"Test has 9 folders of classes; the set has 10"):
        datasets.load("n-mnist", folder)

    folder = tmp_path / "gestures"
    files.gesture(folder, users=2)
    with pytest.raises(UserError, match="too few recordings: none is for train"):
        datasets.load("dvs-gesture", folder)
    files.gesture(folder, users=3)
    (folder / "user02_led.aedat").unlink()
    with pytest.raises(UserError, match=r"user02_led.aedat: no such file, and trials_to_train.txt names it"):
        datasets.load("dvs-gesture", folder)


def test_more_frames_than_memory_are_refused_before_any_is_made(tmp_path: Path) -> None:
    files.n_mnist(tmp_path / "data")
    with pytest.raises(UserError, match="half of this machine's memory"):
        datasets.load("n-mnist", tmp_path / "data", framing=Framing(65_536, 0, 1024))


def test_recordings_without_events_are_refused_by_name(tmp_path: Path) -> None:
    files.n_mnist(tmp_path / "data")
    files.bin_file(tmp_path / "data" / "Test" / "3" / "60004.bin", [])
    with pytest.raises(UserError, match=r"60004.bin: it has no event; fetch it again or leave it out"):
        datasets.load("n-mnist", tmp_path / "data")
    files.gesture(tmp_path / "gestures", users=3)
    for span in ((1081, 2999), (3005, 4000)):  # between two gestures, and after the last event
        files.labels(tmp_path / "gestures" / "user02_led_labels.csv", [(1, 1000, 1080), (4, *span)])
        wanted = f"user02_led.aedat: it has no event from {span[0]} to {span[1]} µs, where its table names a gesture"
        with pytest.raises(UserError, match=wanted):
            datasets.load("dvs-gesture", tmp_path / "gestures")
    assert kept("n-mnist") == kept("dvs-gesture") == []


def test_a_digest_is_of_the_recordings_wherever_they_lie(tmp_path: Path) -> None:
    def digest(name: str, folder: str, framing: Framing) -> str:
        return str(datasets.load(name, tmp_path / folder, framing=framing).provenance["recordings_sha256"])

    for folder in ("one", "two"):
        files.n_mnist(tmp_path / folder)
    first = digest("n-mnist", "one", Framing(2))
    assert digest("n-mnist", "two", Framing(3)) == first
    files.bin_file(tmp_path / "two" / "Train" / "0" / "00001.bin", [(0, 0, 0, 1)])
    assert digest("n-mnist", "two", Framing(2)) != first
    files.n_mnist(tmp_path / "three", train=7)
    assert digest("n-mnist", "three", Framing(2)) != first

    files.gesture(tmp_path / "four")
    first = digest("dvs-gesture", "four", Framing(2))
    files.labels(tmp_path / "four" / "user02_led_labels.csv", [(1, 1000, 1080), (11, 3000, 4001)])
    assert digest("dvs-gesture", "four", Framing(2)) != first


def test_trials_are_files_of_their_folder(tmp_path: Path) -> None:
    files.gesture(tmp_path / "data")
    path = tmp_path / "data" / "trials_to_test.txt"
    path.write_text(f"{tmp_path / 'data' / 'user06_led.aedat'}\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"trials_to_test.txt: .*/user06_led.aedat is no file of this folder"):
        datasets.load("dvs-gesture", tmp_path / "data")
