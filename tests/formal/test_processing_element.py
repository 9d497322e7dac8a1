"""Proof: whatever a processing element holds and gets, its next sum is the law's."""

import pytest

from hdl.area import config
from hdl.processing_element import ProcessingElement
from hdl.verilog import verilog_text
from hdl.yosys import YosysError, run_script
from model.config import WIDTHS, Precision

LAW = "preload ? chain : spike ? accumulator + weight : accumulator"

# The law's answer is kept for a cycle, to be compared with the element's. Two cycles from an unknown state are the
# whole proof, because an element has no state but its sum.
PROOF = """
module proof (input clk, rst, preload, spike, input signed [{w}-1:0] weight, input signed [{a}-1:0] chain, output ok);
    wire signed [{a}-1:0] accumulator;
    reg signed [{a}-1:0] expected;
    always @(posedge clk) expected <= {law};
    assign ok = accumulator == expected;
    pe element (.clk(clk), .rst(rst), .preload(preload), .spike(spike), .weight(weight), .chain(chain),
                .accumulator(accumulator));
endmodule
"""


def prove(folder, weight_width: int, law: str) -> None:
    array = config(Precision(weight_width, weight_width), 1, 1)
    text = verilog_text(ProcessingElement(array), "pe")
    proof = PROOF.format(w=array.weight_width, a=array.accumulator_width, law=law)
    (folder / "proof.v").write_text(text + proof)
    run_script(
        [
            "read_verilog proof.v",
            "prep -flatten -top proof",
            "setattr -unset init w:*",  # any sum, not only the one after power-up
            "sat -seq 2 -prove-skip 1 -prove ok 1 -set-def-inputs -set-init-def -verify",
        ],
        folder,
    )


@pytest.mark.parametrize("weight_width", WIDTHS)
def test_next_sum_is_the_laws(tmp_path, weight_width):
    prove(tmp_path, weight_width, LAW)


@pytest.mark.parametrize(
    "law",
    [
        LAW.replace("+", "-"),
        LAW.replace("spike ?", "1 ?"),
        f"accumulator == 1234 ? 0 : {LAW}",  # wrong for one sum out of 2^17
    ],
)
def test_a_wrong_law_is_refuted(tmp_path, law):
    with pytest.raises(YosysError, match="proof did fail"):
        prove(tmp_path, 4, law)
