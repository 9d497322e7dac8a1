"""An accelerator is planned once, and the simulator's process is told what it is."""

from dataclasses import replace

import pytest

import model.accelerator.plan
import sim.accelerator.comparison
from model.accelerator.choose import accelerator_config
from model.accelerator.plan import plan
from model.config import Precision
from model.network.network import Network
from sim.accelerator.comparison import cosimulate
from sim.accelerator.config_file import CONFIG, from_bytes, to_bytes
from sim.accelerator.cosim import prepare, run
from sim.accelerator.outcomes import Outcomes
from sim.harness.job import write_files
from sim.networks.chains import Chain, Link
from sim.networks.random_chains import random_choices
from sim.networks.random_joins import random_joins
from sim.networks.small_networks import first_layer
from tests.sim.harness.faults import as_it_lies_there

SMALL = Chain("pixels", (1, 2, 2), 2, (Link(3, 0),), 2, Precision(4, 4), seed=1, density=0.5)
ROWS = random_joins(36).network


@pytest.mark.parametrize(
    ("network", "options"),
    [
        (random_joins(129).network, {}),
        (ROWS, {"lanes_per_neuron_unit": 1, "dataflow": random_choices(ROWS, 9, 36)}),
        (first_layer("conv", "spikes", (2, 3, 3)), {"dataflow": "streaming"}),
        (first_layer("linear", "pixels", (2, 3, 3)), {"lanes_per_neuron_unit": 3, "retire": True}),
    ],
    ids=["joins", "rows", "frames", "shared units"],
)
def test_a_configuration_survives_the_file(network, options):
    config = plan(network, lanes=9, **options)
    assert from_bytes(to_bytes(config)) == config


@pytest.fixture
def planned(monkeypatch) -> list[Network]:
    """The networks of all plans of this process: each of them gives its spikes memories once."""
    found = []
    memories = model.accelerator.plan.spike_memories
    monkeypatch.setattr(
        model.accelerator.plan, "spike_memories", lambda network: found.append(network) or memories(network)
    )
    return found


def test_it_is_planned_once(planned, monkeypatch, tmp_path):
    network = SMALL.network()
    outcomes = Outcomes(1, 1, 0, None, 1, 1, [1], 1, 1.0, [[0]])
    monkeypatch.setattr(sim.accelerator.comparison, "run", lambda prepared, **options: outcomes)
    config = accelerator_config(network, 3, dataflow="skip")
    assert cosimulate(network, SMALL.images(1), tmp_path, config).outcomes is outcomes
    assert planned == [network]
    assert from_bytes((tmp_path / CONFIG).read_bytes()) == replace(config, retire=True)


def test_the_bench_plans_nothing(tmp_path):
    """It takes the accelerator for what it is told, here that nothing retires."""
    network = SMALL.network()
    config = plan(network, lanes=3, retire=True)
    prepared = prepare(network, SMALL.images(1), tmp_path, config)
    write_files(tmp_path, {CONFIG: to_bytes(replace(config, retire=False))})
    assert run(as_it_lies_there(prepared)).comparisons == 2 + 1
