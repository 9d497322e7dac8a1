"""That a trained model in evaluation mode and the golden model compute the same integers."""

from collections.abc import Callable

import numpy as np
import torch

from model.golden.network import chunks, run
from model.network import Network
from model.training.network import SpikingNetwork


def differences(
    module: SpikingNetwork, network: Network, images: np.ndarray, progress: Callable[[int], None] | None = None
) -> tuple[int, int]:
    """How many H, spikes, U and logits differ, and how many were compared.

    The module computes in its own forward pass on its own parameters; ``network`` is what was exported.
    """
    differing = compared = 0
    for _, some in chunks(network, images):
        golden = run(network, some)
        own = module.observe(torch.from_numpy(np.array(some)))
        assert set(own) == set(golden)
        for key, values in own.items():
            differing += int((values.numpy() != golden[key]).sum())
            compared += values.numel()
        if progress:
            progress(some.shape[0 if network.input_kind == "pixels" else 1])
    return differing, compared
