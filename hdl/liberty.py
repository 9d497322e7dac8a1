"""Standard-cell libraries in Liberty format: where they are and what they are called."""

import gzip
import re
import shlex
from collections.abc import Iterable
from pathlib import Path

from model.config import ConfigError, require

GENERIC = Path(__file__).with_name("generic.lib")
"""The library for when there is none: few cells, their areas in NAND2 cells."""

INSTALLED = Path("/usr/share/qflow/tech/osu035")
"""Where Debian's package qflow-tech-osu035 puts its library."""


def installed_libraries() -> list[Path]:
    """Libraries that are used without being asked for."""
    return sorted(INSTALLED.glob("*.lib"))


def libraries(named: Iterable[Path] | None) -> list[Path]:
    """Those that were named, or without any those that are used unasked.

    What is no file may be several names, with blanks between them: make has one variable for all.
    """
    words = ([path] if path.exists() else [Path(word) for word in shlex.split(str(path))] for path in named or [])
    return [path for group in words for path in group] or installed_libraries()


def read_library(path: Path) -> tuple[str, str]:
    """Name and text of a library, compressed (``.gz``) or not."""
    try:
        text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text(encoding="utf-8")
    except (UnicodeDecodeError, gzip.BadGzipFile, EOFError) as error:
        raise ConfigError(f"{path} is not a Liberty file: {error}") from error
    match = re.search(r"^\s*library\s*\(\s*\"?([^\")\s]+)", text, re.MULTILINE)
    require(match is not None, f"{path} is not a Liberty file: it has no `library (name)`")
    assert match is not None
    return match[1], text
