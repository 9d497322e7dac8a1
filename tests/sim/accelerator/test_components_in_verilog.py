"""One case of each of the accelerator's components in Icarus Verilog, by the bench that Amaranth's simulator runs."""

import pytest

from hdl.verilog.text import write_verilog
from sim.accelerator.cases import CASES, case_environment
from sim.harness.runner import simulate


@pytest.mark.parametrize("name", CASES)
def test_component_in_verilog(name, tmp_path):
    source = tmp_path / f"{name}.v"
    write_verilog(source, CASES[name]().component, name)
    results = simulate(
        [source],
        name,
        "sim.accelerator.bench_component",
        build_dir=tmp_path,
        environment=case_environment(name),
        timeout_s=120,
    )
    assert results.passed == 1
