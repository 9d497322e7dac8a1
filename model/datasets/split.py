"""What a set of images is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Split:
    """Images [N, C, H, W] uint8 and labels [N] int64."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def __add__(self, other: "Split") -> "Split":
        """The images of both."""
        return Split(np.concatenate([self.images, other.images]), np.concatenate([self.labels, other.labels]))


@dataclass(frozen=True)
class Dataset:
    """Training, validation and test split; ``validation`` was taken from the official training set."""

    name: str
    train: Split
    validation: Split
    test: Split
