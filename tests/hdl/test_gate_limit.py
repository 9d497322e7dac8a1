"""The gate limit: from a library's own cells, or from what their lack costs."""

import pytest

from hdl.gate_limit import Part, gate_limit
from hdl.liberty import GENERIC
from hdl.synthesis import Library
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
    text = GENERIC.read_text().replace("library(generic)", "library(twice)").replace("area: 1.00;", "area: 2.00;")
    path = tmp_path / "twice.lib"
    path.write_text(text.rstrip().removesuffix("}") + ADDERS)
    limit = gate_limit(Library(path))
    assert limit.full_adder == Part(6.0, "FULL")
    assert limit.half_adder == Part(3.0, "HALF")
    assert limit.flip_flop.gate_equivalents == pytest.approx(5.33 / 2)
    for width in (2, 4, 8):
        expected = (width + 13) * 5.33 / 2 + width * 6 + 13 * 3
        assert limit.of(Precision(width, 4)) == pytest.approx(expected)
