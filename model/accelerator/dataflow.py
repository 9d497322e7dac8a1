"""Which dataflow each layer of an accelerator takes, and how many rows: the one with the fewest cycles."""

from collections.abc import Callable

from model.accelerator.config import AcceleratorConfig, Choice
from model.accelerator.layer_plan import SKIP
from model.accelerator.plan import choices, plan
from model.network.network import Network


def fastest(
    network: Network, lanes: int, cycles: Callable[[AcceleratorConfig, int], float], *, copies: bool = True
) -> list[Choice]:
    """The choice of every layer, one after another; a later layer reads the words that an earlier one stores.

    ``cycles`` are those of a layer, by its index, in an accelerator. Without ``copies``, no choice needs more rows of
    weights than ``skip``.
    """
    chosen: list[Choice] = [(SKIP, 1)] * len(network.layers)
    for index, layer in enumerate(network.layers):
        found: list[tuple[float, Choice]] = []
        groups = -(-layer.channels // lanes)
        for choice in choices(network, layer, lanes):
            if copies or -(-layer.channels // (lanes // choice[1])) == groups:
                tried = [*chosen[:index], choice, *chosen[index + 1 :]]
                config = plan(network, lanes=lanes, lanes_per_neuron_unit=1, dataflow=tried)
                found.append((cycles(config, index), choice))
        # The first of those that are equal: it has the fewest rows.
        chosen[index] = min(found, key=lambda each: each[0])[1]
    return chosen
