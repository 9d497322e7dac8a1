"""Reduced precision where it changes no integer: TensorFloat-32 of NVIDIA's matrix units.

They round operands to 11 significant bits (10 and the leading one) and add products in float32. Weight codes have up to
7 bits, pixels and counts 8, spikes one, sums of pooled spikes and of time steps a few; a product of two such has at
most 18, and sums below 2^24 stay exact. So forward passes are the same with and without, unless a convolution is
computed by a transform, whose operands are no such integers: what a GPU computes is compared with the CPU. Gradients
are rounded.
"""

import copy

import torch
from torch import Tensor

from model.datasets import for_network
from model.training.network import SpikingNetwork
from model.training.spiking import Weighted

LARGEST_OPERAND = 1 << 11
"""The greatest integer up to which all have 11 significant bits."""


def tf32_is_exact(layer: Weighted) -> bool:
    """Whether a layer's sums are: inputs (over time, where they are added first) and codes fit, and float32 does."""
    if layer.precision is None or layer.dtype != torch.float32:
        return False
    inputs = layer.largest_input * (layer.time_steps if layer.sums_over_time else 1)
    return max(inputs, layer.precision.code.limit) <= LARGEST_OPERAND


@torch.no_grad()
def other_integers(module: SpikingNetwork, batch: Tensor, images: int = 2) -> str:
    """The first layer with a potential that is not the CPU's, of the first images of ``batch``; empty if there is none.

    The whole batch is computed, because a library chooses how to compute a convolution by its size.
    """
    was_training = module.training
    for layer in module.spiking().values():
        layer.potential = None  # of a batch that is done; it cannot be copied
    found = module.eval().observe(for_network(batch))
    wanted = copy.deepcopy(module).cpu().observe(for_network(batch[:images].cpu()))
    module.train(was_training)
    for name in module.spiking():
        key = f"{name}.potential"
        if not torch.equal(found[key][:, :images].cpu(), wanted[key]):
            return name
    return ""


def allow_tf32(module: SpikingNetwork, *, allowed: bool = True) -> None:
    """Let a GPU use it if every layer that computes in float32 stays exact; a float64 layer has nothing of it."""
    layers = [layer for layer in module.children() if isinstance(layer, Weighted) and layer.dtype == torch.float32]
    chosen = "tf32" if allowed and all(map(tf32_is_exact, layers)) else "ieee"
    torch.backends.cuda.matmul.fp32_precision = chosen
    torch.backends.cudnn.fp32_precision = chosen
