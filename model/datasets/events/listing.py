"""The published event sets: what their folders hold, and which recordings train, choose and test.

Where a set has no official split, every tenth recording of a class, in the order of their numbers, is a test recording,
and the one before it is for validation.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from model.datasets.events import aedat2, aedat3, bin_file
from model.datasets.events.recording import Events
from model.errors import require

PARTS = ("train", "validation", "test")
VALIDATION_RECORDINGS = 5000
"""Of N-MNIST, at most; a sixth of fewer training recordings."""
EVERY_TENTH = "every tenth recording of a class is for testing, the one before it for validation"
VALIDATION_USERS = 4
"""Of Gesture's 23 training users, the last ones."""


class Recording(NamedTuple):
    """A file, its class, and from where to where in µs it counts, if not all of it does."""

    path: Path
    label: int
    span: tuple[int, int] | None = None


Listing = dict[str, list[Recording]]
"""Recordings of each of :data:`PARTS`."""


@dataclass(frozen=True)
class EventSet:
    """A published set: the sensor's rows and columns, its classes, and how its folder is read.

    ``files`` says what the folder holds, and where it comes from; ``split`` which recordings do what. ``table`` gives a
    file's recordings where a table beside it says which they are, else none: the whole file is one.
    """

    sensor: tuple[int, int]
    classes: int
    files: str
    split: str
    folders: tuple[str, ...]
    complete: Callable[[Path], bool]
    listing: Callable[[Path], Listing]
    read: Callable[[Path], Events]
    table: Callable[[Path], list[Recording]] = lambda path: []


def _number(path: Path) -> tuple[int, str]:
    """What recordings are ordered by: the last number in a file's name."""
    digits = re.findall(r"\d+", path.stem)
    return int(digits[-1]) if digits else -1, path.name


def _classes(folder: Path, suffix: str, count: int) -> list[list[Path]]:
    """The files of each class in the order of their numbers; classes are folders in the order of their names."""
    found = sorted(each for each in folder.iterdir() if each.is_dir()) if folder.is_dir() else []
    require(len(found) == count, f"{folder} has {len(found)} folders of classes; the set has {count}")
    files = [sorted(each.glob(f"*{suffix}"), key=_number) for each in found]
    empty = [each.name for each, names in zip(found, files, strict=True) if not names]
    require(not empty, f"{folder / (empty or [''])[0]} has no {suffix} files; fetch the set again")
    return files


def _n_mnist(folder: Path) -> Listing:
    """The numbers of the files are MNIST's, so that the last of the training recordings are of all classes."""
    both = []
    for part in ("Train", "Test"):
        files = _classes(folder / part, ".bin", 10)
        found = [Recording(path, label) for label, paths in enumerate(files) for path in paths]
        both.append(sorted(found, key=lambda each: _number(each.path)))
    train, test = both
    kept = len(train) - min(VALIDATION_RECORDINGS, len(train) // 6)
    return {"train": train[:kept], "validation": train[kept:], "test": test}


def _tenths(files: list[list[Path]]) -> Listing:
    found: Listing = {part: [] for part in PARTS}
    for label, paths in enumerate(files):
        for index, path in enumerate(paths):
            part = {8: "validation", 9: "test"}.get(index % 10, "train")
            found[part].append(Recording(path, label))
    return found


def _gesture(folder: Path) -> Listing:
    """The trials as the set lists them, ``user01_fluorescent.aedat`` and so on, cut by their tables."""
    found: Listing = {}
    for part in ("train", "test"):
        path = folder / f"trials_to_{part}.txt"
        found[part] = []
        for name in path.read_text(encoding="utf-8").split():
            trial = folder / name
            require(not Path(name).is_absolute(), f"{path}: {name} is no file of this folder; fetch the set again")
            require(trial.is_file(), f"{trial}: no such file, and {path.name} names it; fetch the set again")
            found[part] += _trial(trial)
    users = sorted({_user(each) for each in found["train"]})
    held = set(users[-VALIDATION_USERS:]) if len(users) > VALIDATION_USERS else set(users[-1:])
    found["validation"] = [each for each in found["train"] if _user(each) in held]
    found["train"] = [each for each in found["train"] if _user(each) not in held]
    return found


def _table(trial: Path) -> Path:
    return trial.with_name(f"{trial.stem}_labels.csv")


def _trial(path: Path) -> list[Recording]:
    """The gestures of a trial, a line of its table each."""
    return [Recording(path, label, (start, end)) for label, start, end in aedat3.read_labels(_table(path), GESTURES)]


def _user(recording: Recording) -> str:
    return recording.path.name.partition("_")[0]


GESTURES = 11
SETS: dict[str, EventSet] = {
    "n-mnist": EventSet(
        sensor=(34, 34),
        classes=10,
        files="folders Train and Test with a folder of .bin files for each digit, as on "
        "https://www.garrickorchard.com/datasets/n-mnist",
        split="Train and Test as published; the last sixth of Train by MNIST's number, at most 5,000, for validation",
        folders=("n-mnist", "nmnist", "N-MNIST"),
        complete=lambda folder: (folder / "Train").is_dir() and (folder / "Test").is_dir(),
        listing=_n_mnist,
        read=bin_file.read,
    ),
    "dvs-gesture": EventSet(
        sensor=(128, 128),
        classes=GESTURES,
        files="trials_to_train.txt, trials_to_test.txt and userNN_LIGHT.aedat with userNN_LIGHT_labels.csv, as in "
        "DvsGesture.tar.gz of https://research.ibm.com/interactive/dvsgesture",
        split="users of trials_to_train.txt and trials_to_test.txt; the last 4 training users for validation",
        folders=("dvs-gesture", "DvsGesture"),
        complete=lambda folder: all((folder / f"trials_to_{part}.txt").is_file() for part in ("train", "test")),
        listing=_gesture,
        read=aedat3.read,
        table=lambda path: _trial(path) if _table(path).exists() else [],
    ),
    "cifar10-dvs": EventSet(
        sensor=(128, 128),
        classes=10,
        files="a folder for each class, airplane to truck, with its .aedat files, as in the ten archives of "
        "https://doi.org/10.6084/m9.figshare.4724671",
        split=EVERY_TENTH,
        folders=("cifar10-dvs", "CIFAR10-DVS", "CIFAR10DVS"),
        complete=lambda folder: any(folder.glob("airplane/*.aedat")),
        listing=lambda folder: _tenths(_classes(folder, ".aedat", 10)),
        read=aedat2.read,
    ),
    "n-caltech101": EventSet(
        sensor=(180, 240),
        classes=101,
        files="a folder for each class, accordion to yin_yang, with its .bin files, as in Caltech101.zip of "
        "https://www.garrickorchard.com/datasets/n-caltech101",
        split=EVERY_TENTH,
        folders=("n-caltech101", "n-caltech101/Caltech101", "N-Caltech101", "Caltech101"),
        complete=lambda folder: any(folder.glob("accordion/*.bin")),
        listing=lambda folder: _tenths(_classes(folder, ".bin", 101)),
        read=bin_file.read,
    ),
}
