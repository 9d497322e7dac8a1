"""Area: no multiplier anywhere, the records' form, libraries, failures."""

import gzip
from dataclasses import asdict, fields
from pathlib import Path

import pytest

from hdl.synthesis.area import count_records, measure
from hdl.synthesis.designs import VARIANTS, Record, Variant, design_verilog
from hdl.synthesis.flows import FPGAS, MULTIPLIERS, Library, operators
from hdl.synthesis.liberty import GENERIC, installed_libraries, libraries, read_library
from hdl.verilog.yosys import YosysError, run_script
from model.config import PRECISIONS, Precision
from model.errors import UserError
from tools.tables import read_report

MULTIPLYING = "module top(input [7:0] a, b, output [15:0] y); assign y = a * b; endmodule"


@pytest.mark.parametrize("precision", PRECISIONS, ids=str)
def test_array_holds_no_multiplier_before_mapping(precision):
    cells = operators(design_verilog("mint_array", precision, 2, 2), "mint_array")
    assert cells["$add"] >= 4 + 2, "the design is there: an adder for each element and neuron unit"
    assert not set(MULTIPLIERS) & set(cells)


def test_a_multiplier_would_be_seen():
    assert set(MULTIPLIERS) & set(operators(MULTIPLYING, "top"))


@pytest.mark.parametrize("fpga", FPGAS, ids=lambda fpga: fpga.name)
def test_array_maps_to_no_dsp(fpga):
    cost = fpga.measure(design_verilog("mint_array", Precision(8, 8), 1, 1), "mint_array")
    assert cost.dsp == 0
    assert cost.lut > 8
    assert cost.flip_flops > 21


@pytest.mark.parametrize(
    "fpga",
    [pytest.param(fpga, marks=[pytest.mark.nightly] * (fpga.name == "xc7"), id=fpga.name) for fpga in FPGAS],
)
def test_a_dsp_would_be_seen(fpga):
    wide = "module top(input [15:0] a, b, output [31:0] y); assign y = a * b; endmodule"
    assert fpga.measure(wide, "top").dsp > 0


def test_flip_flops_of_an_element_are_its_accumulator_and_its_carry():
    for precision in PRECISIONS[::3]:
        cost = Library().measure(design_verilog("mint_pe", precision, 1, 1), "mint_pe")
        assert cost.flip_flops == precision.code.accumulator_width + 1
        assert cost.gate_equivalents > 5.33 * cost.flip_flops
        assert cost.area_um2 is None


def test_an_element_kept_as_one_module_counts_once_per_instance():
    small, large = (
        Library().measure(design_verilog("mint_array", Precision(4, 4), rows, 2), "mint_array") for rows in (1, 3)
    )
    element = Library().measure(design_verilog("mint_pe", Precision(4, 4), 1, 1), "mint_pe")
    assert large.gate_equivalents - small.gate_equivalents >= 0.9 * 4 * element.gate_equivalents
    assert large.flip_flops - small.flip_flops >= 4 * element.flip_flops


def test_the_published_area_is_that_of_the_command():
    """A design or a flow that is another has other tables: make them again."""
    (found,), *_ = measure([Library()], 16, 8, 1, [Variant("mint_array", Precision(2, 2))])
    assert asdict(found) in [record for run in read_report("area") for record in run["found"]]


@pytest.mark.nightly
def test_records_cover_everything_once():
    flows = [Library()]
    mint = [variant for variant in VARIANTS if variant.scale_bits is None]
    variants = [*mint, Variant("uq_pe", Precision(2, 2), 3), Variant("uq_shared_array", Precision(2, 2), 3)]
    records = [record for done in measure(flows, 1, 2, 2, variants) for record in done]
    assert len(records) == count_records(flows, variants) == len({record.key for record in records})
    assert {record.key for record in records} == {(variant, "generic") for variant in variants}
    for record in records:
        assert record.flow == "generic"
        assert (record.rows, record.columns) == ((1, 1) if record.design in ("mint_pe", "uq_pe") else (1, 2))
        assert record.gate_equivalents > 0
        assert (record.area_um2, record.lut, record.dsp) == (None, None, None)
    assert {field.name for field in fields(Record)} == {
        "design", "weight_width", "membrane_width", "rows", "columns", "flow",
        "gate_equivalents", "area_um2", "flip_flops", "lut", "dsp", "scale_bits",
    }  # fmt: skip


def test_the_baseline_is_measured_for_equal_widths():
    widths = {(v.precision.weight_width, v.precision.membrane_width) for v in VARIANTS if v.scale_bits is not None}
    assert widths == {(2, 2), (4, 4), (8, 8)}
    assert [flow.name for flow in Variant("uq_pe", Precision(2, 2), 32).flows(FPGAS)] == ["xc7"]
    assert len(Variant("mint_pe", Precision(2, 2)).flows(FPGAS)) == len(FPGAS)


def test_a_nand_of_the_generic_library_is_the_unit():
    assert Library().nand2_area == 1


def test_a_library_in_um2_compressed(tmp_path):
    text = (
        GENERIC.read_text(encoding="utf-8")
        .replace("library(generic)", 'library("twice")')
        .replace("area: 1.00;", "area: 2.00;")
    )
    path = tmp_path / "twice.lib.gz"
    path.write_bytes(gzip.compress(text.encode()))
    library = Library(path)
    assert library.name == "twice"
    cost = library.measure(design_verilog("mint_pe", Precision(2, 2), 1, 1), "mint_pe")
    assert cost.gate_equivalents == pytest.approx(cost.area_um2 / library.nand2_area, abs=0.1)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"cells without a library\n"])
def test_what_is_no_library_is_refused(tmp_path, content):
    path = tmp_path / "some.lib"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"some\.lib is not a Liberty file"):
        read_library(path)


def test_an_error_in_yosys_is_an_exception_here(tmp_path):
    with pytest.raises(YosysError, match=r"no_such_file\.v"):
        run_script(["read_verilog no_such_file.v"], tmp_path)


def test_several_libraries_may_be_one_argument(tmp_path):
    """make has one variable for all of them, and a path may have a blank."""
    one = tmp_path / "one library.lib"
    one.touch()
    assert libraries([one, Path("a.lib b.lib")]) == [one, Path("a.lib"), Path("b.lib")]
    assert libraries([Path(f"'{one}' b.lib")]) == [one, Path("b.lib")]
    assert libraries(None) == installed_libraries()
