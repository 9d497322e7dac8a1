"""Augmentation of a batch of images on the device that trains: mirror images and small shifts."""

import torch
from torch import Tensor
from torch.nn import functional


def augment(images: Tensor, shift: int, generator: torch.Generator) -> Tensor:
    """Mirror each image of [N, C, H, W] with probability ½ and move it by up to ``shift`` pixels, 0 coming in."""
    count, _, height, width = images.shape
    flip = torch.rand(count, generator=generator) < 0.5
    offsets = torch.randint(0, 2 * shift + 1, (2, count), generator=generator)
    rows = offsets[0][:, None] + torch.arange(height)
    columns = offsets[1][:, None] + torch.arange(width)
    columns = torch.where(flip[:, None], columns.flip(1), columns)
    padded = functional.pad(images, (shift,) * 4).movedim(1, -1)
    index = torch.arange(count)[:, None, None]
    rows, columns, index = (x.to(images.device) for x in (rows[:, :, None], columns[:, None, :], index))
    return padded[index, rows, columns].movedim(-1, 1).contiguous()
