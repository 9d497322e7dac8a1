"""MNIST and Fashion-MNIST: four idx files, plain or gzipped."""

import gzip
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.datasets.folders import cache_folder, download, named_folder
from model.datasets.split import Split
from model.errors import UserError, require
from model.files.replacing import replacing

FILES = "idx files (t10k-images-idx3-ubyte and the three others)"
INSTEAD = "name the folder of its four idx files in --data-dir or MINT_DATA"
DEBIAN_FASHION = Path("/usr/share/datasets/fashion-mnist")
MNIST_SOURCE = "https://ossci-datasets.s3.amazonaws.com/mnist"
MNIST_MD5 = {
    "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
    "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
    "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
}
FASHION_SOURCE = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"
FASHION_MD5 = {
    "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
    "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
    "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
}


def _read_idx(path: Path) -> NDArray[np.uint8]:
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rb") as file:
            data = file.read()
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{path} cannot be read as an idx file ({error}); fetch it again") from None
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


def _complete(folder: Path) -> bool:
    return _find(folder, "t10k-images-idx3-ubyte") is not None


def _split(folder: Path, prefix: str) -> Split:
    found = [_find(folder, f"{prefix}-{kind}-ubyte") for kind in ("images-idx3", "labels-idx1")]
    require(None not in found, f"{folder} has no {prefix}-images-idx3-ubyte and {prefix}-labels-idx1-ubyte (or .gz)")
    images, labels = (_read_idx(path) for path in found if path is not None)
    require(len(images) == len(labels), f"{folder}: {len(images)} {prefix} images but {len(labels)} labels")
    return Split(images[:, None], labels.astype(np.int64))


def mnist(data_dir: Path | None, fetch: bool) -> tuple[Split, Split]:
    """MNIST, from a named folder or a download."""
    folder = named_folder("mnist", data_dir, ("mnist",), _complete, FILES)
    if folder is None:
        folder = _downloaded("mnist", MNIST_SOURCE, MNIST_MD5, fetch, INSTEAD)
    return _split(folder, "train"), _split(folder, "t10k")


def fashion_mnist(data_dir: Path | None, fetch: bool) -> tuple[Split, Split]:
    """Fashion-MNIST, from a named folder, Debian's package or a download."""
    folder = named_folder("fashion-mnist", data_dir, ("fashion-mnist",), _complete, FILES)
    if folder is None and DEBIAN_FASHION.is_dir():
        folder = DEBIAN_FASHION
    if folder is None:
        instead = f"install Debian's package dataset-fashion-mnist, or {INSTEAD}"
        folder = _downloaded("fashion-mnist", FASHION_SOURCE, FASHION_MD5, fetch, instead)
    return _split(folder, "train"), _split(folder, "t10k")


def _downloaded(name: str, source: str, sums: dict[str, str], fetch: bool, instead: str) -> Path:
    folder = cache_folder(name)
    for file, md5 in sums.items():
        if not (folder / file).is_file():
            data = download(name, f"{source}/{file}", md5, fetch, instead)
            with replacing(folder / file) as temporary:
                temporary.write_bytes(data)
    return folder
