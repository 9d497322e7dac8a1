"""Batch norm's statistics, measured again with the weights as they are."""

from collections.abc import Iterable

import torch
from torch import Tensor

from model.training import parallel
from model.training.network import SpikingNetwork


@torch.no_grad()
def measure_statistics(module: SpikingNetwork, batches: Iterable[Tensor]) -> None:
    """Make the running statistics the mean of those of ``batches`` [N, C, H, W]; none leaves them as they are.

    What runs along in training is of the weights of the last dozen batches, and of two bits some codes have changed in
    each (precise BN, arXiv 2105.07576 §3).
    """
    layers = list(module.spiking().values())
    momenta = [layer.momentum for layer in layers]
    was_training = module.training
    module.train()
    for number, batch in enumerate(batches, 1):
        for layer in layers:
            layer.momentum = 1 / number
        module(parallel.share(batch))
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
    module.train(was_training)
