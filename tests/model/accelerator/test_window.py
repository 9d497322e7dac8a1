"""Which first layers have a window for spikes, where their inputs lie, and what is written at once."""

from dataclasses import replace
from itertools import product

import pytest

from model.accelerator.config import STREAMING
from model.accelerator.layer_plan import SKIP, SYSTOLIC, TIME_PARALLEL
from model.accelerator.plan import choices, plan
from model.neurons import MemoryFree
from sim.networks.chains import DEFAULT, Chain, Link


def network(shape=(2, 6, 20), steps=4, kernel=3, stride=1, pool=None, bits=1):
    link = Link(4, kernel, stride=stride, padding=1, pool=pool)
    kind = {"input_kind": "counts", "input_bits": bits} if bits > 1 else {"input_kind": "spikes"}
    chain = Chain(
        **kind, input_shape=shape, time_steps=steps, links=(link,), classes=3, precision=DEFAULT, seed=1, density=0.5
    )
    return chain.network()


@pytest.mark.parametrize(
    ("given", "dataflow", "windowed"),
    [
        ({}, SKIP, True),
        ({}, ((SYSTOLIC, 4), (SKIP, 1)), True),
        ({}, STREAMING, True),
        ({}, ((TIME_PARALLEL, 4), (SKIP, 1)), False),  # a word for each time step
        ({"shape": (7, 6, 20)}, SKIP, True),
        ({"shape": (8, 6, 20)}, SKIP, False),  # 72 inputs
        ({"kernel": 1}, SKIP, False),
        ({"kernel": 2, "stride": 3}, SKIP, False),  # columns that no window has would be read
        ({"shape": (1, 1, 1)}, SKIP, False),  # parts of a word would come in successive cycles
        ({"steps": 256}, SKIP, True),
        ({"steps": 256}, ((SYSTOLIC, 4), (SKIP, 1)), False),  # 9,216 bits
        ({"steps": 64, "bits": 4}, SKIP, True),
        ({"steps": 64, "bits": 8}, SKIP, False),
    ],
)
def test_which_have_one(given, dataflow, windowed):
    first = plan(network(**given), lanes=16, lanes_per_neuron_unit=1, dataflow=dataflow).layers[0]
    assert first.window == windowed


def test_memory_free_neurons_have_one_unless_their_windows_are_of_frames():
    chain = network()
    conv, last = chain.layers
    chain = replace(chain, layers=(replace(conv, neuron=MemoryFree.fading(2)), last))
    assert [plan(chain, lanes=4, dataflow=order).layers[0].window for order in (SKIP, STREAMING)] == [True, False]


@pytest.mark.parametrize("bits", [1, 3])
@pytest.mark.parametrize("channels", [2, 9])
def test_every_input_has_bits_of_its_own(channels, bits):
    config = plan(network(shape=(channels, 3, 4), bits=bits), lanes=4)
    found = {config.input_place(*place) for place in product(range(3), range(4), range(4), range(channels))}
    every_bit = {(word, lowest + bit) for word, lowest in found for bit in range(bits)}
    assert every_bit == set(product(range(config.input_words), range(config.input_word_width)))
    assert len(found) * bits == len(every_bit)


def test_tiles_that_are_written_at_once_are_tried():
    """Twenty columns: seven positions are as few tiles as eight would be, which are a word."""
    chain = network(shape=(2, 6, 34))
    rows = [number for dataflow, number in choices(chain, chain.layers[0], 32) if dataflow == SYSTOLIC]
    assert {2, 4, 8} <= set(rows)
    tried = [plan(chain, lanes=32, dataflow=((SYSTOLIC, number), (SKIP, 1))) for number in (7, 8)]
    assert [(each.layers[0].together, each.layers[0].step_interval) for each in tried] == [(1, 7), (8, 2)]
