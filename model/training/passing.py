"""Modules that only training knows: evaluation passes over them, export leaves them out."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from model.errors import require

PASSED_OVER = (nn.Identity, nn.Flatten, nn.Dropout)


def passed_over(layer: nn.Module) -> bool:
    """Whether ``layer`` has no integers because it needs none."""
    return type(layer) in PASSED_OVER


def drop(x: Tensor, dropout: nn.Dropout) -> Tensor:
    """``x`` [T, N, C, H, W] with a share p of each image's places at 0, at all time steps alike.

    What is left stays an integer: 1/(1-p) is a factor of the real scale of the layers that read it, :func:`scale`.
    """
    if not dropout.training:
        return x
    require(0 <= dropout.p < 1, f"Dropout of a share {dropout.p:g}; choose 0 to less than 1")
    return x * torch.empty_like(x[:1]).bernoulli_(1 - dropout.p)


def scale(dropouts: Iterable[nn.Dropout]) -> float:
    """Product of 1/(1-p) over those in training mode: what a layer's inputs are worth more for what is left out."""
    found = 1.0
    for dropout in dropouts:
        found /= 1 - dropout.p if dropout.training else 1
    return found
