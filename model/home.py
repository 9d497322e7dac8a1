"""A home for caches: Yosys, Matplotlib and Numba keep there what they compile, and fail without one."""

import os
import stat
import tempfile
from pathlib import Path


def ensure_home() -> None:
    """Where the user has no home folder that may be written, HOME becomes a private temporary one.

    Data sets that an earlier download has left in the real one are still found there.
    """
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 (Path.home raises for a user without an entry)
    if home.is_absolute() and os.access(home, os.W_OK | os.X_OK):
        return
    kept = home / ".cache" / "mint"
    if home.is_absolute() and os.access(kept, os.R_OK | os.X_OK):
        os.environ.setdefault("MINT_DATA", str(kept))
    os.environ["HOME"] = str(private_folder(Path(tempfile.gettempdir()) / f"mint-home-{os.getuid()}"))


def private_folder(path: Path) -> Path:
    """``path``, which nobody else can write to, or a new folder of another name if somebody else has it."""
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    own = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077
    return path if own else Path(tempfile.mkdtemp(prefix=path.name))
