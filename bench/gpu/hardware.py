"""What a result says of the machine it is from."""

import os
import platform
import shlex
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch

from model.training.neurons import gpu_kernel, kernel

PACKAGES = ("torch", "numpy", "triton", "numba", "snntorch", "spikingjelly")


def hardware(device: str) -> dict[str, Any]:
    """The device, its memory, processors and Python."""
    found: dict[str, Any] = {"processors": os.cpu_count(), "python": platform.python_version()}
    if device != "cpu":
        properties = torch.cuda.get_device_properties(0)
        found |= {
            "gpu": properties.name,
            "gpu_mib": properties.total_memory >> 20,
            "multiprocessors": properties.multi_processor_count,
            "cuda": torch.version.cuda,
            "cudnn": torch.backends.cudnn.version(),
        }
    return found


def tools() -> dict[str, str]:
    """Versions of the packages that are there."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def command() -> str:
    """The command line that is running."""
    return shlex.join(["python", "-m", "bench.gpu", *sys.argv[1:]])


def kernels(device: str) -> str:
    """Which implementation of the neuron this device takes."""
    if device == "cpu":
        return "numba's loops" if kernel.AVAILABLE else "plain PyTorch: numba is missing"
    if gpu_kernel.triton is None:
        return "plain PyTorch: Triton is missing"
    return "Triton's kernels" if gpu_kernel.allowed else "plain PyTorch: Triton's kernels failed"
