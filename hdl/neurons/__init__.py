"""Neurons in hardware, shared by array and accelerator. A family is a file and a line here."""

from collections.abc import Sequence

from hdl.neurons.datapath import Datapath
from hdl.neurons.lif import LIF
from model.neurons import Lif


def datapath(modes: Sequence[Lif]) -> Datapath:
    """That of the neurons that a design supports, which are of one family."""
    known = {
        Lif.family: LIF,
    }
    return known[modes[0].family]
