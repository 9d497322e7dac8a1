"""What the neurons of one layer are trained with."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from model.config import Precision


class Constants(NamedTuple):
    """A leaky neuron's law as the compiled loops take it: store by 2^-r, load by 2^(r-1) or half, ±Q, and its decay."""

    store_scale: np.float32
    load_scale: np.float32
    limit: np.float32
    half: bool
    decay: np.float32
    """What is left of a potential at the next time step, in real terms: by this the gradient goes back in time."""


@dataclass(frozen=True)
class NeuronConfig:
    """Constants of one layer's neurons: widths, r, T, real threshold, sharpness of the surrogate.

    ``skip_unit`` is what a spike of an identity shortcut adds to the real potential, 0 without one; without
    ``normalised`` there is no batch norm: the gain is 1 and β is the bias.
    """

    precision: Precision
    leak: int
    time_steps: int
    largest_input: int
    input_scale: float
    firing_threshold: float = 1.0
    sharpness: float = 2.0
    skip_unit: float = 0.0
    normalised: bool = True

    @property
    def constants(self) -> Constants:
        limit = self.precision.lif(self.leak).limit
        return Constants(
            np.float32(2.0**-self.leak),
            np.float32(2.0 ** (self.leak - 1)),
            np.float32(limit),
            self.leak == 0,
            np.float32(0.5),
        )
