"""A user's own data set: a NumPy archive, or a folder of image files by class.

``FILE.npz`` has the arrays ``x`` and ``y`` (or ``x_train`` and ``y_train``), and may have ``x_test`` and ``y_test``,
``x_validation`` and ``y_validation``, and ``class_names``:

    x  pixels 0 ... 255 [N, H, W] or [N, C, H, W], or spikes 0 and 1 or counts up to 255 [N, T, C, H, W], samples
       first; integers or bool
    y  labels 0 ... classes-1 [N], integers

A folder has a folder for each class, with PNG or JPEG files of one size, or such folders in ``train`` and, if they are
there, ``test`` and ``validation``. Classes are numbered in the order of their names. Images are grey if all are.

Where test images are missing, :func:`hold_out` takes them from the training images, and after that validation images.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.datasets.arrays import Array, read_arrays, require_memory
from model.datasets.split import Dataset, Split
from model.errors import UserError, require

PARTS = ("test", "validation")
HELD_OUT = 6
"""Of this many images of a class, one is held out."""
LARGEST_CLASSES = 1 << 16
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg")
GREY, COLOUR = ("1", "L", "LA"), ("RGB", "RGBA", "P", "CMYK", "YCbCr")
"""Pillow's modes that are taken as one channel, and as three."""


def is_own(name: str) -> bool:
    """Whether a data set's name is that of a file or a folder."""
    return "/" in name or name.endswith(".npz") or Path(name).is_dir()


def own(path: Path) -> Dataset:
    """Read it; every error is a sentence that names the file."""
    require(path.exists(), f"{path}: no such file or folder; name a data set, FILE.npz, or a folder of images by class")
    return _folder(path) if path.is_dir() else _archive(path)


