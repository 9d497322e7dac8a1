"""Standard-cell libraries in Liberty format: where they are and what they are called."""

import gzip
import hashlib
import re
import shlex
from collections.abc import Iterable
from pathlib import Path

from model.errors import UserError, require

GENERIC = Path(__file__).with_name("generic.lib")
"""The library for when there is none: few cells, their areas in NAND2 cells."""

INSTALLED = Path("/usr/share/qflow/tech/osu035")
"""Where Debian's package qflow-tech-osu035 puts its library."""

MEASURED = {
    "osu035_stdcells": "69e9f25ed20af1ad1af21f1ffbd6f16220f5e01a70b28777e52d4f69e2bc258d",
    "NangateOpenCellLibrary": "2efd0b32eb580e4e60e72fc0575bb3bc69aac907c91d908442e4ae6d7fe55895",
}
"""SHA-256 of the libraries, uncompressed, of which docs/results.md has numbers; it says where they are from."""


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
        raise UserError(f"{path} is not a Liberty file: {error}") from error
    match = re.search(r"^\s*library\s*\(\s*\"?([^\")\s]+)", text, re.MULTILINE)
    require(match is not None, f"{path} is not a Liberty file: it has no `library (name)`")
    assert match is not None
    return match[1], text


def checksum(text: str) -> str:
    """SHA-256 of a library, uncompressed, with Unix line ends."""
    return hashlib.sha256(text.encode()).hexdigest()


def difference(name: str, text: str) -> str | None:
    """A sentence where a library is not the one of its name that the project's tables were measured with."""
    if MEASURED.get(name) in (None, checksum(text)):
        return None
    return f"{name} has the SHA-256 {checksum(text)}, and not {MEASURED[name]}: its numbers may differ from the tables'"
