"""Files are replaced as a whole or not at all."""

from pathlib import Path

import pytest

from model.files import replacing


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
