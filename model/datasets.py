"""Image sets as NumPy arrays: idx folders (MNIST, Fashion-MNIST) and scikit-learn's digits. No torch."""

import gzip
import hashlib
import os
import struct
import urllib.request
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.config import ConfigError, require

NAMES = ("fashion-mnist", "mnist", "digits")
SYSTEM_FOLDERS = {"fashion-mnist": Path("/usr/share/datasets/fashion-mnist")}
FASHION_SOURCE = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"
FASHION_MD5 = {
    "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
    "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
    "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
}
VALIDATION_IMAGES = 5000
"""Images at the end of the official training set that are kept for choosing, where the set is that large."""


@dataclass(frozen=True)
class Split:
    """Images [N, C, H, W] uint8 and labels [N] int64."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Dataset:
    """Training, validation and test split; ``validation`` was taken from the official training set."""

    name: str
    train: Split
    validation: Split
    test: Split


def _read_idx(path: Path) -> NDArray[np.uint8]:
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rb") as file:
            data = file.read()
    except (OSError, EOFError, zlib.error) as error:
        raise ConfigError(f"{path} cannot be read as an idx file ({error}); fetch it again") from None
    whole = len(data) >= 4 and data[:3] == b"\0\0\x08" and len(data) >= 4 + 4 * data[3]
    require(whole, f"{path} is not an idx file of bytes; fetch it again")
    shape = struct.unpack(f">{data[3]}I", data[4 : 4 + 4 * data[3]])
    body = np.frombuffer(data, np.uint8, offset=4 + 4 * data[3])
    require(
        body.size == int(np.prod(shape)), f"{path} holds {body.size} bytes, its header says {shape}; fetch it again"
    )
    return body.reshape(shape)


def _find(folder: Path, stem: str) -> Path | None:
    for name in (stem, stem + ".gz", stem.replace("-idx", ".idx"), stem.replace("-idx", ".idx") + ".gz"):
        if (folder / name).is_file():
            return folder / name
    return None


def _idx_split(folder: Path, prefix: str) -> Split:
    found = [_find(folder, f"{prefix}-{kind}-ubyte") for kind in ("images-idx3", "labels-idx1")]
    require(None not in found, f"{folder} has no {prefix}-images-idx3-ubyte and {prefix}-labels-idx1-ubyte (or .gz)")
    images, labels = (_read_idx(path) for path in found if path is not None)
    require(len(images) == len(labels), f"{folder}: {len(images)} {prefix} images but {len(labels)} labels")
    return Split(images[:, None], labels.astype(np.int64))


def _download_fashion(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, checksum in FASHION_MD5.items():
        if (folder / name).is_file():
            continue
        try:
            with urllib.request.urlopen(f"{FASHION_SOURCE}/{name}", timeout=20) as reply:
                data = reply.read()
        except OSError as error:
            raise ConfigError(
                f"Fashion-MNIST is not at hand and could not be downloaded ({error}); install Debian's package "
                "dataset-fashion-mnist, or name a folder with its four idx files in --data-dir or MINT_DATA"
            ) from None
        found = hashlib.md5(data, usedforsecurity=False).hexdigest()
        require(found == checksum, f"{name} was downloaded with checksum {found}, expected {checksum}; try again")
        temporary = folder / (name + ".part")
        temporary.write_bytes(data)
        temporary.rename(folder / name)


def _folder(name: str, data_dir: Path | None, download: bool) -> Path:
    root = data_dir or (Path(os.environ["MINT_DATA"]) if os.environ.get("MINT_DATA") else None)
    if root is not None:
        for candidate in (root / name, root):
            if candidate.is_dir() and _find(candidate, "t10k-images-idx3-ubyte"):
                return candidate
        if data_dir is not None or name not in SYSTEM_FOLDERS:
            raise ConfigError(f"{root} holds no idx files of {name} (t10k-images-idx3-ubyte and the three others)")
    if name in SYSTEM_FOLDERS and SYSTEM_FOLDERS[name].is_dir():
        return SYSTEM_FOLDERS[name]
    if name == "fashion-mnist":
        cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "mint" / name
        if download:
            _download_fashion(cache)
        if all((cache / file).is_file() for file in FASHION_MD5):
            return cache
    raise ConfigError(f"{name} is not at hand; name the folder of its idx files in --data-dir or MINT_DATA")


def _digits() -> tuple[Split, Split]:
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise ConfigError(
            "the digits set comes with scikit-learn; install it with `make setup` or use another set"
        ) from None
    bunch = load_digits()
    images = np.minimum(bunch.images * 16, 255).astype(np.uint8)[:, None]
    labels = bunch.target.astype(np.int64)
    return Split(images[:-360], labels[:-360]), Split(images[-360:], labels[-360:])


def load(name: str, data_dir: Path | None = None, *, download: bool = True) -> Dataset:
    """Read a set by name; the validation split is the end of the official training set.

    ``fashion-mnist`` and ``mnist`` are idx folders, plain or gzipped, under ``data_dir`` or the variable
    MINT_DATA (the folder itself or a subfolder of the set's name); Fashion-MNIST also from Debian's package
    or downloaded with checksum, unless ``download`` is off. ``digits``: the last 360 images of scikit-learn's 1,797 are the test split.
    """
    require(name in NAMES, f"data set {name!r} is not known; choose one of {', '.join(NAMES)}")
    if name == "digits":
        train, test = _digits()
    else:
        folder = _folder(name, data_dir, download)
        train, test = _idx_split(folder, "train"), _idx_split(folder, "t10k")
    held = min(VALIDATION_IMAGES, len(train) // 6)
    return Dataset(
        name,
        Split(train.images[:-held], train.labels[:-held]),
        Split(train.images[-held:], train.labels[-held:]),
        test,
    )
