"""Golden twin of the neuron unit: the equations of one time step.

    H = A + B + load(U)
    spike = H >= threshold
    U <- 0 if spike else store(H)

for integers and, element by element, for NumPy arrays of them.
"""

import numpy as np

from model.arithmetic import Integer, load, store


def fire(potential: Integer, threshold: Integer, leak: int, width: int) -> tuple[Integer, Integer]:
    """Spike and membrane code of a potential; ``width`` is the code's."""
    spike = potential >= threshold
    membrane = store(potential, width, leak)
    if isinstance(spike, np.ndarray):
        return spike.astype(np.int64), np.where(spike, 0, membrane)
    return int(spike), 0 if spike else membrane


def neuron_step(
    accumulator: Integer, bias: Integer, threshold: Integer, membrane: Integer, leak: int, width: int
) -> tuple[Integer, Integer, Integer]:
    """One time step: potential, spike and next membrane of neurons with the sum ``accumulator``.

    ``bias`` is B, or B + J where an identity shortcut spikes; the membrane is 0 before the first step.
    """
    potential: Integer = accumulator + bias + load(membrane, leak)
    spike, after = fire(potential, threshold, leak, width)
    return potential, spike, after
