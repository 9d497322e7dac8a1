"""Which module computes a family of neurons in training. A twin is a file and a line here, and not needed at first."""

from collections.abc import Mapping
from types import ModuleType

from model.neurons import Lif, MemoryFree
from model.training.neurons import generic, lif
from model.training.neurons.config import NeuronConfig

TWINS: Mapping[str, ModuleType] = {Lif.family: lif, MemoryFree.family: lif}
"""By family; each has fire(), backward() and membranes() like ``generic.py``, which does for all others."""


def has_loops(family: str) -> bool:
    """Whether the compiled loops and kernels of leaky neurons compute it."""
    return TWINS.get(family) is lif


def twin(config: NeuronConfig) -> ModuleType:
    """The functions of a layer's neurons."""
    return TWINS.get(config.neuron.family, generic)
