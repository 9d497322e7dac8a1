"""Five folds of N-MNIST: each recording is tested once, by a network that never saw it; a killed bench goes on."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench import folds
from model import datasets
from model.datasets import Dataset, Framing
from model.errors import UserError
from model.training.recipe import Recipe
from tests.model.datasets.events import files
from tools.event_tables import folds as table

pytestmark = pytest.mark.usefixtures("small")


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """80 recordings, and a recipe of seconds."""
    files.n_mnist(tmp_path / "data")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    whole = folds.api.recipe

    def recipe(*arguments: object, **given: object) -> Recipe:
        found = whole(*arguments, **given)  # type: ignore[arg-type]
        return replace(found, epochs=2, width=0.25, batch_size=10, time_steps=2)

    monkeypatch.setattr(folds.api, "recipe", recipe)


@pytest.fixture
def data(tmp_path: Path) -> Dataset:
    return datasets.load("n-mnist", tmp_path / "data", framing=Framing(8, step_us=1000))


def test_each_recording_is_tested_once(data: Dataset) -> None:
    everything = {image.tobytes() for split in (data.train, data.validation, data.test) for image in split.images}
    assert len(everything) == 80
    tested: list[bytes] = []
    for number in range(folds.FOLDS):
        part = folds.fold_of(data, number)
        train, validation, test = (
            {image.tobytes() for image in split.images} for split in (part.train, part.validation, part.test)
        )
        assert train | validation | test == everything
        assert len(train) + len(validation) + len(test) == 80
        assert np.bincount(part.test.labels).tolist() in ([1] * 10, [2] * 10)
        assert part.provenance["split"] == f"fold {number + 1} of 5"
        tested += test
    assert sorted(tested) == sorted(everything)


def bench(monkeypatch: pytest.MonkeyPatch, *words: str) -> list[dict[str, object]]:
    monkeypatch.setattr(sys, "argv", ["folds", "--data-dir", "data", *words])
    folds.main()
    rows: list[dict[str, object]] = json.loads(Path("build/folds.json").read_text(encoding="utf-8"))["rows"]
    return rows


def test_what_is_trained_is_not_trained_again(monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("--only", "float32", "--only", "binary u4, sigmoids", "--fold", "1", "--fold", "2")
    rows = bench(monkeypatch, *words)
    assert [(row["row"], row["fold"], row["images"]) for row in rows] == [
        (name, [1, 2], [20, 20]) for name in ("float32", "binary u4, sigmoids")
    ]
    assert [row["differing"] for row in rows] == [0, 0]
    assert [bool(row["compared"]) for row in rows] == [False, True]
    monkeypatch.setattr("model.training.train.Run.train", lambda *_: pytest.fail("it is trained"))
    assert bench(monkeypatch, *words) == rows
    assert bench(monkeypatch, "--finished") == rows


def test_folds_of_other_recordings_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: Dataset) -> None:
    digests = {folds.fold_of(data, number).provenance["recordings_sha256"] for number in range(folds.FOLDS)}
    assert len(digests | {data.provenance["recordings_sha256"]}) == folds.FOLDS + 1
    words = ("--only", "float32", "--fold", "1")
    bench(monkeypatch, *words)
    files.n_mnist(tmp_path / "data", train=7)
    for more in ((), ("--finished",)):
        with pytest.raises(UserError, match="holds a run with other settings, network, teacher or data"):
            bench(monkeypatch, *words, *more)


def test_a_row_is_compared_fold_by_fold() -> None:
    row = {"fold": [1, 2], "images": [100, 200], "differing": 0, "compared": 5}
    found = {
        "folds": 3,
        "rows": [
            {**row, "row": "w4u4", "correct": [90, 192]},
            {**row, "row": "b", "correct": [88, 192]},
            {**row, "row": "c", "fold": [2], "images": [200], "correct": [196]},
        ],
    }
    heading, first, second, third = table([found])
    assert heading[:4] == ["weights, neuron", "right", "%", "each fold, %"]
    assert first == ["w4u4", "282 of 300", "94.0", "90.0 / 96.0 / –", None, "0 of 5"]
    assert second == ["b", "280 of 300", "93.3", "88.0 / 96.0 / –", "-1.0 ± 1.4", "0 of 5"]
    assert third == ["c", "196 of 200", "98.0", "– / 98.0 / –", "+2.0", "0 of 5"]
