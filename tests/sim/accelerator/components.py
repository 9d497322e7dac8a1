"""Configurations for benches of the accelerator's components, and how these are run."""

from model.accelerator.plan import plan
from sim.harness.port import simulate_in_amaranth
from sim.networks.random_chains import random_chain, random_choices
from sim.networks.random_joins import random_joins

WAITS = (0.0, 0.5)
ROWS_LANES = 9


def run(component, check, *arguments):
    """What the bench met."""
    found = []

    async def bench(port):
        found.append(await check(port, *arguments))

    simulate_in_amaranth(component, bench)
    return found[0]


def accelerator(seed, rows=None):
    """Of a random chain; with ``rows``, the seed of a dataflow for each layer."""
    case = random_chain(seed)
    if rows is None:
        return plan(case.network, lanes=case.lanes, lanes_per_neuron_unit=case.lanes_per_neuron_unit)
    choices = random_choices(case.network, ROWS_LANES, rows)
    return plan(case.network, lanes=ROWS_LANES, lanes_per_neuron_unit=1, dataflow=choices)


def streaming(seed):
    """Of a random chain, whose time steps are frames."""
    case = random_chain(seed)
    return plan(case.network, lanes=case.lanes, lanes_per_neuron_unit=case.lanes_per_neuron_unit, dataflow="streaming")


def joining(seed):
    """Of a network whose layers join others."""
    case = random_joins(seed)
    return plan(case.network, lanes=case.lanes, lanes_per_neuron_unit=case.lanes_per_neuron_unit)
