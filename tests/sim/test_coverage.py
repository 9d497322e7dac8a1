"""Bins of functional coverage: what is counted is what happened, and what cannot happen is not asked for."""

import numpy as np

from model.golden.network import run
from model.neurons import Lif
from sim.networks.coverage import (
    ENDS,
    PLACES,
    SIGNS,
    chosen_images,
    covering_images,
    covering_network,
    members,
    met,
    possible,
)


def test_bins_of_a_few_neurons_by_hand():
    network = covering_network(6, 3)
    images = covering_images(network, 5, 3)
    found, trace = met(network, images), run(network, images)
    for layer in network.layers[1:-1]:
        counts = found[layer.name]
        potential, spikes = (trace[f"{layer.name}.{key}"][..., 0, 0] for key in ("potential", "spikes"))
        assert sum(counts.values()) == potential.size
        assert sum(n for each, n in counts.items() if each[2] in ("H = Θ", "H = Θ + 1", "H > Θ + 1")) == spikes.sum()
        assert sum(n for each, n in counts.items() if each[2] == "H = Θ") == (potential == layer.threshold).sum()
        assert sum(n for each, n in counts.items() if each[3] == PLACES[0]) == potential[0].size
        limit = layer.neuron.limit
        ends = trace[f"{layer.name}.membrane"]
        for end, code in ((ENDS[0], -limit), (ENDS[2], limit)):
            assert sum(n for each, n in counts.items() if each[1] == end) <= (ends == code).sum()
    silent = met(network, 0 * images)
    assert all({each[0] for each in counts} == {SIGNS[1]} for counts in silent.values())


def test_no_bin_is_met_that_is_called_impossible_and_all_others_can_be():
    """Of the networks that ``bench.coverage`` runs, every bin of every member; there they run in Verilog."""
    network = covering_network(128, 6)
    found = met(network, covering_images(network, 150, 6))
    for neuron, layer in zip(members(), network.layers[1:-1], strict=True):
        assert layer.neuron == neuron
        assert set(found[layer.name]) == possible(neuron)


def test_few_images_meet_what_all_of_them_do():
    network = covering_network(16, 3)
    images = covering_images(network, 60, 3)
    few = chosen_images(network, images)
    assert 1 < few.shape[1] < 50
    assert {name: set(counts) for name, counts in met(network, few).items()} == {
        name: set(counts) for name, counts in met(network, images).items()
    }


def test_what_is_possible_depends_on_the_reset():
    sizes = {reset: len(possible(Lif(3, 1, 0.75, reset))) for reset in ("zero", "subtract", "none")}
    assert sizes == {"zero": 81, "subtract": 90, "none": 135}
    assert len(possible(Lif(0, 1, 0.0))) == 45
    one = covering_network(4, 0)
    assert np.array_equal(one.layers[0].sources[0].weight, np.eye(4))
