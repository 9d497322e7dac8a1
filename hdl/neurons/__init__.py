"""Neurons in hardware, shared by array and accelerator. A family is a file and a line here."""

from collections.abc import Sequence

from hdl.neurons.datapath import Datapath
from hdl.neurons.lif import LIF
from hdl.neurons.memory_free import MEMORY_FREE
from model.neurons import Lif, MemoryFree, Neuron


def datapath(modes: Sequence[Neuron]) -> Datapath:
    """That of the neurons that a design supports, which are of one family."""
    known = {
        Lif.family: LIF,
        MemoryFree.family: MEMORY_FREE,
    }
    return known[modes[0].family]
