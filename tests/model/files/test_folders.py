"""Folders of one run at a time, which are nobody else's."""

import subprocess
import sys
from pathlib import Path

import pytest

from model.errors import UserError
from model.files.folders import TAG, locked, work_folder

HOLD = """if True:
    import sys, pathlib, model.files.folders
    with model.files.folders.locked(pathlib.Path(sys.argv[1])):
        print(flush=True)
        sys.stdin.read()
"""


def test_a_work_folder_is_made_and_found_again(tmp_path: Path) -> None:
    folder = tmp_path / "build" / "work"
    for _ in range(2):
        with work_folder(folder) as found:
            assert found == folder
            (folder / "file").write_text("", encoding="utf-8")
    assert sorted(path.name for path in folder.iterdir()) == [TAG, "file"]


def test_a_users_folder_is_refused_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "images.npy").write_text("mine", encoding="utf-8")
    with pytest.raises(UserError, match="holds files that this command did not write"), work_folder(tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["images.npy"]
    with pytest.raises(UserError, match=r"images\.npy is a file, not a folder"), work_folder(tmp_path / "images.npy"):
        pass


def test_a_second_run_in_a_work_folder_gets_a_sentence(tmp_path: Path) -> None:
    with work_folder(tmp_path):
        with pytest.raises(UserError, match="another run is at work in it; wait for it, or"), work_folder(tmp_path):
            pass
    with work_folder(tmp_path):
        pass


def test_a_lock_ends_with_its_process_however_that_ends(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    with holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(UserError, match="busy"), locked(tmp_path, "busy"):
            pass
        holder.kill()
    with locked(tmp_path, "busy"):
        pass
    assert list(tmp_path.iterdir()) == []
