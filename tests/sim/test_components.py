"""Processing element, neuron unit and array against their golden twins, in both simulators."""

import pytest

from hdl.neuron_unit import NeuronUnit
from hdl.processing_element import ProcessingElement
from hdl.systolic_array import SystolicArray
from hdl.verilog import write_verilog
from sim.bench_neuron_unit import check_neuron_unit
from sim.bench_processing_element import check_processing_element
from sim.bench_systolic_array import IDLES, STALLS, check_systolic_array
from sim.port import simulate_in_amaranth
from sim.runner import config_environment, simulate
from sim.stimulus import CONFIGS

SEED = 2024


def name(config):
    return f"{config.precision}-{config.rows}x{config.columns}"


configs = pytest.mark.parametrize("config", CONFIGS, ids=name)


def simulate_in_icarus(component, module, bench, folder):
    write_verilog(folder / f"{module}.v", component, module)
    return simulate(
        [folder / f"{module}.v"],
        module,
        bench,
        build_dir=folder,
        environment=config_environment(component.config),
        seed=SEED,
        timeout_s=120,
    )


@configs
def test_processing_element_in_amaranth(config):
    simulate_in_amaranth(ProcessingElement(config), lambda port: check_processing_element(port, config, SEED))


@configs
def test_processing_element_in_icarus(config, tmp_path):
    component = ProcessingElement(config)
    assert simulate_in_icarus(component, "processing_element", "sim.bench_processing_element", tmp_path).passed == 1


@configs
def test_neuron_unit_in_amaranth(config):
    simulate_in_amaranth(NeuronUnit(config), lambda port: check_neuron_unit(port, config, SEED))


@configs
def test_neuron_unit_in_icarus(config, tmp_path):
    assert simulate_in_icarus(NeuronUnit(config), "neuron_unit", "sim.bench_neuron_unit", tmp_path).passed == 1


@configs
def test_systolic_array_in_amaranth(config):
    for idle in IDLES:
        for stall in STALLS:
            simulate_in_amaranth(
                SystolicArray(config),
                lambda port, idle=idle, stall=stall: check_systolic_array(port, config, SEED, idle, stall),
            )


@configs
def test_systolic_array_in_icarus(config, tmp_path):
    component = SystolicArray(config)
    assert simulate_in_icarus(component, "systolic_array", "sim.bench_systolic_array", tmp_path).passed == 4
