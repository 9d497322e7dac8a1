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
