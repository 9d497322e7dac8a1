"""What a set of images is."""

from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from model.inputs import COUNTS, PIXELS, SPIKES, Inputs, inputs_of

Images = TypeVar("Images", bound=Any)
"""An array of NumPy, or a tensor of PyTorch."""


def for_network(images: Images) -> Images:
    """Images of a split as networks take them: pixels as they are, frames [N, T, C, H, W] as [T, N, C, H, W]."""
    return images.swapaxes(0, 1) if images.ndim == 5 else images


@dataclass(frozen=True)
class Split:
    """Pixels [N, C, H, W], or spikes or counts [N, T, C, H, W], samples first, uint8, and labels [N] int64."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def __add__(self, other: "Split") -> "Split":
        """The images of both."""
        return Split(np.concatenate([self.images, other.images]), np.concatenate([self.labels, other.labels]))

    def where(self, chosen: NDArray[np.bool_]) -> "Split":
        """The chosen images."""
        return Split(self.images[chosen], self.labels[chosen])


@dataclass(frozen=True)
class Dataset:
    """Training, validation and test split; ``validation`` was taken from the official training set.

    ``provenance`` is what a bundle records of it besides its name: of a user's own set digest and names of the classes,
    of recordings how they became frames. ``note`` is a sentence about what was read. ``count_bits`` are a
    recorded pixel's, of which one is a spike.
    """

    name: str
    train: Split
    validation: Split
    test: Split
    provenance: dict[str, Any] = field(default_factory=dict)
    note: str = ""
    count_bits: int = 1

    @property
    def inputs(self) -> Inputs:
        if self.train.images.ndim == 4:
            return PIXELS
        return SPIKES if self.count_bits == 1 else inputs_of(COUNTS, self.count_bits)

    @property
    def classes(self) -> int:
        labels = (split.labels.max() for split in (self.train, self.validation, self.test))
        return max(len(self.provenance.get("class_names", [])), 1 + int(max(labels)))
