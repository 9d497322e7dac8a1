"""What a network says while a recording runs: logits after every time step."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from model.errors import require
from model.golden.network import Array, check_images, recordings, step_by_step
from model.network.graph import State
from model.network.network import Network


def rolling(network: Network, images: Array) -> NDArray[np.int64]:
    """Logits [N·T, classes] of one recording of N images [T, N, C, H, W]: sums over the last T time steps.

    Membranes and windows last from step to step and are never cleared. The rows T-1, 2T-1, ... are the logits that the
    accelerator gives in streaming order with state that lasts; before the first T steps, steps that were not are 0.
    """
    require(
        not network.inputs.static, "the network takes pixels, which do not run; give one that takes spikes or counts"
    )
    check_images(network, images)
    steps = network.time_steps
    lasting = recordings(replace(network, state=State.STREAM), images)
    each = [block[:, 0] for part, state in lasting for block in step_by_step(network, part, state)]
    total = np.concatenate([np.zeros((steps, each[0].shape[1]), np.int64), np.concatenate(each).cumsum(0)])
    return total[steps:] - total[:-steps]
