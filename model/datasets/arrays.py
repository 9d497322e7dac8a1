"""NumPy files of a user: read without unpickling, and refused where the machine cannot hold what they unpack to."""

import os
from collections.abc import Mapping
from pathlib import Path
from zipfile import BadZipFile, ZipFile, is_zipfile
from zlib import error as ZlibError

import numpy as np
from numpy.typing import NDArray

from model.errors import UserError, require

Array = NDArray[np.generic]


def require_memory(path: Path, size: int, instead: str = "give fewer or smaller images") -> None:
    """Refuse what takes more than half of this machine's memory; ``instead`` says what to do."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    require(
        size <= memory // 2,
        f"{path}: it holds {size / 1e9:,.1f} GB unpacked, and half of this machine's memory is {memory / 2e9:,.1f} GB; "
        f"{instead}",
    )


def read_array(path: Path) -> Array:
    """The array of a ``.npy`` file."""
    found = _load(path)
    require(isinstance(found, np.ndarray), f"{path}: it holds several arrays; give one array in a .npy file")
    assert isinstance(found, np.ndarray)
    return found


def read_arrays(path: Path) -> dict[str, Array]:
    """The arrays of a ``.npz`` file by name."""
    require(not path.exists() or is_zipfile(path), f"{path}: not an archive of NumPy arrays; write it with numpy.savez")
    found = _load(path)
    assert isinstance(found, dict)
    return found


def _load(path: Path) -> Array | dict[str, Array]:
    try:
        with path.open("rb") as file:
            if is_zipfile(file):
                with ZipFile(file) as archive:
                    require_memory(path, sum(member.file_size for member in archive.infolist()))
            file.seek(0)
            loaded = np.load(file, allow_pickle=False)
            if isinstance(loaded, Mapping):
                return {name: np.asarray(loaded[name]) for name in loaded}
    except (ValueError, EOFError, BadZipFile, ZlibError, MemoryError, OverflowError, RuntimeError) as error:
        raise UserError(f"{path}: not a NumPy array file ({error}); write it with numpy.save") from None
    return np.asarray(loaded)
