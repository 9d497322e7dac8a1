"""Progressive precision: a network starts from the weights of one with wider codes, 8 bits, then 4, then 2."""

from pathlib import Path

import torch

from model.training import checkpoint
from model.training.network import SpikingNetwork
from model.training.spiking import Weighted


@torch.no_grad()
def start_from(folder: Path, module: SpikingNetwork) -> None:
    """Take the weights and batch norm of the best epoch of a run, of any widths, or of float32.

    Steps are as for new weights of ``module``'s widths, r follows from the running statistics.
    """
    tensors, _ = checkpoint.read(folder / "best.safetensors")
    # What the module has of its own: its quantisers' parameters, and the taps of windows.
    own = {f"module.{key}": value for key, value in module.state_dict().items() if _is_own(key)}
    checkpoint.restore({key: value for key, value in tensors.items() if not _is_own(key)} | own, module)
    for layer in module.children():
        if isinstance(layer, Weighted):
            layer.requantise()


def _is_own(key: str) -> bool:
    return any(part in ("quantiser", "quantizer", "window") for part in key.split("."))
