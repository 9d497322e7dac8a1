"""Progressive precision: a network starts from the weights of one with wider codes, 8 bits, then 4, then 2."""

from pathlib import Path

import torch

from model.training import checkpoint
from model.training.network import SpikingNetwork
from model.training.spiking import Weighted


@torch.no_grad()
def start_from(folder: Path, module: SpikingNetwork) -> None:
    """Take the weights and batch norm of the best epoch of a run, of any widths.

    Steps are as for new weights of ``module``'s widths, r follows from the running statistics.
    """
    tensors, _ = checkpoint.read(folder / "best.safetensors")
    checkpoint.restore(tensors, module)
    for layer in module.children():
        if isinstance(layer, Weighted):
            layer.requantise()
