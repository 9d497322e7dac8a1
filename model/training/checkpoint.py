"""Checkpoints in safetensors: parameters, optimiser state and JSON, written as a whole or not at all."""

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from model.errors import UserError
from model.files.replacing import replacing
from model.files.tensor_file import SafetensorError, safe_open, save


def write(path: Path, module: nn.Module, optimiser: torch.optim.Optimizer | None, notes: dict[str, Any]) -> None:
    """Write everything that a run needs to go on."""
    tensors = {f"module.{key}": value for key, value in module.state_dict().items()}
    if optimiser is not None:
        for index, entries in optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{index}.{key}": torch.as_tensor(value) for key, value in entries.items()}
    with replacing(path) as temporary:
        arrays = {key: value.contiguous().cpu().numpy() for key, value in tensors.items()}
        temporary.write_bytes(save(arrays, {"notes": json.dumps(notes)}))


def read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and notes of a checkpoint."""
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in list(file.keys())}, json.loads(file.metadata()["notes"])
    except FileNotFoundError:
        raise UserError(f"{path}: no such checkpoint; train the network first") from None
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path}: not a checkpoint of ours, or cut short ({error}); train again") from None


def restore(tensors: dict[str, Tensor], module: nn.Module, optimiser: torch.optim.Optimizer | None = None) -> None:
    """Put a checkpoint's tensors back."""
    prefix = "module."
    try:
        module.load_state_dict({k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)})
    except RuntimeError as error:
        raise UserError(f"the checkpoint is of another network ({str(error).splitlines()[-1].strip()})") from None
    if optimiser is not None:
        state: dict[int, dict[str, Tensor]] = {}
        for key, value in tensors.items():
            if key.startswith("optimiser."):
                _, index, name = key.split(".", 2)
                state.setdefault(int(index), {})[name] = value
        optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
