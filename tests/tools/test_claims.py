"""What the tracked reports say of one thing, they say alike; and what can be counted again is counted again."""

from pathlib import Path

import numpy as np
import pytest

from hdl.formal.catalogue import neuron_units
from hdl.formal.neuron_unit import modes
from model.config import Precision
from model.network import bundle
from model.network.shapes import vgg9
from model.network.shipped import FOLDER
from tools.tables import read_report


def found(name):
    return [run["found"] for run in read_report(name)]


def network(name):
    """The network of a report: a shipped one, or VGG-9 on the size of ``python -m bench.crop build/vgg9-SIZExSIZE``."""
    path = Path(FOLDER) / name
    size = int(Path(name).stem.rpartition("x")[2]) if not path.exists() else 0
    return bundle.read(path) if path.exists() else vgg9(Precision(4, 4), (3, size, size))


def test_a_comparison_counts_once_for_every_image():
    for run in found("cosim"):
        net = network(run["bundle"])
        neurons = sum(int(np.prod(net.shapes[layer.name])) for layer in net.layers if layer.spiking)
        numbers = 3 * net.time_steps * neurons + net.layers[-1].channels + (run["top"] == "accelerator")
        assert run["comparisons"] == run["images"] * numbers, run["bundle"]


def test_cycles_of_a_chip_are_those_of_the_estimate():
    estimates = {(run["network"], run["dataflow"], run["lanes"], run["images"]): run for run in found("estimate")}
    seen = 0
    for run in [*found("ecp5"), *found("xc7")]:
        estimate = estimates.get((run["bundle"], run["dataflow"], run["lanes"], run["images"]))
        if estimate:
            assert run["cycles_an_image"] == pytest.approx(estimate["interval_cycles"])
            seen += 1
        if "runs" in run:
            assert run["images_per_second"] == round(run["fmax_mhz"] * 1e6 / run["cycles_an_image"], 1)
            assert run["seeds"] == len(run["runs"])
    assert seen >= 4


def test_all_dataflows_of_a_network_have_one_bound():
    bounds = {}
    for run in found("estimate"):
        bounds.setdefault((run["network"], run["images"]), set()).add(round(run["bound_cycles"], 3))
    assert all(len(each) == 1 for each in bounds.values()), bounds


def test_the_report_of_proofs_has_every_neuron_of_the_catalogue():
    """And no other."""
    (records,) = found("formal")
    units = [record for record in records if record["proof"].startswith("neuron unit = law")]
    proved = {record["configuration"] for record in units if record["counterexample"] is None}
    assert proved == {f"{unit.precision}, {unit.accumulator_width} bits, {modes(unit)}" for unit in neuron_units()}
