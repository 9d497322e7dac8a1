"""That a trained model in evaluation mode and the golden model compute the same integers."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from model.golden.network import chunks, run
from model.network.network import Network
from model.training.network import SpikingNetwork


@dataclass(frozen=True)
class Comparison:
    """How many H, spikes, U and logits differ, how many were compared, and the golden model's logits [N, classes]."""

    differing: int
    compared: int
    logits: NDArray[np.int64]


def compare(
    module: SpikingNetwork, network: Network, images: np.ndarray, progress: Callable[[int], None] | None = None
) -> Comparison:
    """Run both on ``images``, and compare every number.

    The module computes in its own forward pass on its own parameters; ``network`` is what was exported.
    """
    differing = compared = 0
    logits = []
    for _, some in chunks(network, images):
        golden = run(network, some)
        own = module.observe(torch.from_numpy(np.array(some)))
        assert set(own) == set(golden)
        for key, values in own.items():
            differing += int((values.numpy() != golden[key]).sum())
            compared += values.numel()
        logits.append(golden["logits"])
        if progress:
            progress(some.shape[network.inputs.axis])
    return Comparison(differing, compared, np.concatenate(logits))
