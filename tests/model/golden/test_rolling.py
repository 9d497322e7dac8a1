"""Logits while a recording runs: at the end of each T steps they are what the network says in streaming order."""

from dataclasses import replace

import numpy as np
import pytest

from mint import api
from model.config import Precision
from model.errors import UserError
from model.golden.network import forward
from model.golden.rolling import rolling
from model.network.graph import State
from model.network.network import Network
from model.network.validation import LARGEST_TIME_STEPS
from model.neurons import MemoryFree
from sim.networks.chains import Chain, Link

CHAIN = Chain(
    input_kind="spikes",
    input_shape=(2, 5, 4),
    time_steps=6,
    links=(Link(4, 3, padding=1, precision=Precision(4, 4), leak=1), Link(5, 0, precision=Precision(4, 4), leak=1)),
    classes=3,
    precision=Precision(4, 4),
    seed=2,
    density=0.4,
)


def networks() -> list[Network]:
    lif = CHAIN.network()
    layers = [replace(layer, neuron=MemoryFree.fading(4, 2)) if layer.neuron else layer for layer in lif.layers]
    return [lif, replace(lif, layers=tuple(layers))]


@pytest.mark.parametrize("network", networks(), ids=["lif", "memory-free"])
def test_every_t_steps_are_the_logits_of_state_that_lasts(network: Network) -> None:
    images = CHAIN.images(4)
    found = rolling(network, images)
    assert found.shape == (24, 3)
    lasting = api.golden(api.with_state(network, "stream"), images)["logits"]
    assert np.array_equal(found[5::6], lasting)
    assert not np.array_equal(lasting, api.golden(network, images)["logits"]), "state from before matters"


def test_between_them_they_are_those_of_the_last_t_steps() -> None:
    """Another network of as many steps as have run, of which the first ones are taken away."""
    network, images = CHAIN.network(), CHAIN.images(2)
    run = images.swapaxes(0, 1).reshape(12, 1, *network.input_shape)
    so_far = [np.zeros(3, np.int64)]
    so_far += [forward(replace(network, time_steps=steps), run[:steps])[0] for steps in range(1, 13)]
    wanted = [so_far[step] - so_far[max(0, step - 6)] for step in range(1, 13)]
    assert np.array_equal(rolling(network, images), wanted)


def test_as_many_steps_as_there_may_be() -> None:
    chain = replace(CHAIN, input_shape=(2, 1, 1), time_steps=LARGEST_TIME_STEPS, links=CHAIN.links[1:])
    network = chain.network()
    images = np.zeros((LARGEST_TIME_STEPS, 1, 2, 1, 1), np.uint8)
    images[-3:] = 1
    found = rolling(replace(network, state=State.STREAM), images)
    assert len(found) == LARGEST_TIME_STEPS
    assert np.array_equal(found[-1], forward(network, images)[0])


def test_pixels_do_not_run() -> None:
    chain = replace(CHAIN, input_kind="pixels")
    with pytest.raises(UserError, match="the network takes pixels, which do not run"):
        rolling(chain.network(), chain.images(2))
