"""Mutants that do the same where it counts, and those that do not."""

import pytest

from hdl.formal.equivalence import NOTHING, Miter, Surroundings, registers_of
from hdl.formal.mutation import Verdict, list_mutants

PIPE = """\
module pipe(clk, come, data, valid, shown);
  input clk;
  input come;
  input [1:0] data;
  output valid;
  reg valid = 0;
  output [1:0] shown;
  reg [1:0] shown = 0;
  always @(posedge clk)
    valid <= come;
  always @(posedge clk)
    if (come) shown <= data;
endmodule
"""


@pytest.fixture(scope="module")
def faults(tmp_path_factory):
    """By mode, wire and port."""
    mutants = list_mutants(PIPE, "pipe", 1, 200, tmp_path_factory.mktemp("list"))
    return {(each.option("mode"), each.option("wire") or each.option("port")): each for each in mutants}


def test_registers_are_found():
    assert registers_of(PIPE, "pipe") == [("", "valid"), ("[1:0]", "shown")]


@pytest.mark.parametrize(
    ("surroundings", "stuck", "inverted"),
    [
        (NOTHING, Verdict.DIFFERENT, Verdict.DIFFERENT),
        (Surroundings({"valid": "0"}), Verdict.SAME, Verdict.SAME),
        (Surroundings({"shown": "0"}), Verdict.DIFFERENT, Verdict.DIFFERENT),
        (Surroundings(assumed=["come"]), Verdict.DIFFERENT, Verdict.DIFFERENT),
        (Surroundings(assumed=["!come"]), Verdict.SAME, Verdict.DIFFERENT),
        (
            Surroundings(assumed=["!late"], state="reg late = 0; always @(posedge clk) late <= come;"),
            Verdict.SAME,
            Verdict.DIFFERENT,
        ),
        # What is assumed of the design's own registers, and does not hold of the mutant's, is a difference.
        (Surroundings({"shown": "0", "valid": "0"}, ["!own_valid"]), Verdict.DIFFERENT, Verdict.DIFFERENT),
    ],
)
def test_what_counts(surroundings, stuck, inverted, faults, tmp_path):
    mutants = [faults["const0", "valid"], faults["inv", "valid"]]
    miter = Miter(PIPE, mutants, "pipe", tmp_path, surroundings)
    assert [miter.prove(number, 20) for number in range(3)] == [Verdict.SAME, stuck, inverted]


def test_a_register_that_begins_at_1_keeps_that_beside_a_fault_at_its_output(tmp_path):
    text = PIPE.replace("reg valid = 0;", "reg valid = 1;")
    mutants = [each for each in list_mutants(text, "pipe", 1, 200, tmp_path) if each.option("port") == "Q"]
    mutants = [each for each in mutants if each.option("mode") == "inv"]
    assert len(mutants) == 3
    miter = Miter(text, mutants, "pipe", tmp_path)
    assert [miter.prove(number, 20) for number in range(4)] == [Verdict.SAME, *[Verdict.DIFFERENT] * 3]
