"""Many time steps in streaming order: sums grow by a bit where T doubles, memories have no more words."""

import re
from dataclasses import replace

import numpy as np
import pytest

from bench.long_stream import SMALL as LONG
from hdl.accelerator.accelerator import Accelerator
from hdl.folder.testbench import patience
from hdl.verilog.text import verilog_text
from model.accelerator.estimate import measured
from model.accelerator.plan import plan
from model.errors import UserError
from model.golden.network import run as golden
from model.network.network import Network
from model.network.validation import LARGEST_TIME_STEPS
from sim.accelerator.cosim import prepare, run

SMALL = replace(LONG, time_steps=300)


def network(steps: int) -> Network:
    return replace(SMALL.network(), time_steps=steps)


def test_300_time_steps_are_computed_in_the_cycles_that_are_estimated(tmp_path):
    images = SMALL.images(1)
    prepared = prepare(network(300), images, tmp_path, plan(network(300), lanes=3, dataflow="streaming", retire=True))
    outcomes = run(prepared)
    assert outcomes.first is None
    assert outcomes.comparisons == 300 * 3 * 3 + 2 + 1
    assert outcomes.intervals == measured(network(300), prepared.config, images).intervals.tolist()


def test_the_most_time_steps_need_wider_sums_and_nothing_else():
    few, most = (plan(network(steps), lanes=3, dataflow="streaming") for steps in (4, LARGEST_TIME_STEPS))
    assert most.accumulator_width == few.accumulator_width + 14
    for name in ("weights", "input", "membranes", "spikes even"):
        assert most.memory_bits[name] == few.memory_bits[name]
    assert (most.sum_words, most.parameter_rows) == (few.sum_words, few.parameter_rows)
    assert patience(most) == patience(few)
    text = verilog_text(Accelerator(most, network(LARGEST_TIME_STEPS)), "mint")
    assert re.search(r"reg \[15:0\] frame\b", text)
    assert re.search(r"output \[31:0\] m_axis_tdata", text)


def test_the_most_time_steps_in_the_golden_model():
    """Against the sum of the last layer's inputs, which one unit of one neuron needs no membrane for."""
    rng = np.random.default_rng(3)
    spikes = (rng.random((LARGEST_TIME_STEPS, 1, 3, 1, 1)) < 0.5).astype(np.uint8)
    found = golden(network(LARGEST_TIME_STEPS), spikes)
    last = network(LARGEST_TIME_STEPS).layers[-1]
    inputs = found[f"{network(4).layers[0].name}.spikes"].reshape(LARGEST_TIME_STEPS, 3).astype(np.int64)
    wanted = (inputs @ last.sources[0].weight.T.astype(np.int64) + last.bias).sum(0)
    assert found["logits"].tolist() == [wanted.tolist()]
    half = LARGEST_TIME_STEPS // 2
    first = golden(network(half), spikes[:half])
    for key in set(found) - {"logits"}:
        assert (found[key][:half] == first[key]).all()


def test_where_all_time_steps_are_stored_there_are_fewer():
    with pytest.raises(UserError, match=r"257 time steps, .*; at most 256: choose the dataflow streaming"):
        plan(network(257), lanes=3)


def test_more_time_steps_and_logits_beyond_32_bits_are_refused():
    with pytest.raises(UserError, match="65537 time steps; choose 1 to 65536"):
        network(LARGEST_TIME_STEPS + 1)
    wide = network(LARGEST_TIME_STEPS)
    last = replace(wide.layers[-1], bias=wide.layers[-1].bias + (1 << 16))
    with pytest.raises(UserError, match="potentials need 33 bits"):
        replace(wide, layers=(*wide.layers[:-1], last))
