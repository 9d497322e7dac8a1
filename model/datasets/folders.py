"""Where the files of a set are: a named folder, the system's, or a download that is kept."""

import hashlib
import os
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path

from model.errors import UserError, require

TIMEOUT_SECONDS = 20


def named_folder(
    name: str, data_dir: Path | None, subfolders: tuple[str, ...], complete: Callable[[Path], bool], files: str
) -> Path | None:
    """The folder that ``data_dir`` or MINT_DATA names and that holds the set, or one of its subfolders.

    A named ``data_dir`` without the set is an error; MINT_DATA may hold other sets only, then the answer is None.
    """
    root = data_dir or (Path(os.environ["MINT_DATA"]) if os.environ.get("MINT_DATA") else None)
    if root is None:
        return None
    for candidate in (*(root / subfolder for subfolder in subfolders), root):
        if candidate.is_dir() and complete(candidate):
            return candidate
    require(data_dir is None, f"{root} holds no {name}: {files}")
    return None


def cache_folder(name: str) -> Path:
    """Where downloads of a set are kept."""
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "mint" / name


def download(name: str, url: str, md5: str, fetch: bool, instead: str) -> bytes:
    """The bytes of ``url``, checked; ``instead`` says what to do where ``fetch`` is off or that is not possible."""
    require(fetch, f"{name} is not at hand; {instead}")
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as reply:
            data: bytes = reply.read()
    except (OSError, HTTPException) as error:  # the latter: the connection broke off
        raise UserError(f"{name} is not at hand and could not be downloaded ({error}); {instead}") from None
    found = hashlib.md5(data, usedforsecurity=False).hexdigest()
    require(found == md5, f"{url.rpartition('/')[2]} was downloaded with checksum {found}, expected {md5}; try again")
    return data
