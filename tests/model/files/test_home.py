"""A user without a home folder: caches go to a private temporary one."""

import os
import tempfile
from pathlib import Path

import pytest

from model.files.home import ensure_home, plain, plain_temporary, private_folder


@pytest.fixture
def environment(monkeypatch, tmp_path):
    """Variables to set, and the temporary folder where a home may be made."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.delenv("MINT_DATA", raising=False)
    return monkeypatch, tmp_path / f"mint-home-{os.getuid()}"


@pytest.mark.parametrize("home", ["{empty}/missing", "/dev/null/home", "home", "~"])
def test_a_home_that_cannot_be_written_is_replaced(environment, tmp_path, home):
    monkeypatch, made = environment
    monkeypatch.setenv("HOME", home.format(empty=tmp_path))
    ensure_home()
    assert os.environ["HOME"] == str(made)
    assert made.stat().st_mode & 0o777 == 0o700
    ensure_home()
    assert os.environ["HOME"] == str(made), "and found again"


def test_a_home_is_left_alone(environment):
    monkeypatch, made = environment
    home = made.parent / "mine"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    ensure_home()
    assert os.environ["HOME"] == str(home)
    assert not made.exists()


def test_data_sets_of_a_home_that_can_only_be_read_are_found(environment):
    monkeypatch, made = environment
    home = made.parent / "mine"
    (home / ".cache" / "mint").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)  # root may write everywhere
    ensure_home()
    assert os.environ["HOME"] == str(made)
    assert os.environ["MINT_DATA"] == str(home / ".cache" / "mint")


def test_a_folder_that_others_can_write_to_is_not_taken(tmp_path):
    """What is compiled there is run."""
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "link").symlink_to(tmp_path / "open")
    for name in ("open", "link"):
        made = private_folder(tmp_path / name)
        assert made.parent != tmp_path or made.name != name
        assert made.stat().st_mode & 0o777 == 0o700


def test_temporary_files_of_other_programs_have_plain_names(tmp_path, monkeypatch):
    assert plain_temporary() == tempfile.gettempdir()
    for odd in ("a b", "it's", 'a"b', "$HOME", "ä", "a;b", "a:b", "(a)"):
        assert not plain(tmp_path / odd)
    (tmp_path / "a b").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "a b"))
    assert plain(Path(plain_temporary()))
