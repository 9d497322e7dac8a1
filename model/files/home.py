"""Folders that other programs need: a home for caches, which Yosys, Matplotlib and Numba fail without, and one for
temporary files whose name no shell, make or Verilog takes for more than a name."""

import os
import re
import stat
import tempfile
from pathlib import Path

PLAIN = re.compile(r"[\w./+=@,-]*", re.ASCII)


def plain(path: Path) -> bool:
    """Whether neither a shell, make nor Verilog sees more in the name of ``path`` than a name."""
    return PLAIN.fullmatch(str(path.absolute())) is not None


def plain_temporary() -> str:
    """TMPDIR for a program that puts it into a shell's command: the usual one if its name is plain."""
    usual = tempfile.gettempdir()
    return next((name for name in (usual, "/tmp", "/var/tmp") if plain(Path(name)) and os.access(name, os.W_OK)), usual)


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
