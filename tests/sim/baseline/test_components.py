"""The baseline's components against their golden twin, in both simulators."""

import pytest

from hdl.baseline.neuron_unit import UqNeuronUnit
from hdl.baseline.processing_element import UqProcessingElement
from hdl.verilog.text import write_verilog
from sim.baseline.bench_array import check_uq_array, uq_component
from sim.baseline.bench_neuron_unit import check_uq_neuron_unit
from sim.baseline.bench_processing_element import check_uq_processing_element
from sim.baseline.stimulus import UQ_CONFIGS, UQ_SHARED_CONFIGS
from sim.harness.port import simulate_in_amaranth
from sim.harness.runner import config_environment, simulate

SEED = 2024


def name(config):
    return f"{config.precision}-{config.rows}x{config.columns}-{config.scale_bits}{'-shared' if config.shared else ''}"


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
    ).passed


def some(configs, step=3):
    """Every ``step``-th of the configurations in ``make test``, the others in ``make nightly``."""
    marked = [
        pytest.param(config, marks=() if index % step == 0 else pytest.mark.nightly)
        for index, config in enumerate(configs)
    ]
    return pytest.mark.parametrize("config", marked, ids=name)


@some(UQ_CONFIGS[1::2])
def test_uq_processing_element_in_amaranth(config):
    simulate_in_amaranth(UqProcessingElement(config), lambda port: check_uq_processing_element(port, config, SEED))


@some(UQ_CONFIGS[::2])
def test_uq_processing_element_in_icarus(config, tmp_path):
    component = UqProcessingElement(config)
    assert simulate_in_icarus(component, "uq_pe", "sim.baseline.bench_processing_element", tmp_path) == 1


@some(UQ_SHARED_CONFIGS[1::2])
def test_uq_neuron_unit_in_amaranth(config):
    simulate_in_amaranth(UqNeuronUnit(config), lambda port: check_uq_neuron_unit(port, config, SEED))


@some(UQ_SHARED_CONFIGS[::2])
def test_uq_neuron_unit_in_icarus(config, tmp_path):
    assert simulate_in_icarus(UqNeuronUnit(config), "uq_neuron_unit", "sim.baseline.bench_neuron_unit", tmp_path) == 1


@some([*UQ_CONFIGS[1::2], *UQ_CONFIGS[2::4], *UQ_SHARED_CONFIGS[::2], *UQ_SHARED_CONFIGS[5::2]], step=4)
def test_uq_array_in_amaranth(config):
    for waits in (0.0, 0.5):
        simulate_in_amaranth(
            uq_component(config), lambda port, waits=waits: check_uq_array(port, config, SEED, waits, waits)
        )


@some([*UQ_CONFIGS[::4], *UQ_SHARED_CONFIGS[1:4:2]], step=2)
def test_uq_array_in_icarus(config, tmp_path):
    assert simulate_in_icarus(uq_component(config), "uq_array", "sim.baseline.bench_array", tmp_path) == 4
