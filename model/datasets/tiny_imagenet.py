"""TinyImageNet-200 in its official folder: 200 classes of 64 × 64 JPEG files.

The official test images have no labels, so the official validation images are the test split, as in the papers.
"""

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from model.datasets.folders import cache_folder, download, named_folder
from model.datasets.split import Split
from model.errors import UserError, require

SOURCE = "http://cs231n.stanford.edu/tiny-imagenet-200.zip"
MD5 = "90528d7ca1a48142e341f4ef8d21d0de"
FOLDER = "tiny-imagenet-200"
CLASSES, ANNOTATIONS = "wnids.txt", "val_annotations.txt"
SIDE = 64


def _complete(folder: Path) -> bool:
    return (folder / CLASSES).is_file() and (folder / "val" / ANNOTATIONS).is_file()


def _decoded(paths: Sequence[Path]) -> NDArray[np.uint8]:
    """Pixels [N, 3, 64, 64]; a grey file has three equal channels."""
    from PIL import Image, UnidentifiedImageError

    images = np.empty((len(paths), 3, SIDE, SIDE), np.uint8)
    for index, path in enumerate(paths):
        try:
            with Image.open(path) as opened:
                pixels = np.asarray(opened.convert("RGB"))
        except (OSError, UnidentifiedImageError) as error:
            raise UserError(f"{path} cannot be read as an image ({error}); fetch it again") from None
        require(
            pixels.shape == (SIDE, SIDE, 3),
            f"{path} has {pixels.shape[1]}×{pixels.shape[0]} pixels; the set has {SIDE}×{SIDE}",
        )
        images[index] = pixels.transpose(2, 0, 1)
    return images


def _train(folder: Path, classes: Sequence[str]) -> Split:
    """One image of each class after another, so that the end of the split has all classes alike."""
    files = [sorted((folder / "train" / name / "images").glob("*.JPEG")) for name in classes]
    for name, found in zip(classes, files, strict=True):
        require(len(found) > 0, f"{folder / 'train' / name / 'images'} holds no JPEG files; fetch the set again")
    ordered = [
        (paths[index], label)
        for index in range(max(map(len, files)))
        for label, paths in enumerate(files)
        if index < len(paths)
    ]
    paths, labels = zip(*ordered, strict=True)
    return Split(_decoded(paths), np.array(labels, np.int64))


def _test(folder: Path, classes: Sequence[str]) -> Split:
    paths, labels = [], []
    for line in (folder / "val" / ANNOTATIONS).read_text(encoding="utf-8").splitlines():
        name, known, *_ = (*line.split("\t"), "")
        require(
            known in classes, f"{folder / 'val' / ANNOTATIONS}: class {known!r} is not in {CLASSES}; fetch it again"
        )
        paths.append(folder / "val" / "images" / name)
        labels.append(classes.index(known))
    return Split(_decoded(paths), np.array(labels, np.int64))


def tiny_imagenet(data_dir: Path | None, fetch: bool) -> tuple[Split, Split]:
    """100,000 training images and 10,000 test images, from a named folder or a download; decoding takes a minute."""
    name = "tiny-imagenet"
    folder = named_folder(name, data_dir, (name, FOLDER), _complete, f"{CLASSES}, train and val/{ANNOTATIONS}")
    if folder is None:
        folder = cache_folder(name) / FOLDER
        if not _complete(folder):
            instead = f"name the folder {FOLDER} of the official archive in --data-dir or MINT_DATA"
            require(not folder.exists(), f"{folder} is there and not the whole set; remove it, or {instead}")
            data = download(name, SOURCE, MD5, fetch, instead)
            folder.parent.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(dir=folder.parent) as part, zipfile.ZipFile(io.BytesIO(data)) as archive:
                archive.extractall(part)
                if not _complete(folder):  # another process may have been faster
                    (Path(part) / FOLDER).rename(folder)
    classes = (folder / CLASSES).read_text(encoding="utf-8").split()
    return _train(folder, classes), _test(folder, classes)
