"""Folders in which one run at a time works, and which are nobody else's."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from model.errors import UserError, require
from model.files.replacing import replacing

TAG = "CACHEDIR.TAG"
TAG_TEXT = (
    "Signature: 8a477f597d28d172789f06886806bc55\n# This folder was made by mint-snn, which overwrites what is in it.\n"
)
"""As https://bford.info/cachedir has it: backups pass such folders over."""


@contextmanager
def locked(folder: Path, busy: str | None = None) -> Iterator[None]:
    """Hold ``folder``, which exists, until the end; who comes second waits, or is refused with the sentence ``busy``.

    The lock is on the folder itself and ends with the process: no file stays behind. A file system that has no locks
    gives none.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (fcntl.LOCK_NB if busy else 0))
        except BlockingIOError:
            raise UserError(busy or "") from None
        except OSError:
            pass
        yield
    finally:
        os.close(descriptor)


@contextmanager
def work_folder(folder: Path) -> Iterator[Path]:
    """``folder``, made if need be, for the files that a run works with: no other run has it until the end.

    Raises :class:`UserError` if another run is in it, or if it holds files and not the tag that marks it as ours.
    """
    require(not folder.exists() or folder.is_dir(), f"{folder} is a file, not a folder; choose another with --output")
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder, f"{folder}: another run is at work in it; wait for it, or choose another folder with --output"):
        tag = folder / TAG
        require(
            tag.is_file() or not any(folder.iterdir()),
            f"{folder}: it holds files that this command did not write, or an earlier version did; remove it, or "
            "choose another folder with --output",
        )
        if not tag.exists():
            with replacing(tag) as temporary:
                temporary.write_text(TAG_TEXT, encoding="utf-8")
        yield folder
