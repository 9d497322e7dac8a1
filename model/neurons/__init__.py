"""Neurons: how sums become spikes, and what is kept between time steps. A family is a file and a line here."""

from collections.abc import Mapping

from model.neurons.lif import Lif
from model.neurons.memory_free import MemoryFree
from model.neurons.neuron import Neuron

__all__ = ["NEURONS", "Lif", "MemoryFree", "Neuron"]

NEURONS: Mapping[str, type[Neuron]] = {Lif.family: Lif, MemoryFree.family: MemoryFree}
"""By the names that bundles have for them."""
