"""Cells of a Liberty library, by what they compute."""

import pytest

from hdl.synthesis.cells import evaluate, read_cells
from hdl.synthesis.liberty import GENERIC

LIBRARY = """\
library (some) {
  /* cell (COMMENT) { area : 1; } */
  cell ("FULL_1") {
    leakage_power () { when : "!A & B"; value : 3; }
    area : 4.2;
    pin ("A") { direction : "input"; }
    pin ("B") { direction : "input"; }
    pin ("C") { direction : "input"; }
    pin ("CO") { direction : "output"; function : "(A&B) | (A&C) | (B&C)"; power_down_function : "VDD"; }
    pin ("SN") { direction : "output"; function : "!(A ^ B ^ C)"; timing () { related_pin : "A"; } }
  }
  cell (REGISTER) {
    area : 5;
    ff (IQ , IQN) { clocked_on : "(CK)"; next_state : "!D"; }
    pin (D) { direction : input; }
    pin (CK) { direction : input; clock : true; }
    pin (QN) { direction : output; function : "IQ"; }
  }
  cell (CLEARED) {
    area : 4;
    ff (IQ , IQN) { clocked_on : "CK"; next_state : "D"; clear : "!R"; }
    pin (D) { direction : input; }
    pin (CK) { direction : input; }
    pin (R) { direction : input; }
    pin (Q) { direction : output; function : "IQ"; }
  }
  cell (FALLING) {
    area : 4;
    ff (IQ , IQN) { clocked_on : "!CK"; next_state : "D"; }
    pin (D) { direction : input; }
    pin (CK) { direction : input; }
    pin (Q) { direction : output; function : "IQ"; }
  }
  cell (LATCH) {
    area : 3;
    latch (IQ , IQN) { enable : "G"; data_in : "D"; }
    pin (D) { direction : input; }
    pin (G) { direction : input; }
    pin (Q) { direction : output; function : "IQ"; }
  }
}
"""


@pytest.mark.parametrize(
    ("function", "table"),
    [
        ("A B + C'", "10101011"),
        ("!A & (B | C)", "01110000"),
        ("(A*B)'+C", "11111101"),
        ("A ^ B & C", "00010100"),
        ("A|!B|1", "11111111"),
    ],
)
def test_functions_in_every_spelling(function, table):
    values = [{"A": bool(n & 4), "B": bool(n & 2), "C": bool(n & 1)} for n in range(8)]
    assert "".join(str(int(evaluate(function, value))) for value in values) == table


def test_cells_are_found_by_what_they_compute():
    cells = {cell.name: cell for cell in read_cells(LIBRARY)}
    assert list(cells) == ["FULL_1", "REGISTER", "CLEARED", "FALLING", "LATCH"]
    assert (cells["FULL_1"].area, cells["FULL_1"].inputs) == (4.2, ("A", "B", "C"))
    assert cells["FULL_1"].computes("01101001", "00010111")
    assert not cells["FULL_1"].computes("01101001")
    assert not cells["FULL_1"].computes("01101001", "00000001")
    assert [name for name, cell in cells.items() if cell.is_flip_flop] == ["REGISTER"]
    assert [name for name, cell in cells.items() if cell.combinational] == ["FULL_1"]


def test_the_generic_cells():
    cells = read_cells(GENERIC.read_text(encoding="utf-8"))
    assert [cell.name for cell in cells if cell.is_flip_flop] == ["DFF"]
    assert [cell.name for cell in cells if cell.computes("0110")] == ["XOR2", "XNOR2"], "each or its inverse"
    assert [cell.name for cell in cells if cell.computes("00011011")] == ["MUX2"]
    assert {cell.name: cell.area for cell in cells}["NAND2"] == 1
