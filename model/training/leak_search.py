"""Search of the leak's shift r, one layer after the other."""

import torch
from torch import Tensor
from torch.nn import functional

from model.datasets import for_network
from model.training import parallel
from model.training.network import SpikingNetwork

IMAGES = 1000
"""Training images by which an r is judged, in batches."""


@torch.no_grad()
def search_leaks(module: SpikingNetwork, images: Tensor, labels: Tensor, batch_size: int) -> None:
    """Give each spiking layer in turn that r of r-1, r, r+1 whose mean logits have the least cross-entropy.

    Batches are judged with their own statistics, as in training; running ones are of the old r and would speak for it.
    """

    def loss() -> float:
        found = torch.zeros((), device=images.device)
        for start in range(0, min(IMAGES, len(labels) - batch_size + 1), batch_size):
            part = slice(start, start + batch_size)
            logits = module(for_network(parallel.share(images[part])))
            mean = logits.mean(0) if logits.dim() == 3 else logits
            found += functional.cross_entropy(mean, parallel.share(labels[part]))
        return float(parallel.total(found))

    with module.measuring() as layers:
        for layer in layers:
            layer.momentum = 0.0
        least = loss()
        for layer in layers:
            kept, least_r = layer.leak, layer.least_leak
            for other in (kept - 1, kept + 1):
                if least_r <= other <= layer.largest_leak:
                    layer.leak = other
                    if (found := loss()) < least:
                        least, kept = found, other
            layer.leak = kept
