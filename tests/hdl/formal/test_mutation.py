"""Mutants and the proof that compares them with their design."""

import pytest

from hdl.formal.mutation import (
    Verdict,
    compare,
    design_text,
    list_mutants,
    write_mutant,
    write_mutants,
)
from model.array import ArrayConfig
from model.config import Precision

# Counts 0, 1, 2, 0, ...: what follows 3 does not matter.
COUNTER = """\
module counter(input clk, input rst, input up, output reg [1:0] count);
  initial count = 0;
  always @(posedge clk)
    if (rst) count <= 0;
    else if (up) count <= count == 2 ? 0 : count + 1;
endmodule
"""


@pytest.fixture(scope="module")
def text():
    return design_text(
        ArrayConfig(precision=Precision(2, 2), neurons=Precision(2, 2).lifs(1), accumulator_width=8, rows=2, columns=1)
    )


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        ("", "", Verdict.SAME),
        ("count == 2", "count >= 2", Verdict.SAME),
        ("count == 2", "count == 3", Verdict.DIFFERENT),
        ("if (rst)", "if (rst & up)", Verdict.DIFFERENT),
        ("initial count = 0", "initial count = 1", Verdict.DIFFERENT),
    ],
)
def test_proof(old, new, verdict, tmp_path):
    assert compare(COUNTER, COUNTER.replace(old, new), "counter", tmp_path, 20) is verdict


def test_list_is_reproducible_and_leaves_the_clock_alone(text, tmp_path):
    lists = [list_mutants(text, "neuron_unit", seed, 60, tmp_path) for seed in (1, 1, 2)]
    assert lists[0] == lists[1] != lists[2]
    assert len(set(lists[0])) == 60
    assert {mutant.option("module") for mutant in lists[0]} == {"neuron_unit"}
    assert {mutant.option("mode") for mutant in lists[0]} == {"inv", "const0", "const1", "cnot0", "cnot1"}
    assert not any("clk" in (mutant.option("port").lower(), mutant.option("wire")) for mutant in lists[0])
    assert all(mutant.line in text for mutant in lists[0])


def test_a_mutant_is_one_fault_and_so_is_one_of_many(text, tmp_path):
    first, second = list_mutants(text, "processing_element", 1, 2, tmp_path)
    alone = [write_mutant(text, mutant, tmp_path / "alone") for mutant in (first, second)]
    top = "systolic_array"
    assert compare(text, alone[0], top, tmp_path / "proof", 20) is Verdict.DIFFERENT
    both = write_mutants(text, [first, second], tmp_path / "both")
    ports, body = both[both.index(f"module {top}") :].split(";", 1)
    assert "mutant" in ports
    for number, expected in enumerate((text, *alone)):
        chosen = f"module {top}{ports.removeprefix(f'module {top}')};{body}"
        wrapped = chosen.replace("input [1:0] mutant;", "", 1).replace(
            "wire [1:0] mutant;", f"wire [1:0] mutant = {number};", 1
        )
        wrapped = both[: both.index(f"module {top}")] + wrapped.replace(", mutant)", ")", 1)
        assert compare(expected, wrapped, top, tmp_path / f"proof{number}", 20) is Verdict.SAME
