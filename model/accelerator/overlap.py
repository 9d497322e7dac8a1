"""Asynchronous inference: from a time step's last input to its sums, and what overlapping layers would save.

In the order ``streaming`` a layer fires a time step as soon as the one before has, whatever comes later; layers take
turns at the same lanes, so one of them is at work. If each had lanes and loops of its own, and the spikes of two time
steps fitted between two layers, several time steps could be on their way at once::

    begin[l, t] = max(end[l-1, t], end[l, t-1], end[l+1, t-2])          end[l, t] = begin[l, t] + cycles[l, t]

with the exact cycles of every layer and time step, of a chain of layers whose input is never waited for.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from model.accelerator.cycles import Cycles
from model.accelerator.estimate import Estimate
from model.accelerator.schedule import result_cycles, settle_cycles


def response(found: Estimate) -> Cycles:
    """From the last input beat of a time step to the class that it would give, both included, [N, frames]."""
    return settle_cycles(found.config) + found.layer_cycles.sum(2) + result_cycles(found.config) + 2


@dataclass(frozen=True)
class Overlap:
    """Layers with lanes of their own.

    Members
    -------
    cycles : float
        From class to class.
    at_once : float
        Layers at work, the mean over time.
    """

    cycles: float
    at_once: float


def overlap(found: Estimate) -> Overlap | None:
    """What overlapping layers would take; None where a layer reads others than the one before it."""
    layers = found.config.layers
    pairs = pairwise(layers)
    if any(plan.joined or plan.skip_memory is not None for plan in layers) or any(
        after.source_memory != before.memory for before, after in pairs
    ):
        return None
    runs = found.layer_cycles.reshape(-1, len(layers))
    ends = np.zeros((len(runs) + 2, len(layers) + 2), np.int64)  # of nothing before the first, and after the last
    for t, own in enumerate(runs, 2):
        for layer, cycles in enumerate(own, 1):
            ends[t, layer] = max(ends[t, layer - 1], ends[t - 1, layer], ends[t - 2, layer + 1]) + cycles
    total = int(ends[-1, len(layers)])
    return Overlap(total / len(found.cycles), float(runs.sum() / total))
