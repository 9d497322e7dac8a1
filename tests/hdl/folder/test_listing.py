"""A generated folder: only what an earlier run wrote is replaced, and no interruption mixes two runs."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hdl.folder import listing as generated_folder
from hdl.folder.listing import write_folder
from model.errors import UserError

ABOUT = '{"module": "m", "width": 0.1, "sign": "\u00d7"}'
ONE = {"mint.v": "one", "memory/a.hex": "0", "README.md": "same", "mint.json": ABOUT}
TWO = {"mint.v": "two", "memory/a.hex": "1", "README.md": "same", "vectors/b.hex": "2", "mint.json": ABOUT}
THREE = {"mint.v": "three", "README.md": "same", "mint.json": ABOUT}


def files(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.is_file()
    }


def fresh(texts: dict[str, str], folder: Path) -> dict[str, str]:
    write_folder(folder, texts)
    return files(folder)


def test_what_an_earlier_run_wrote_is_replaced_and_removed(tmp_path):
    for texts in (ONE, TWO, THREE):
        found = fresh(texts, tmp_path / "out")
        assert set(found) == set(texts)
        listing = json.loads(found["mint.json"])
        assert listing["width"] == 0.1
        assert set(listing["files"]) == set(texts) - {"mint.json"}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["README.md", "mint.json", "mint.v"]


def test_files_that_no_run_wrote_are_left_alone(tmp_path):
    folder = tmp_path / "out"
    own = {"notes.md": "n", "testbench.v": "t", "memory/mine.hex": "m", "vectors/b.hex.old": "o"}
    for name, text in own.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    for texts in (ONE, TWO, THREE):
        write_folder(folder, texts)
        assert {name: files(folder)[name] for name in own} == own


@pytest.mark.parametrize("name", ["mint.v", "memory/a.hex", "README.md", "mint.json", "memory"])
def test_a_file_in_the_way_is_refused_before_anything_is_written(tmp_path, name):
    folder = tmp_path / "out"
    (folder / name).parent.mkdir(parents=True)
    (folder / name).write_text("mine", encoding="utf-8")
    with pytest.raises(UserError, match=f"{name} is in the way, and no earlier run wrote it; move it, or choose"):
        write_folder(folder, ONE)
    assert files(folder) == {name: "mine"}


@pytest.mark.parametrize("name", [name for name in ONE if name != "mint.json"])
@pytest.mark.parametrize("texts", [TWO, THREE])
def test_a_file_of_ours_that_was_changed_is_refused(tmp_path, name, texts):
    before = fresh(ONE, tmp_path) | {name: "mine"}
    (tmp_path / name).write_text("mine", encoding="utf-8")
    with pytest.raises(UserError, match=f"{name} was changed after an earlier run wrote it"):
        write_folder(tmp_path, texts)
    assert files(tmp_path) == before


@pytest.mark.parametrize("change", [('"m"', '"other"'), ("README.md", "../README.md"), (' "module"', '  "module"')])
def test_a_listing_that_was_changed_is_refused(tmp_path, change):
    (tmp_path / "README.md").write_text("same", encoding="utf-8")
    fresh(ONE, tmp_path / "out")
    listing = tmp_path / "out" / "mint.json"
    listing.write_text(listing.read_text(encoding="utf-8").replace(*change), encoding="utf-8")
    before = files(tmp_path)
    with pytest.raises(UserError, match=r"mint\.json was changed"):
        write_folder(tmp_path / "out", THREE)
    assert files(tmp_path) == before


def test_a_listing_does_not_reach_out_of_its_folder(tmp_path):
    """Even one whose own digest is right."""
    (tmp_path / "mine").write_text("same", encoding="utf-8")
    folder = tmp_path / "out"
    listing = json.loads(fresh(ONE, folder)["mint.json"])
    del listing["sha256"]
    listing["files"]["../mine"] = listing["files"]["README.md"]
    (folder / "mint.json").write_text(generated_folder._sealed(listing), encoding="utf-8")
    with pytest.raises(UserError, match=r"mint\.json was changed"):
        write_folder(folder, THREE)
    assert (tmp_path / "mine").exists()


def test_a_folder_of_an_earlier_version_gets_a_sentence(tmp_path):
    for name, text in ONE.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match="an earlier version wrote it and listed no files; remove"):
        write_folder(tmp_path, TWO)
    assert files(tmp_path) == ONE


def test_a_file_where_the_folder_should_be_gets_a_sentence(tmp_path):
    (tmp_path / "out").write_text("mine", encoding="utf-8")
    with pytest.raises(UserError, match="is a file, not a folder"):
        write_folder(tmp_path / "out", ONE)


def test_an_interrupted_run_mixes_nothing_and_the_next_one_goes_on(tmp_path, monkeypatch):
    """Stopped before each of its steps: no file of one network beside a different one of the other, and no refusal."""
    before, after = fresh(ONE, tmp_path / "one"), fresh(TWO, tmp_path / "two")
    write, remove = generated_folder._write, generated_folder._remove
    left = 0

    def step(action, *arguments, **options):
        nonlocal left
        if left == 0:
            raise KeyboardInterrupt
        left -= 1
        action(*arguments, **options)

    monkeypatch.setattr(generated_folder, "_write", lambda *a, **o: step(write, *a, **o))
    monkeypatch.setattr(generated_folder, "_remove", lambda *a, **o: step(remove, *a, **o))
    finished, steps = False, 0
    while not finished:
        folder, left = tmp_path / f"out{steps}", 100
        write_folder(folder, ONE)
        left = steps
        try:
            write_folder(folder, TWO)
            finished = True
        except KeyboardInterrupt:
            found = {name: text for name, text in files(folder).items() if name != "mint.json"}
            own = {name for name, text in found.items() if before.get(name) == text}
            new = {name for name, text in found.items() if after.get(name) == text}
            assert set(found) in (own, new)
            if steps:
                assert "interrupted" in json.loads((folder / "mint.json").read_text(encoding="utf-8"))["unfinished"]
        left = 100
        if not finished and steps % 2:  # a third network after the interruption
            write_folder(folder, THREE)
            assert {**files(folder), "mint.json": ABOUT} == THREE
        write_folder(folder, TWO)
        assert files(folder) == after
        steps += 1
    assert steps > 6


def test_two_runs_at_once_leave_the_folder_of_one(tmp_path):
    alone = [fresh(texts, tmp_path / name) for name, texts in (("one", ONE), ("two", TWO))]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write_folder, [tmp_path / "out"] * 40, [ONE, TWO] * 20))
    assert files(tmp_path / "out") in alone


def test_a_link_stays(tmp_path):
    write_folder(tmp_path / "out", ONE)
    verilog = tmp_path / "out" / "mint.v"
    verilog.rename(tmp_path / "elsewhere.v")
    verilog.symlink_to(tmp_path / "elsewhere.v")
    write_folder(tmp_path / "out", TWO)
    assert verilog.is_symlink()
    assert (tmp_path / "elsewhere.v").read_text(encoding="utf-8") == "two"
