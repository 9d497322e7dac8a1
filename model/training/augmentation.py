"""Augmentation of a batch on the device that trains: mirror images, small shifts, mixtures; shifts of recordings.

Pixels stay integers, so that sums in training are exact, as the law's are.
"""

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional


def augment(images: Tensor, shift: int, generator: torch.Generator) -> Tensor:
    """Mirror each image of [N, C, H, W] with probability ½ and move it by up to ``shift`` pixels, 0 coming in.

    A recording [N, T, C, H, W] is moved as a whole, all its frames alike, and not mirrored.
    """
    if images.dim() == 5:
        never = torch.zeros(len(images), dtype=torch.bool)
        return _moved(images.flatten(1, 2), shift, never, generator).view_as(images)
    return _moved(images, shift, torch.rand(len(images), generator=generator) < 0.5, generator)


def _moved(images: Tensor, shift: int, flip: Tensor, generator: torch.Generator) -> Tensor:
    """Images [N, C, H, W], those of ``flip`` [N] mirrored, moved by up to ``shift`` pixels."""
    count, _, height, width = images.shape
    offsets = torch.randint(0, 2 * shift + 1, (2, count), generator=generator)
    rows = offsets[0][:, None] + torch.arange(height)
    columns = offsets[1][:, None] + torch.arange(width)
    columns = torch.where(flip[:, None], columns.flip(1), columns)
    padded = functional.pad(images, (shift,) * 4).movedim(1, -1)
    index = torch.arange(count)[:, None, None]
    # Not blocking: the host is not to wait until a GPU has done what it was given before.
    places = (rows[:, :, None], columns[:, None, :], index)
    rows, columns, index = (x.to(images.device, non_blocking=True) for x in places)
    return padded[index, rows, columns].movedim(-1, 1).contiguous()


def mix(
    images: Tensor, labels: Tensor, classes: int, mixup: float, cutmix: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Mix each image with another one of the batch by a share λ of Beta(α, α), and the labels alike: [N, classes].

    ``mixup`` and ``cutmix`` are the α of mixtures λ·x + (1-λ)·y, rounded, and of rectangles of y in x that cover 1-λ;
    with both, one of them is drawn for the batch.
    """
    random = np.random.default_rng(int(torch.randint(0, 2**31, (1,), generator=generator)))
    order = torch.randperm(len(images), generator=generator).to(images.device, non_blocking=True)
    cut = cutmix > 0 and (mixup == 0 or random.random() < 0.5)
    alpha = cutmix if cut else mixup
    share = float(random.beta(alpha, alpha))
    if cut:
        _, _, height, width = images.shape
        side = math.sqrt(1 - share)
        row, column = random.integers(0, [height, width])
        rows, columns = (
            slice(max(0, round(middle - side * extent / 2)), round(middle + side * extent / 2))
            for middle, extent in ((row, height), (column, width))
        )
        mixed = images.clone()
        mixed[:, :, rows, columns] = images[order][:, :, rows, columns]
        share = 1 - mixed[0, 0, rows, columns].numel() / (height * width)  # a rectangle may end at the edge
    else:
        mixed = (share * images.float() + (1 - share) * images[order].float()).round().to(images.dtype)
    target = functional.one_hot(labels, classes).float()
    return mixed, share * target + (1 - share) * target[order]
