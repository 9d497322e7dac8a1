"""Files are replaced as a whole or not at all; links, devices and pipes stay what they are."""

import os
import stat
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest

from model.files.replacing import replacing


def write_half(path: Path) -> None:
    path.write_text("half", encoding="utf-8")
    raise OSError("the disk is full")


def test_what_goes_wrong_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file"
    with replacing(path) as temporary:
        temporary.write_text("old", encoding="utf-8")
        assert not path.exists()
    with pytest.raises(OSError, match="full"), replacing(path) as temporary:
        write_half(temporary)
    assert path.read_text(encoding="utf-8") == "old"
    assert list(path.parent.iterdir()) == [path]
    with replacing(path) as temporary:
        temporary.write_text("new", encoding="utf-8")
    assert path.read_text(encoding="utf-8") == "new"


def write(path: Path, text: str) -> None:
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def test_a_link_stays_and_its_target_is_replaced(tmp_path: Path) -> None:
    target, link = tmp_path / "other" / "target", tmp_path / "folder" / "link"
    link.parent.mkdir()
    link.symlink_to("../other/target")
    for text in ("made where the link points", "replaced"):
        write(link, text)
        assert link.is_symlink()
        assert target.read_text(encoding="utf-8") == text
    assert list(link.parent.iterdir()) == [link]
    assert list(target.parent.iterdir()) == [target]


def test_a_file_keeps_its_mode_and_a_new_one_has_the_usual_one(tmp_path: Path) -> None:
    path, usual = tmp_path / "file", tmp_path / "usual"
    usual.touch()
    write(path, "new")
    assert path.stat().st_mode == usual.stat().st_mode
    path.chmod(0o640)
    write(path, "again")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_file_that_may_not_be_written_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    write(path, "mine")
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write anything
    with pytest.raises(PermissionError, match="file"):
        write(path, "other")
    assert path.read_text(encoding="utf-8") == "mine"


def test_a_pipe_and_a_device_are_written_into(tmp_path: Path) -> None:
    """The device by a link: were it replaced, the link would be gone, not this machine's."""
    pipe, link = tmp_path / "pipe", tmp_path / "null"
    os.mkfifo(pipe)
    heard: list[str] = []
    reader = Thread(target=lambda: heard.append(pipe.read_text(encoding="utf-8")), daemon=True)
    reader.start()
    write(pipe, "through the pipe")
    reader.join(10)
    assert heard == ["through the pipe"]
    link.symlink_to("/dev/null")
    write(link, "nothing")
    assert link.is_symlink()
    assert Path("/dev/null").is_char_device()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["null", "pipe"]


def test_standard_output_is_written_after_what_was_printed(tmp_path: Path) -> None:
    code = """if True:
        from pathlib import Path; from model.files.replacing import replacing
        print("before")
        with replacing(Path("/dev/stdout")) as temporary:
            temporary.write_bytes(b"report\\n")
        print("after")
    """
    path = tmp_path / "output"
    with path.open("wb") as output:
        subprocess.run([sys.executable, "-c", code], stdout=output, check=True, cwd=Path(__file__).parents[3])
    assert path.read_text(encoding="utf-8") == "before\nreport\nafter\n"
