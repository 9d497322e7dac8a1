"""What a training run is made from, and the folder that is its own."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import torch

from model.config import Precision
from model.datasets import Dataset
from model.errors import UserError, require
from model.files.folders import locked
from model.training import parallel
from model.training.named import builder
from model.training.network import SpikingNetwork, reading_out
from model.training.recipe import Recipe

DIGESTS = ("dataset_sha256", "recordings_sha256")
"""What a data set's provenance says of the user's files that it is made of."""


def checked_device(name: str) -> str:
    """``name`` if PyTorch has such a device here."""
    require(name in ("cpu", "cuda"), f"device {name!r} is not known; choose cpu or cuda")
    require(name == "cpu" or torch.cuda.is_available(), "PyTorch finds no CUDA device here; leave out --device")
    return name


def sources_of(recipe: Recipe, data: Dataset) -> str:
    """SHA-256 of the network's file, the teacher, the initial weights and a user's data set or recordings.

    Empty without any.
    """
    files = [Path(recipe.network.rpartition(":")[0])] if ":" in recipe.network else []
    files += [Path(recipe.teacher)] if recipe.teacher else []
    files += [Path(recipe.initial) / "best.safetensors"] if recipe.initial else []
    parts = [file.read_bytes() for file in files]
    parts += [data.provenance[key].encode() for key in DIGESTS if key in data.provenance]
    return hashlib.sha256(b"".join(parts)).hexdigest() if parts else ""


def built_for(recipe: Recipe, data: Dataset) -> Callable[[Precision | None], SpikingNetwork]:
    """The function that makes the recipe's network for the images of ``data``."""
    channels, height, width = data.train.images.shape[-3:]
    own = ":" in recipe.network and recipe.framing is not None
    plain = builder(
        recipe.network,
        width=recipe.width,
        time_steps=Recipe.time_steps if own else recipe.time_steps,  # T of recordings, that the network's has to be
        input_shape=(channels, height, width),
        classes=data.classes,
        ends_bits=recipe.ends_bits,
        count_bits=recipe.count_bits if recipe.framing is not None else data.count_bits,
    )
    if recipe.readout == Recipe.readout:
        return plain
    return lambda precision: reading_out(plain(precision), recipe.readout)


@contextmanager
def run_folder(folder: Path) -> Iterator[Path]:
    """``folder``, in which no other training is at work until the end; if nothing was written, it does not stay."""
    if parallel.rank() > 0:  # the first process holds it for all
        yield folder
        return
    new = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise UserError(f"{folder}: a file is in the way; choose another place with --run") from None
    with locked(folder, f"{folder}: another training is at work in it; wait for it, or choose another with --run"):
        try:
            yield folder
        finally:
            with suppress(OSError):  # what holds a file stays
                for each in new:
                    each.rmdir()
