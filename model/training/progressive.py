"""Progressive precision: a network starts from the weights of one with wider codes, 8 bits, then 4, then 2."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from model.training import checkpoint
from model.training.network import SpikingNetwork
from model.training.spiking import Weighted


@torch.no_grad()
def start_from(folder: Path, module: SpikingNetwork) -> None:
    """Take the weights and batch norm of the best epoch of a run, of any widths, or of float32.

    Steps are as for new weights of ``module``'s widths, r follows from the running statistics. Where windows
    are as long, taps are those of the run.
    """
    tensors, _ = checkpoint.read(folder / "best.safetensors")
    own = {f"module.{key}": value for key, value in module.state_dict().items()}
    taken = {key: value for key, value in tensors.items() if not _is_own(key) or _same_taps(key, value, own)}
    checkpoint.restore({key: value for key, value in own.items() if _is_own(key)} | taken, module)
    for layer in module.children():
        if isinstance(layer, Weighted):
            layer.requantise()


def _is_own(key: str) -> bool:
    """Whether it is a quantiser's parameter, or a window's taps."""
    return any(part in ("quantiser", "quantizer", "window") for part in key.split("."))


def _same_taps(key: str, value: Tensor, own: Mapping[str, Tensor]) -> bool:
    """Whether they are taps that the module has as well."""
    return "window" in key.split(".") and key in own and own[key].shape == value.shape
