"""The first of the changed bundles, of which ``make nightly`` has 20,000; and that the harness finds what it is for."""

from pathlib import Path

import pytest

from model.network import bundle
from model.network.network import Network
from tools import fuzz
from tools.fuzz import ACCEPTED, FAILED, REFUSED, SAME


def test_no_changed_bundle_ends_in_a_traceback(tmp_path: Path) -> None:
    found = [fuzz.outcome(number, tmp_path) for number in range(120)]
    assert [why for _, _, why in found if why is not None] == []
    ends = [ended for _, ended, _ in found]
    assert ends.count(ACCEPTED) > 15
    assert ends.count(REFUSED) > 50
    assert len({what for what, _, _ in found}) > 15


def test_a_case_follows_from_its_number() -> None:
    assert fuzz.case(7) == fuzz.case(7)
    assert len({fuzz.case(number)[1] for number in range(20)}) == 20


def test_what_is_no_sentence_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(path: Path) -> Network:
        raise IndexError("list index out of range")

    monkeypatch.setattr(bundle, "read", broken)
    _, ended, why = fuzz.outcome(0, tmp_path)
    assert ended == FAILED
    assert "IndexError: list index out of range" in str(why)


def test_a_network_that_changes_when_it_is_written_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted = next(number for number in range(120) if fuzz.outcome(number, tmp_path)[1] == ACCEPTED)
    monkeypatch.setattr(bundle, "write", lambda network, path: path.write_bytes(fuzz.bases()[3]))
    _, ended, why = fuzz.outcome(accepted, tmp_path)
    assert ended == FAILED
    assert "it is another network once it is written" in str(why)


def test_damage_that_makes_another_network_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base, other = fuzz.bases()[:2]
    monkeypatch.setattr(fuzz, "case", lambda number: ("flips", other, base))
    assert fuzz.outcome(0, tmp_path)[1] == FAILED
    monkeypatch.setattr(fuzz, "case", lambda number: ("flips", base, base))
    assert fuzz.outcome(0, tmp_path)[1] == SAME


def test_a_case_that_takes_too_long_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(data: bytes, path: Path) -> str:
        while True:
            pass

    monkeypatch.setattr(fuzz, "judge", slow)
    monkeypatch.setattr(fuzz, "SECONDS", 0.1)
    assert "TimeoutError: more than 0.1 seconds of a processor" in str(fuzz.outcome(0, tmp_path)[2])
