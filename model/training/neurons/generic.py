"""The twin of any neuron, made of its own integer law: for a family that has no faster one.

Forward it is the neuron itself, time step after time step in NumPy. Backward it is a leaky neuron whose state is
cleared by a spike: dh[t] = dS[t]·σ'((H-Θ)·unit) + dh[t+1]·leak·[no spike]·[not saturated]. A family of another kind
has a file of its own.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from model.network.fold import Folded
from model.training.neurons.config import NeuronConfig


def fire(sums: Tensor, folded: Folded, config: NeuronConfig) -> tuple[Tensor, Tensor]:
    """Potentials H and spikes [T, N, C, S] of integer sums [T or 1, N, C, S]; no gradient."""
    whole, bias, threshold = _integers(sums), *map(_channels, (folded.bias, folded.threshold))
    state: Any = np.zeros(whole.shape[1:], np.int64)
    potentials, spikes = [], []
    for t in range(config.time_steps):
        potential, spike, state = config.neuron.step(whole[t if len(whole) > 1 else 0], bias, state, threshold)
        potentials.append(potential)
        spikes.append(spike)
    return torch.from_numpy(np.stack(potentials)).to(sums), torch.from_numpy(np.stack(spikes)).to(sums).float()


def membranes(potential: Tensor, threshold: Tensor, config: NeuronConfig) -> Tensor:
    """What is stored of potentials."""
    return torch.from_numpy(_stored(_integers(potential), threshold, config)[1]).to(potential)


def backward(
    grad: Tensor, potential: Tensor, sums: Tensor, unit: Tensor, threshold: Tensor, config: NeuronConfig
) -> tuple[Tensor, Tensor]:
    """Gradient dh of the real potentials, like ``sums``, and its three sums per channel [C, 3]: see ``kernel.py``."""
    leak, sharpness = config.neuron.leak, config.sharpness
    spikes, stored = _stored(_integers(potential), threshold, config)
    loaded = torch.from_numpy(_load(stored, config)).to(potential)
    quiet = torch.from_numpy(1 - spikes).to(potential)
    # A code is as good as its unit: what is farther from the potential's share has saturated.
    unit_of_code = max(1, int(_load(np.ones(1, np.int64), config)[0]))
    inside = quiet * ((loaded - leak * potential).abs() < unit_of_code)
    x = (potential - threshold[:, None]) * unit[:, None] * (torch.pi / 2 * sharpness)
    local = grad * (sharpness / 2) / (1 + x * x)
    carried = torch.zeros_like(potential[0])
    out: list[Tensor] = []
    total, weighted, residual = (torch.zeros_like(carried) for _ in range(3))
    for t in range(len(grad) - 1, -1, -1):
        residual = residual + carried * (quiet[t] * loaded[t] - inside[t] * potential[t] * leak)
        carried = local[t] + carried * inside[t] * leak
        total = total + carried
        weighted = weighted + carried * sums[t if len(sums) > 1 else 0]
        out.insert(0, carried)
    real = torch.stack(out) if len(sums) > 1 else total[None]
    return real, torch.stack([x.double().sum((0, 2)) for x in (total, weighted, residual)], 1)


def _integers(x: Tensor) -> Any:
    return x.detach().cpu().double().numpy().astype(np.int64)


def _channels(x: Tensor) -> Any:
    return _integers(x)[:, None]


def _stored(potential: Any, threshold: Tensor, config: NeuronConfig) -> tuple[Any, Any]:
    """Spikes and states of potentials; from the state 0 nothing is loaded."""
    _, spikes, stored = config.neuron.step(potential, 0, np.zeros_like(potential), _channels(threshold))
    return spikes, stored


def _load(stored: Any, config: NeuronConfig) -> Any:
    return config.neuron.step(np.zeros_like(stored), 0, stored, np.zeros_like(stored))[0]
