"""Processing element, neuron unit and array against their golden twins, in every simulator."""

import pytest

from hdl.array.neuron_unit import NeuronUnit
from hdl.array.processing_element import ProcessingElement
from hdl.array.systolic_array import SystolicArray
from hdl.verilog.text import write_verilog
from model.array import ArrayConfig
from model.config import Precision
from model.neurons.lif import LARGEST_R
from sim.array.bench_neuron_unit import check_neuron_unit
from sim.array.bench_processing_element import check_processing_element
from sim.array.bench_systolic_array import check_systolic_array
from sim.array.stimulus import CONFIGS
from sim.harness.port import simulate_in_amaranth
from sim.harness.runner import config_environment, simulate
from sim.harness.simulators import SIMULATORS
from sim.harness.streams import IDLES, STALLS

SEED = 2024


def name(config):
    return f"{config.precision}-{config.rows}x{config.columns}"


# Every r in one unit, in accumulators in which both ends of the membrane's range saturate.
EVERY_LEAK = tuple(
    ArrayConfig(
        precision=Precision(width, width),
        accumulator_width=width + LARGEST_R + 1,
        neurons=Precision(width, width).lifs(*range(LARGEST_R + 1)),
        joins=True,
    )
    for width in (2, 8)
)


def unit_name(config):
    return name(config) + ("-every-r" if config in EVERY_LEAK else "")


configs = pytest.mark.parametrize("config", CONFIGS, ids=name)
# Verilator compiles for as long as Icarus takes for everything: two arrays, elements and units included, that differ in
# every option.
IN_VERILATOR = (CONFIGS[4], CONFIGS[7])
# Of the others half in Icarus and half in Amaranth: every option in each, every pair of widths in one of them.
IN_ICARUS = tuple(CONFIGS[index] for index in (1, 3, 6, 8))
IN_AMARANTH = tuple(CONFIGS[index] for index in (0, 2, 5, 7))


def marked(config, quick):
    """In ``make test`` if ``quick``, else in ``make nightly``."""
    return pytest.param(config, marks=() if quick else pytest.mark.nightly, id=unit_name(config))


# Every array is simulated as Verilog, with its elements and units; these alone, to say which of them is wrong.
alone = pytest.mark.parametrize("config", [marked(config, config in IN_VERILATOR) for config in CONFIGS])
simulations = pytest.mark.parametrize(
    ("simulator", "config"),
    [
        *(pytest.param("icarus", each, marks=[pytest.mark.nightly] * (each not in IN_ICARUS)) for each in CONFIGS),
        *(("verilator", config) for config in IN_VERILATOR),
    ],
    ids=lambda value: value if value in SIMULATORS else name(value),
)


def simulate_verilog(simulator, component, bench, folder):
    module = bench.rpartition("bench_")[2]
    write_verilog(folder / f"{module}.v", component, module)
    return simulate(
        [folder / f"{module}.v"],
        module,
        bench,
        build_dir=folder,
        environment=config_environment(component.config),
        seed=SEED,
        simulator=simulator,
        timeout_s=120,
    )


@configs
def test_processing_element_in_amaranth(config):
    simulate_in_amaranth(ProcessingElement(config), lambda port: check_processing_element(port, config, SEED))


@alone
def test_processing_element_in_verilog(config, tmp_path):
    component = ProcessingElement(config)
    assert simulate_verilog("icarus", component, "sim.array.bench_processing_element", tmp_path).passed == 1


units = pytest.mark.parametrize("config", [*CONFIGS, *EVERY_LEAK], ids=unit_name)


@units
def test_neuron_unit_in_amaranth(config):
    simulate_in_amaranth(NeuronUnit(config), lambda port: check_neuron_unit(port, config, SEED))


@pytest.mark.parametrize(
    "config", [marked(config, config in (*IN_VERILATOR, EVERY_LEAK[0])) for config in (*CONFIGS, *EVERY_LEAK)]
)
def test_neuron_unit_in_verilog(config, tmp_path):
    component = NeuronUnit(config)
    assert simulate_verilog("icarus", component, "sim.array.bench_neuron_unit", tmp_path).passed == 1


@pytest.mark.parametrize("config", [marked(config, config in IN_AMARANTH) for config in CONFIGS])
def test_systolic_array_in_amaranth(config):
    for idle, stall in zip(IDLES, STALLS, strict=True):  # crossed in Icarus
        simulate_in_amaranth(
            SystolicArray(config),
            lambda port, idle=idle, stall=stall: check_systolic_array(port, config, SEED, idle, stall),
        )


@simulations
def test_systolic_array_in_verilog(simulator, config, tmp_path):
    component = SystolicArray(config)
    assert simulate_verilog(simulator, component, "sim.array.bench_systolic_array", tmp_path).passed == 4
