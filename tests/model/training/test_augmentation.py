"""Images that are moved, mirrored and mixed."""

import pytest
import torch

from model.training.augmentation import augment, mix

pytestmark = pytest.mark.usefixtures("one_thread")


def test_augmentation_mirrors_and_moves() -> None:
    image = torch.zeros(1, 1, 5, 5, dtype=torch.uint8)
    image[0, 0, 2, 1] = 7
    generator = torch.Generator().manual_seed(0)
    seen = {tuple(augment(image, 1, generator)[0, 0].nonzero()[0].tolist()) for _ in range(300)}
    # Column 1 or, mirrored, 3; each moved by -1, 0 or 1, as is row 2.
    assert seen == {(row, column) for row in (1, 2, 3) for column in (0, 1, 2, 3, 4)}
    assert int(augment(image, 1, generator).sum()) == 7


def test_a_recording_is_moved_as_a_whole() -> None:
    """All frames and polarities alike, each recording by its own shift, and never mirrored."""
    recordings = torch.zeros(200, 3, 2, 7, 7, dtype=torch.uint8)
    recordings[:, torch.arange(3), torch.tensor([0, 1, 1]), 3, torch.tensor([3, 2, 4])] = 1
    moved = augment(recordings, 2, torch.Generator().manual_seed(0))
    assert moved.shape == recordings.shape
    assert moved.dtype == torch.uint8
    shifts = set()
    for one in moved:
        step, polarity, row, column = one.nonzero().T
        assert step.tolist() == [0, 1, 2]
        assert polarity.tolist() == [0, 1, 1]
        shift = column - torch.tensor([3, 2, 4])
        assert len(set(shift.tolist())) == len(set(row.tolist())) == 1
        shifts.add((int(row[0]) - 3, int(shift[0])))
    assert shifts == {(rows, columns) for rows in range(-2, 3) for columns in range(-2, 3)}


def test_mixtures_are_of_two_images_and_stay_integers() -> None:
    images = torch.stack([torch.full((1, 16, 16), 40 * n, dtype=torch.uint8) for n in range(4)])
    generator = torch.Generator().manual_seed(0)
    cuts = 0
    for mixup, cutmix in ((0.4, 0.0), (0.0, 1.0), (1.0, 1.0)):
        for _ in range(30):
            mixed, target = mix(images, torch.arange(4), 4, mixup, cutmix, generator)
            assert mixed.dtype == torch.uint8
            torch.testing.assert_close(target.sum(1), torch.ones(4))
            # The mean of the pixels is the labels' mean: both are shared alike, up to rounding.
            wanted = target @ (40.0 * torch.arange(4))
            assert float((mixed.float().mean((1, 2, 3)) - wanted).abs().max()) <= 0.5 + 1e-3
            cuts += int(len(mixed[1:].flatten(1).unique(dim=1).T) > 1)
            assert mixup or not cutmix or set(mixed.unique().tolist()) <= {0, 40, 80, 120}
    assert 30 < cuts < 90
