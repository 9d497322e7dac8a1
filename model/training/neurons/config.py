"""What the neurons of one layer are trained with."""

from dataclasses import dataclass

from model.codes import WeightCode
from model.neurons import Neuron


@dataclass(frozen=True)
class NeuronConfig:
    """Constants of one layer's neurons: code, neuron, T, real threshold, sharpness of the surrogate.

    ``skip_unit`` is what a spike of an identity shortcut adds to the real potential, 0 without one; without
    ``normalised`` there is no batch norm: the gain is 1 and β is the bias.
    """

    code: WeightCode
    neuron: Neuron
    time_steps: int
    largest_input: int
    input_scale: float
    firing_threshold: float = 1.0
    sharpness: float = 2.0
    skip_unit: float = 0.0
    normalised: bool = True
