"""Files that are there as a whole or not at all."""

import os
import re
import secrets
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path to write to; what is written takes the place of ``path`` at the end, unless something goes wrong.

    A symbolic link stays: its target is replaced. A file that was there keeps its mode and, where that is allowed, its
    owner; one that may not be written is refused with :class:`PermissionError`. A device or a pipe is written into.
    """
    if is_stream(path):
        with TemporaryDirectory(prefix="mint-") as folder:
            temporary = Path(folder) / "written"
            yield temporary
            _write_into(path, temporary.read_bytes())
        return
    found, target = _status(path), path.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    if found and not os.access(target, os.W_OK):
        raise PermissionError(13, "Permission denied", str(path))
    temporary = target.with_name(f".{target.name[:100]}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        yield temporary
        if found:
            with suppress(PermissionError):
                os.chown(temporary, found.st_uid, found.st_gid)
            temporary.chmod(stat.S_IMODE(found.st_mode))
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def is_stream(path: Path) -> bool:
    """Whether ``path`` is no file and no folder: a device, a pipe, or an open file's name such as /dev/stdout."""
    found = _status(path)
    kind = found and stat.S_IFMT(found.st_mode)
    return _open_descriptor(path) is not None or (found is not None and kind not in (stat.S_IFREG, stat.S_IFDIR))


def _status(path: Path) -> os.stat_result | None:
    """What ``path`` or the target of its link is; None where there is nothing."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _open_descriptor(path: Path) -> int | None:
    """The number of the open file that a path such as /dev/stdout stands for, whatever is behind it."""
    named = {"/dev/stdout": 1, "/dev/stderr": 2}
    match = re.fullmatch(r"(?:/dev|/proc/self)/fd/(\d+)", str(path))
    return int(match[1]) if match else named.get(str(path))


def _write_into(path: Path, data: bytes) -> None:
    number = _open_descriptor(path)
    sys.stdout.flush()  # what was printed before comes before
    with path.open("wb") if number is None else os.fdopen(os.dup(number), "wb") as target:
        target.write(data)
