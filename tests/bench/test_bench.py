"""The benches that compare run, report what they compared, and fail when something differs."""

import json
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from bench import exactness, race
from model.config import Precision
from model.training import equality


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_exactness_compares_what_was_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["vgg9", "--dataset", "digits", "--bits", "2", "--width", "0.05", "--images", "5", "--steps", "1"]
    monkeypatch.setattr(sys, "argv", ["exactness", *words])
    exactness.main()
    assert "w2u2: 0 of" in capsys.readouterr().out
    (found,) = json.loads(Path("build/exactness.json").read_text())["networks"]
    assert found["compared"] == 5 * (3 * 4 * found["neurons"] + 10)
    monkeypatch.setattr(equality, "differences", lambda *arguments: (1, 2))
    with pytest.raises(SystemExit, match="differ"):
        exactness.main()


def test_a_race_times_every_step_of_every_contestant() -> None:
    built = []

    class Silent(nn.Module):
        def forward(self, currents: torch.Tensor) -> torch.Tensor:
            built.append(currents.shape)
            return currents

    builds = {"ours": race.ours(Precision(4, 4)), "peer": lambda time_steps: race.Peer(time_steps, Silent)}
    found = race.race(builds, time_steps=2, rounds=1, device="cpu")
    assert list(found) == ["ours", "peer"]
    assert all(seconds > 0 for taken in found.values() for seconds in taken.values())
    assert built == [(2, 128, 16, 28, 28), (2, 128, 32, 14, 14)] * 2  # the round that does not count, and one
