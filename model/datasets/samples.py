"""A few images to try a network on: of its data set where that is at hand, else drawn."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model import datasets
from model.errors import UserError, require
from model.golden.network import check_images
from model.inputs import PIXELS
from model.network.network import Network

RECTANGLES = 3
SPIKE_DENSITY = 0.2


def drawn_images(network: Network, count: int) -> NDArray[np.uint8]:
    """Bright rectangles on black, or spikes or counts at random; always the same ones."""
    random = np.random.default_rng(0)
    channels, height, width = network.input_shape
    if not network.inputs.static:
        shape = (network.time_steps, count, *network.input_shape)
        spikes = (random.random(shape) < SPIKE_DENSITY).astype(np.uint8)
        return spikes * random.integers(1, network.inputs.largest, shape, np.uint8, endpoint=True)
    images = np.zeros((count, channels, height, width), np.uint8)
    for image in images:
        for _ in range(RECTANGLES):
            top, left = random.integers(0, height), random.integers(0, width)
            rows, columns = random.integers(1, height // 2 + 2), random.integers(1, width // 2 + 2)
            image[random.integers(0, channels), top : top + rows, left : left + columns] = random.integers(PIXELS.scale)
    return images


def images_of(network: Network, data: datasets.Dataset, count: int | None = None) -> NDArray[np.uint8]:
    """The first test images of ``data``, or all, as ``network`` takes them; refuses those of another kind or shape."""
    require(
        network.inputs.takes(data.inputs),
        f"the network takes {network.inputs}, and {data.name} has {data.inputs}; "
        "choose another set with --dataset, or give images with --input FILE",
    )
    images = datasets.for_network(data.test.images[:count])
    try:
        check_images(network, images)
    except UserError as error:
        raise UserError(f"{data.name}: {error}; or choose another set with --dataset") from None
    return images


def some_images(
    network: Network,
    count: int,
    dataset: str | None = None,
    data_dir: Path | None = None,
    *,
    fewer: bool = False,
    download: bool = False,
) -> tuple[NDArray[np.uint8], str]:
    """The first test images of ``dataset`` or the network's own set, and what they are.

    A set that was named, or whose folder was, must be there; without, drawn images take its place. With ``fewer``, a
    smaller set gives all that it has; without, it is refused.
    """
    require(count >= 1, f"{count} images; at least 1")
    try:
        name = datasets.of_network(dataset, network.provenance)
        data = datasets.taken_by(network, name, data_dir, download=download)
    except UserError:
        if dataset is None and data_dir is None:
            named = network.provenance.get("dataset")
            why = f"{named} is not at hand" if named else "the network names no data set"
            return drawn_images(network, count), f"drawn, because {why}"
        raise
    if fewer:
        count = min(count, len(data.test))
    require(count <= len(data.test), f"{count} images; the test set of {data.name} has {len(data.test)}")
    return images_of(network, data, count), f"the first test images of {data.name}"
