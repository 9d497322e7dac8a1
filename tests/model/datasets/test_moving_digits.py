"""moving-digits: the same frames in both orders, splits that share no image, and the same bytes everywhere."""

import hashlib
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from mint import api
from model import datasets
from model.config import Precision
from model.datasets import moving_digits
from model.datasets.split import Dataset, Split
from model.network.graph import Shape
from model.training.named import integers

CHECKSUM = "0b81c8845dd75a8f1b1c881ddea6137d76d19f46f46651b9ad6982cfe65efd89"


@pytest.fixture(scope="module")
def moving() -> Dataset:
    return datasets.load("moving-digits")


def splits(data: Dataset) -> tuple[Split, Split, Split]:
    return data.train, data.validation, data.test


def twins(split: Split) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Recordings in their order and in reverse order, image by image."""
    return split.images[split.labels < 10], split.images[split.labels >= 10]


def test_shapes_types_and_bytes(moving: Dataset) -> None:
    digest = hashlib.sha256()
    for split, images in zip(splits(moving), (1198, 239, 360), strict=True):
        assert split.images.shape == (2 * images, 8, 2, 12, 12)
        assert split.images.dtype == np.uint8
        assert split.labels.dtype == np.int64
        assert split.images.max() == 1
        digest.update(split.images.tobytes() + split.labels.tobytes())
    shape: Shape = moving.train.images.shape[2:]
    assert datasets.sizes("moving-digits") == (shape, moving.classes)
    assert digest.hexdigest() == CHECKSUM


def test_both_directions_of_each_digit_of_a_split(moving: Dataset) -> None:
    still = datasets.load("digits")
    for split, digits in zip(splits(moving), splits(still), strict=True):
        assert split.labels[split.labels < 10].tolist() == digits.labels.tolist()
        assert (split.labels[split.labels >= 10] - 10).tolist() == digits.labels.tolist()


def test_no_function_of_frames_summed_over_time_tells_twins_apart(moving: Dataset) -> None:
    """Frame by frame the random layer is exact: integers."""
    weight = np.random.default_rng(0).integers(-8, 8, (2 * 12 * 12, 16))
    for split in splits(moving):
        forwards, backwards = twins(split)
        assert np.array_equal(forwards, backwards[:, ::-1])
        fired = [
            (np.maximum(each.reshape(*each.shape[:2], -1) @ weight, 3) % 11).sum(1) for each in (forwards, backwards)
        ]
        assert np.array_equal(*fired)
        assert fired[0].std(0).min() > 0


def test_order_tells_twins_apart(moving: Dataset) -> None:
    """Three saccades go round one way or the other, whichever comes first."""
    for split in splits(moving):
        forwards, backwards = twins(split)
        assert (forwards.any((2, 3, 4)).sum(1) == len(moving_digits.SACCADES)).all()
        assert len({frames.tobytes() for frames in split.images}) > 0.99 * len(split)
        for shift in range(moving_digits.TIME_STEPS):
            same = (np.roll(forwards, shift, 1) == backwards).all((1, 2, 3, 4))
            assert not same.any()


def test_no_image_is_in_two_splits(moving: Dataset) -> None:
    """Whatever the order of its frames: sorted, they are those of one image."""
    images = [
        {b"".join(sorted(frame.tobytes() for frame in each)) for each in split.images} for split in splits(moving)
    ]
    assert [len(each) for each in images] == [1198, 239, 360]
    assert not any(one & other for one, other in combinations(images, 2))


@pytest.mark.parametrize(("membrane_width", "leak"), [(0, 0.0), (4, 0.5)])
def test_its_network_tells_twins_apart_with_memory_only(moving: Dataset, membrane_width: int, leak: float) -> None:
    network = integers("moving", Precision(4, membrane_width, leak=leak), width=1.0, time_steps=None, dataset=None)
    logits = api.golden(network, datasets.for_network(moving.test.images[:16]))["logits"]
    assert logits.shape == (16, moving.classes)
    assert logits.std(0).max() > 0
    assert np.array_equal(logits[::2], logits[1::2]) == (leak == 0)
