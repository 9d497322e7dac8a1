"""A time step's response, overlapping layers, and additions in windows of frames: against steps and sums by hand."""

from dataclasses import replace

import numpy as np
import pytest

from model.accelerator.estimate import Estimate, measured
from model.accelerator.input_bits import layer_inputs
from model.accelerator.overlap import overlap, response
from model.accelerator.plan import plan
from model.accelerator.schedule import load_cycles
from model.config import Precision
from model.network.graph import State
from model.neurons import MemoryFree
from sim.networks.chains import Chain, Link

CHAIN = Chain(
    "spikes", (2, 5, 5), 4, (Link(6, 3, 1, 1), Link(5, 3, 2, 1), Link(7, 0)), 3, Precision(4, 4), seed=1, density=0.4
)
WINDOW = MemoryFree(((1, 1), (-1, 0), (0, 0), (1, 2)))


def images_of(count: int, steps: int = 4) -> np.ndarray:
    return (np.random.default_rng(5).random((steps, count, 2, 5, 5)) < 0.3).astype(np.uint8)


def stepped(runs: np.ndarray) -> int:
    """Cycles until the last layer is through, of layers that work cycle by cycle: each takes a step that the one before
    has handed on, if less than two of its own wait."""
    layers = runs.shape[1]
    done, left, cycle = [0] * (layers + 1), [0] * layers, 0
    done[0] = len(runs)  # of the input
    while done[-1] < len(runs):
        begun = done.copy()
        for layer in range(layers):
            step, taken = begun[layer + 1], begun[layer + 2] if layer + 1 < layers else begun[layer + 1]
            if left[layer] == 0 and step < begun[layer] and step - taken < 2:
                left[layer] = int(runs[step, layer])
        for layer in range(layers):
            if left[layer]:
                left[layer] -= 1
                done[layer + 1] += left[layer] == 0
        cycle += 1
    return cycle


def test_overlapping_layers_are_those_of_a_pipeline_that_is_stepped() -> None:
    network = CHAIN.network()
    found = measured(network, plan(network, lanes=4, dataflow="streaming"), images_of(3))
    runs = found.layer_cycles.reshape(-1, 4)
    side_by_side = overlap(found)
    assert side_by_side is not None
    assert side_by_side.cycles * 3 == stepped(runs) < runs.sum()
    assert side_by_side.at_once == pytest.approx(runs.sum() / stepped(runs))


def test_layers_that_join_have_no_such_number() -> None:
    network = CHAIN.network()
    found = measured(network, plan(network, lanes=4, dataflow="streaming"), images_of(1))
    last = found.config.layers[-1]
    layers = (*found.config.layers[:-1], replace(last, joined=(last,)))
    assert overlap(Estimate(replace(found.config, layers=layers), found.layers)) is None


def test_a_response_is_the_latency_after_the_last_beat() -> None:
    network = replace(CHAIN.network(), time_steps=1, state=State.STREAM)
    config = plan(network, lanes=4, dataflow="streaming")
    found = measured(network, config, images_of(1, 1))
    assert response(found).item() == found.latency.item() - load_cycles(config) + 1


def test_in_windows_of_frames_a_spike_is_added_as_often_as_taps_see_it() -> None:
    network = CHAIN.network()
    layers = [replace(layer, neuron=WINDOW) if layer.neuron else layer for layer in network.layers]
    network = replace(network, layers=tuple(layers))
    images = images_of(3)
    found = {
        dataflow: measured(network, plan(network, lanes=4, dataflow=dataflow), images)
        for dataflow in ("skip", "streaming")
    }
    linear = network.layers[2]
    bits = layer_inputs(network, images)[linear.name][0].sum((2, 3, 4), dtype=np.int64)  # [T, N]
    often = sum(bits[: len(bits) - j].sum(0) for j, (sign, _) in enumerate(WINDOW.taps) if sign)
    assert (often > 1.5 * bits.sum(0)).all()
    assert found["skip"].layers[2].additions.tolist() == (bits.sum(0) * linear.channels).tolist()
    assert found["streaming"].layers[2].additions.tolist() == (often * linear.channels).tolist()
    assert found["streaming"].layers[2].set_bits.tolist() == bits.sum(0).tolist()
