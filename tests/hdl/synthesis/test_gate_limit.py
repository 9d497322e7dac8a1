"""The gate limit: from a library's own cells, or from what their lack costs."""

import pytest

from hdl.synthesis.flows import FPGAS, Library
from hdl.synthesis.gate_limit import Part, gate_limit, limit_records
from hdl.synthesis.liberty import GENERIC
from model.config import Precision

ADDERS = """
    cell(FULL) {
        area: 12.00;
        pin(A) { direction: input; }
        pin(B) { direction: input; }
        pin(C) { direction: input; }
        pin(CO) { direction: output; function: "(A*B)+(C*(A+B))"; }
        pin(S) { direction: output; function: "A^B^C"; }
    }
    cell(FULL_LARGE) {
        area: 13.00;
        pin(A) { direction: input; }
        pin(B) { direction: input; }
        pin(C) { direction: input; }
        pin(CO) { direction: output; function: "(A*B)+(C*(A+B))"; }
        pin(S) { direction: output; function: "A^B^C"; }
    }
    cell(HALF) {
        area: 6.00;
        pin(A) { direction: input; }
        pin(B) { direction: input; }
        pin(CO) { direction: output; function: "A*B"; }
        pin(S) { direction: output; function: "A^B"; }
    }
}
"""


def test_adders_are_mapped_where_no_cell_adds():
    limit = gate_limit(Library())
    assert limit.flip_flop == Part(5.33, "DFF")
    assert limit.half_adder == Part(pytest.approx(2.00 + 1.33, abs=0.01), None)
    assert limit.full_adder.cell is None
    assert 2 * limit.half_adder.gate_equivalents <= limit.full_adder.gate_equivalents + 0.01 < 10


def test_the_librarys_own_cells(tmp_path):
    text = (
        GENERIC.read_text(encoding="utf-8")
        .replace("library(generic)", "library(twice)")
        .replace("area: 1.00;", "area: 2.00;")
    )
    path = tmp_path / "twice.lib"
    path.write_text(text.rstrip().removesuffix("}") + ADDERS, encoding="utf-8")
    limit = gate_limit(Library(path))
    assert limit.full_adder == Part(6.0, "FULL")
    assert limit.half_adder == Part(3.0, "HALF")
    assert limit.flip_flop.gate_equivalents == pytest.approx(5.33 / 2)
    for width in (2, 4, 8):
        expected = (width + 13) * 5.33 / 2 + width * 6 + 13 * 3
        assert limit.of(Precision(width, 4)) == pytest.approx(expected)


def test_the_limit_is_a_design_of_an_area_report():
    found = list(limit_records([Library(), *FPGAS]))
    assert len({record.key for record in found}) == 9
    assert {(record.design, record.flow, record.rows, record.columns) for record in found} == {
        ("gate_limit", "generic", 1, 1)
    }
    assert all(record.flip_flops == record.weight_width + 13 for record in found)
    assert all(record.gate_equivalents > 5.33 * record.flip_flops for record in found)
