"""A few images to try a network on: of its data set where that is at hand, else drawn."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model import datasets
from model.config import PIXEL_SCALE, ConfigError, require
from model.network import Network

RECTANGLES = 3
SPIKE_DENSITY = 0.2


def drawn_images(network: Network, count: int) -> NDArray[np.uint8]:
    """Bright rectangles on black, or spikes at random; always the same ones."""
    random = np.random.default_rng(0)
    channels, height, width = network.input_shape
    if network.input_kind == "spikes":
        shape = (network.time_steps, count, *network.input_shape)
        return (random.random(shape) < SPIKE_DENSITY).astype(np.uint8)
    images = np.zeros((count, channels, height, width), np.uint8)
    for image in images:
        for _ in range(RECTANGLES):
            top, left = random.integers(0, height), random.integers(0, width)
            rows, columns = random.integers(1, height // 2 + 2), random.integers(1, width // 2 + 2)
            image[random.integers(0, channels), top : top + rows, left : left + columns] = random.integers(PIXEL_SCALE)
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
    name = dataset or str(network.provenance.get("dataset", ""))
    if dataset is None and data_dir is None and name not in datasets.NAMES:
        return drawn_images(network, count), "drawn, because the network names no data set"
    try:
        test = datasets.load(name, data_dir, download=download).test
    except ConfigError:
        if dataset is None and data_dir is None:
            return drawn_images(network, count), f"drawn, because {name} is not at hand"
        raise
    if fewer:
        count = min(count, len(test))
    require(count <= len(test), f"{count} images; the test set of {name} has {len(test)}")
    shape = test.images.shape[1:]
    require(
        network.input_kind == "pixels" and shape == network.input_shape,
        f"images of {name} are pixels of {shape}, the network takes {network.input_kind} of {network.input_shape}",
    )
    return test.images[:count], f"the first test images of {name}"
