"""Fixtures of the tests that train."""

import pytest
import torch

from model import datasets


@pytest.fixture(scope="session")
def data() -> datasets.Dataset:
    """scikit-learn's digits."""
    return datasets.load("digits")


@pytest.fixture
def one_thread() -> None:
    """The same sums in the same order everywhere."""
    torch.set_num_threads(1)
