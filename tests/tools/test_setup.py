"""``tools/setup.sh``: what it must not remove, and two of it at once. Nothing is installed here."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def checkout(tmp_path):
    for name in ("tools/setup.sh", "pyproject.toml", "constraints.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy2(ROOT / name, tmp_path / name)
    return tmp_path


def set_up(checkout: Path) -> "subprocess.Popen[str]":
    environment = {**os.environ, "PYTHON": sys.executable}
    return subprocess.Popen(
        ["sh", "tools/setup.sh", "core"], cwd=checkout, env=environment, stderr=subprocess.PIPE, encoding="utf-8"
    )


def test_an_environment_that_somebody_else_made_stays(checkout):
    own = checkout / ".venv" / "lib" / "mine"
    own.parent.mkdir(parents=True)
    own.touch()
    with set_up(checkout) as process:
        assert ".venv is there and was not made by tools/setup.sh; move it or remove it" in process.stderr.read()
    assert process.returncode == 1
    assert own.exists()


def test_the_second_of_two_waits_and_has_nothing_left_to_do(checkout):
    with (checkout / "tools" / "setup.sh").open("rb") as script:
        fcntl.flock(script, fcntl.LOCK_EX)
        with set_up(checkout) as process:
            assert "another set-up is at work here; waiting for it" in process.stderr.readline()
            (checkout / ".venv" / "bin").mkdir(parents=True)
            (checkout / ".venv" / "bin" / "python").symlink_to(sys.executable)
            (checkout / ".venv" / "core.stamp").touch()
            fcntl.flock(script, fcntl.LOCK_UN)
            assert process.stderr.read() == ""
    assert process.returncode == 0
    assert not (checkout / ".venv" / "setup.log").exists()
