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


@dataclass(frozen=True)
class Dataset:
    """Training, validation and test split; ``validation`` was taken from the official training set."""

    name: str
    train: Split
    validation: Split
    test: Split