def hold_out(split: Split, path: Path, what: str) -> tuple[Split, Split]:
    """The rest, and one image of :data:`HELD_OUT` of each class, at least one, drawn with a fixed seed."""
    random = np.random.default_rng(0)
    held = np.zeros(len(split), bool)
    for label in np.unique(split.labels):
        (places,) = np.nonzero(split.labels == label)
        require(
            len(places) >= 2,
            f"{path}: class {label} has a single image, so none can be held out as {what} image; give more, or "
            f"the {what} images themselves",
        )
        held[random.permutation(places)[: max(1, len(places) // HELD_OUT)]] = True
    return split.where(~held), split.where(held)


def _completed(path: Path, parts: dict[str, Split], classes: Sequence[str], digest: str) -> Dataset:
    """The data set, with what is missing held out of the training images."""
    for what in PARTS:
        if what not in parts:
            parts["train"], parts[what] = hold_out(parts["train"], path, what)
    shape = parts["train"].images.shape[1:]
    for what in PARTS:
        found = parts[what].images.shape[1:]
        require(
            found == shape, f"{path}: {what} images are {list(found)}, training images {list(shape)}; make them alike"
        )
    provenance = {"dataset_sha256": digest} | ({"class_names": list(classes)} if classes else {})
    bits = max(int(split.images.max()).bit_length() for split in parts.values()) if len(shape) == 4 else 1
    train, validation, test = (parts[part] for part in ("train", "validation", "test"))
    return Dataset(path.resolve().name, train, validation, test, provenance, count_bits=max(1, bits))


def _archive(path: Path) -> Dataset:
    arrays = read_arrays(path)
    names = {"x_train": "x", "y_train": "y"}
    arrays = {names.get(name, name): values for name, values in arrays.items()}
    known = ["x", "y", *(f"{axis}_{part}" for part in PARTS for axis in "xy"), "class_names"]
    others = sorted(set(arrays) - set(known))
    require(not others, f"{path}: array {', '.join(others)} is not known; it may have {', '.join(known)}")
    parts = {}
    for part, end in (("train", ""), *((part, f"_{part}") for part in PARTS)):
        pair = [arrays.get(axis + end) for axis in "xy"]
        missing = [axis + end for axis, values in zip("xy", pair, strict=True) if values is None]
        if len(missing) == 2 and part != "train":
            continue
        require(
            not missing, f"{path}: it has no array {' and no '.join(missing)}; it has {', '.join(arrays) or 'none'}"
        )
        parts[part] = Split(*checked(path, pair[0], pair[1], end))  # type: ignore[arg-type]
    names_given = arrays.get("class_names", np.array([], str))
    classes = [str(name) for name in names_given.ravel()]
    last = max(int(split.labels.max()) for split in parts.values())
    require(
        names_given.dtype.kind == "U" and (not classes or last < len(classes)),
        f"{path}: class_names has {len(classes)} names of type {names_given.dtype}; "
        f"give a string for each label 0 to {last}",
    )
    return _completed(path, parts, classes, hashlib.sha256(path.read_bytes()).hexdigest())


def checked(path: Path, images: Array, labels: Array, end: str = "") -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Images [N, C, H, W] or [N, T, C, H, W] and labels [N] of arrays x and y; refuses others with a sentence."""
    x, y = f"{path}: x{end}", f"{path}: y{end}"
    known = "[N, H, W] or [N, C, H, W] of pixels, or [N, T, C, H, W] of spikes or counts"
    require(images.ndim in (3, 4, 5) and images.size > 0, f"{x} is {list(images.shape)}; it takes {known}")
    numbers = checked_labels(y, labels)
    if images.ndim == 5 and images.shape[0] != len(labels) == images.shape[1]:
        raise UserError(f"{x} is {list(images.shape)}, time first; samples come first: x.swapaxes(0, 1)")
    require(
        len(images) == len(labels), f"{x} has {len(images)} images, and y{end} {len(labels)} labels; give one for each"
    )
    if images.ndim == 4 and images.shape[3] in (1, 3) and images.shape[1] > 4:
        raise UserError(f"{x} is {list(images.shape)}, channels last; they come first: x.transpose(0, 3, 1, 2)")
    require(
        images.dtype.kind in "iub",
        f"{x} is {images.dtype}; give pixels 0 to 255 or spikes or counts as integers, "
        "for pixels 0 to 1 (x * 255).round().astype('uint8')",
    )
    what = "spikes and counts" if images.ndim == 5 else "pixels"
    low, high = int(images.min()), int(images.max())
    require(low >= 0 and high <= 255, f"{x} has values from {low} to {high}; {what} are 0 to 255")
    if images.ndim == 3:
        images = images[:, None]
    return np.ascontiguousarray(images, np.uint8), numbers


def checked_labels(name: str, labels: Array) -> NDArray[np.int64]:
    """Labels [N] of an array or a file called ``name``; refuses what are not numbers of classes with a sentence."""
    require(
        labels.ndim == 1 and labels.size > 0 and labels.dtype.kind in "iu",
        f"{name} is {labels.dtype} {list(labels.shape)}; give the number of its class for each image, integers [N]",
    )
    require(
        int(labels.min()) >= 0 and int(labels.max()) < LARGEST_CLASSES,
        f"{name} has labels from {labels.min()} to {labels.max()}; they are 0 to {LARGEST_CLASSES - 1:,}, from 0 on",
    )
    return labels.astype(np.int64)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)


def _class_folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and _files(path))


def _folder(path: Path) -> Dataset:
    root = path / "train" if (path / "train").is_dir() else path
    classes = [folder.name for folder in _class_folders(root)]
    require(len(classes) >= 1, f"{root} has no folder of PNG or JPEG files; give a folder for each class, or FILE.npz")
    there = [part for part in PARTS if root != path and (path / part).is_dir()]
    files: dict[str, list[tuple[Path, int]]] = {}
    for part, folder in (("train", root), *((part, path / part) for part in there)):
        folders = _class_folders(folder)
        others = [each.name for each in folders if each.name not in classes]
        require(
            not others, f"{folder / (others or [''])[0]}: no class of the training images, {', '.join(classes[:10])}"
        )
        files[part] = [(file, classes.index(each.name)) for each in folders for file in _files(each)]
        require(bool(files[part]), f"{folder} has no PNG or JPEG files in folders of classes; add some, or remove it")
    images = _decoded([file for listed in files.values() for file, _ in listed])
    digest, parts, start = hashlib.sha256(), {}, 0
    for part, listed in files.items():
        for file, _ in listed:
            digest.update(file.relative_to(path).as_posix().encode("utf-8", "surrogateescape") + b"\0")
            digest.update(hashlib.sha256(file.read_bytes()).digest())
        labels = np.array([label for _, label in listed], np.int64)
        parts[part] = Split(images[start : start + len(listed)], labels)
        start += len(listed)
    return _completed(path, parts, classes, digest.hexdigest())


def _decoded(paths: Sequence[Path]) -> NDArray[np.uint8]:
    """Pixels [N, 1 or 3, H, W]; all files have one size."""
    from PIL import Image, UnidentifiedImageError

    sizes, modes = [], []
    for path in paths:
        try:
            with Image.open(path) as opened:
                sizes.append(opened.size)
                modes.append(opened.mode)
        except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
            raise UserError(f"{path} cannot be read as an image ({error}); replace or remove it") from None
        require(modes[-1] in GREY + COLOUR, f"{path} has pixels of mode {modes[-1]}; save it with 8 bits a channel")
        (width, height), (first_width, first_height) = sizes[-1], sizes[0]
        require(
            sizes[-1] == sizes[0],
            f"{path} has {width}×{height} pixels, {paths[0]} {first_width}×{first_height}; make all images one size",
        )
    mode = "L" if set(modes) <= set(GREY) else "RGB"
    width, height = sizes[0]
    require_memory(paths[0].parent.parent, len(paths) * height * width * len(mode))
    images = np.empty((len(paths), len(mode), height, width), np.uint8)
    for index, path in enumerate(paths):
        try:
            with Image.open(path) as opened:
                pixels = np.asarray(opened.convert(mode))
        except (OSError, ValueError, SyntaxError) as error:
            raise UserError(f"{path} cannot be read as an image ({error}); replace or remove it") from None
        images[index] = pixels.reshape(height, width, len(mode)).transpose(2, 0, 1)
    return images
