"""Image sets as NumPy arrays, by name. No torch."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from model.datasets import cifar10, idx, moving_digits, tiny_imagenet
from model.datasets.events import sets as event_sets
from model.datasets.events.listing import SETS as EVENTS
from model.datasets.events.recording import Framing
from model.datasets.own import is_own, own
from model.datasets.split import Dataset, Split, for_network
from model.errors import UserError, require
from model.network.network import Network

__all__ = ["EVENTS", "NAMES", "Dataset", "Framing", "Split", "for_network", "load", "of_network", "sizes", "taken_by"]

VALIDATION_IMAGES = 5000
"""Images at the end of the official training set that are kept for choosing, where the set is that large."""


def _digits(data_dir: Path | None, fetch: bool) -> tuple[Split, Split]:
    """The last 360 images of scikit-learn's 1,797 are the test split."""
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise UserError(
            "the digits set comes with scikit-learn; install it with `make setup` or use another set"
        ) from None
    bunch = load_digits()
    images = np.minimum(bunch.images * 16, 255).astype(np.uint8)[:, None]
    labels = bunch.target.astype(np.int64)
    return Split(images[:-360], labels[:-360]), Split(images[-360:], labels[-360:])


SETS: dict[str, Callable[[Path | None, bool], tuple[Split, Split]]] = {
    "fashion-mnist": idx.fashion_mnist,
    "mnist": idx.mnist,
    "cifar10": cifar10.cifar10,
    "tiny-imagenet": tiny_imagenet.tiny_imagenet,
    "digits": _digits,
}
"""Functions from the folder that was named, and whether to download, to the official training and test split."""

MADE: dict[str, tuple[str, Callable[[Split], Split]]] = {"moving-digits": ("digits", moving_digits.recorded)}
"""Sets that are made from another one, split by split, so that no image is in two of them."""

NAMES = (*SETS, *MADE, *EVENTS)
UNKNOWN = f"data set {{name!r}} is not known; choose one of {', '.join(NAMES)}, FILE.npz or a folder"

SHAPES: dict[str, tuple[tuple[int, int, int], int]] = {
    "fashion-mnist": ((1, 28, 28), 10),
    "mnist": ((1, 28, 28), 10),
    "cifar10": ((3, 32, 32), 10),
    "tiny-imagenet": ((3, 64, 64), 200),
    "digits": ((1, 8, 8), 10),
    "moving-digits": (moving_digits.SHAPE, moving_digits.CLASSES),
}
"""Channels, height and width of the images, and classes; of event sets :data:`EVENTS` says it."""


def load(name: str, data_dir: Path | None = None, *, download: bool = True, framing: Framing | None = None) -> Dataset:
    """Read a set by name; the validation split is the end of the official training set. Or a user's own file or folder.

    ``framing`` is how recordings of event sets become frames. A set is looked for in ``data_dir`` or the variable
    MINT_DATA (the folder itself or a subfolder of the set's name), then where the system or an earlier download has it;
    what is not there and may be downloaded is, with checksum, unless ``download`` is off.
    """
    if name not in NAMES and is_own(name):
        require(data_dir is None, f"{name} is a data set of yours, and --data-dir is of the known ones; leave it out")
        return own(Path(name))
    require(name in NAMES, UNKNOWN.format(name=name))
    if name in EVENTS:
        return event_sets.load(name, data_dir, framing or Framing())
    if name in MADE:
        base, made = MADE[name]
        still = load(base, data_dir, download=download)
        return Dataset(name, made(still.train), made(still.validation), made(still.test))
    train, test = SETS[name](data_dir, download)
    held = min(VALIDATION_IMAGES, len(train) // 6)
    return Dataset(
        name,
        Split(train.images[:-held], train.labels[:-held]),
        Split(train.images[-held:], train.labels[-held:]),
        test,
    )


def taken_by(network: Network, name: str, data_dir: Path | None = None, *, download: bool = True) -> Dataset:
    """A set as ``network`` takes it: the same, but of recordings, which become frames of its T and its pixels."""
    framing = Framing.of(network, EVENTS[name].sensor) if name in EVENTS else None
    return load(name, data_dir, download=download, framing=framing)


def sizes(name: str, framing: Framing | None = None) -> tuple[tuple[int, int, int], int]:
    """Channels, height and width of a set's images, and classes; a known set need not be at hand."""
    if name in EVENTS:
        return (framing or Framing()).shape(EVENTS[name].sensor), EVENTS[name].classes
    if name in SHAPES or not is_own(name):
        require(name in SHAPES, UNKNOWN.format(name=name))
        return SHAPES[name]
    data = load(name)
    channels, height, width = data.train.images.shape[-3:]
    return (channels, height, width), data.classes


def of_network(named: str | None, provenance: Mapping[str, Any]) -> str:
    """The set that was named, or else that of a network's ``provenance``; refuses to guess."""
    if named is not None:
        return named
    found = str(provenance.get("dataset", ""))
    require(found != "", "the network names no data set; name one with --dataset, or images with --input")
    require(
        found in NAMES and "dataset_sha256" not in provenance,
        f"the network's data set {found!r} is none that is known, but a user's; name its file or folder with --dataset",
    )
    return found
