"""Training images on the device, and batches of them made there: mirrored and moved, no word from the host."""

import torch
from torch import Tensor
from torch.nn import functional

from model.training.recipe import Recipe


class Batches:
    """Batches of uint8 images [N, C, H, W] with channels last in memory.

    Everything random about an epoch is a table of integers [steps, 4, N] that depends on seed and epoch only: which
    image, row and column of its first pixel in the image with a border of zeros, whether it is mirrored.
    """

    def __init__(self, images: Tensor, labels: Tensor, recipe: Recipe, device: str) -> None:
        self.recipe, self.device, self.labels = recipe, device, labels.to(device)
        self.height, self.width = images.shape[2:]
        border = (recipe.augment or 0,) * 4
        self.padded = functional.pad(images.to(device), border).movedim(1, -1).contiguous()
        self.steps = len(images) // recipe.batch_size
        """Of an epoch; images that make no whole batch wait for the next."""
        self._rows, self._columns = (torch.arange(n, device=device) for n in (self.height, self.width))

    def table(self, epoch: int) -> Tensor:
        """The integers of an epoch."""
        recipe, count = self.recipe, len(self.labels)
        generator = torch.Generator().manual_seed(recipe.seed * 10007 + epoch)
        shift = recipe.augment or 0
        places = torch.randint(0, 2 * shift + 1, (2, count), generator=generator)
        mirrored = torch.randint(0, 2, (count,), generator=generator) * (recipe.augment is not None)
        order = torch.randperm(count, generator=generator)
        columns = torch.stack([order, *places, mirrored])[:, : self.steps * recipe.batch_size]
        return columns.unflatten(1, (self.steps, -1)).movedim(1, 0).contiguous().to(self.device)

    def take(self, place: Tensor) -> tuple[Tensor, Tensor]:
        """Images and labels of one step's integers [4, N]."""
        index, top, left, mirrored = place.unbind()
        rows = top[:, None] + self._rows
        columns = left[:, None] + self._columns
        columns = torch.where(mirrored[:, None] > 0, columns.flip(1), columns)
        images = self.padded[index[:, None, None], rows[:, :, None], columns[:, None, :]]
        return images.movedim(-1, 1), self.labels[index]
