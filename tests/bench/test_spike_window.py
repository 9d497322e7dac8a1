"""Spikes of few channels: a window takes fewer cycles than words of positions; those of N-MNIST meet the aim."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from bench import spike_window
from tools.accelerator_tables import spike_window as table
from tools.tables import read_report


@pytest.fixture
def rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Of the set that everyone has."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINT_DATA", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["spike_window", "--recordings", "3"])
    spike_window.main()
    found: list[dict[str, Any]] = json.loads(Path("build/spike_window.json").read_text(encoding="utf-8"))["rows"]
    return found


def test_a_window_takes_fewer_cycles(rows: list[dict[str, Any]]) -> None:
    assert {row["dataset"] for row in rows} == {"moving-digits"}
    assert len(rows) == len(spike_window.WAYS) * len(spike_window.STRIDES)
    assert all(row["cycles"] < row["without"] for row in rows)
    least = {(row["dataflow"], row["rows"]): row["cycles"] / row["without"] for row in rows if row["stride"] == 1}
    assert least["systolic", 8] < 0.2
    heading, *lines = table([{"rows": rows}])
    assert heading[-2:] == ["systolic 8", "streaming"]
    assert len(lines) == 2


def test_aims_of_the_measured_set() -> None:
    """At most 1.2 times the bound in 10 time steps, 1.5 times in 50."""
    (run,) = read_report("spike_window")
    rows = [row for row in run["found"]["rows"] if row["stride"] == 1]
    for steps, aim in ((10, 1.2), (50, 1.5)):
        own = [row for row in rows if row["time_steps"] == steps]
        assert {row["dataset"] for row in own} == {"n-mnist"}
        assert min(row["cycles"] / row["bound"] for row in own) <= aim
