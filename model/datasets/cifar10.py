"""CIFAR-10 in its official binary version: six files of 10,000 records, a byte of label and 3 × 32 × 32 of pixels."""

import io
import tarfile
from pathlib import Path

import numpy as np

from model.datasets.folders import cache_folder, download, named_folder
from model.datasets.split import Split
from model.errors import require
from model.files.replacing import replacing

SOURCE = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
MD5 = "c32a1d4ab5d03f1284b67883e8d87530"
"""As the official page prints it beside the archive."""
FOLDER = "cifar-10-batches-bin"
TRAIN, TEST = tuple(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"
SHAPE, CLASSES = (3, 32, 32), 10
RECORD, RECORDS = 1 + 3 * 32 * 32, 10_000
"""Bytes of a record, and records of a file."""


def _complete(folder: Path) -> bool:
    return (folder / TEST).is_file()


def _read(path: Path) -> Split:
    require(path.is_file(), f"{path}: no such file; the set has {', '.join(TRAIN)} and {TEST}")
    data = np.fromfile(path, np.uint8)
    require(
        data.size == RECORDS * RECORD,
        f"{path} holds {data.size} bytes, which are not {RECORDS} records of {RECORD}; fetch it again",
    )
    records = data.reshape(-1, RECORD)
    labels = records[:, 0].astype(np.int64)
    require(int(labels.max()) < CLASSES, f"{path} has label {int(labels.max())} of {CLASSES} classes; fetch it again")
    return Split(records[:, 1:].reshape(-1, *SHAPE), labels)


def cifar10(data_dir: Path | None, fetch: bool) -> tuple[Split, Split]:
    """50,000 training and 10,000 test images, from a named folder or a download."""
    folder = named_folder("cifar10", data_dir, ("cifar10", FOLDER), _complete, f"{TRAIN[0]} and others, {TEST}")
    if folder is None:
        folder = cache_folder("cifar10")
        if not _complete(folder):
            _download(folder, fetch)
    batches = [_read(folder / name) for name in TRAIN]
    images, labels = ([getattr(batch, key) for batch in batches] for key in ("images", "labels"))
    return Split(np.concatenate(images), np.concatenate(labels)), _read(folder / TEST)


def _download(folder: Path, fetch: bool) -> None:
    """Put the six files into ``folder``; the test split, which says that the set is complete, last."""
    instead = f"name the folder of its binary version ({FOLDER}) in --data-dir or MINT_DATA"
    data = download("cifar10", SOURCE, MD5, fetch, instead)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for name in (*TRAIN, TEST):
            member = archive.extractfile(f"{FOLDER}/{name}")
            assert member is not None
            with replacing(folder / name) as temporary:
                temporary.write_bytes(member.read())
