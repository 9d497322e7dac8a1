"""Whatever a processing element holds and gets, its sum is the law's; a planted bug is found."""

import pytest

from hdl.array.processing_element import ProcessingElement
from hdl.formal.processing_element import COVERS, processing_element
from hdl.formal.proof import ProofError, prove
from hdl.synthesis.designs import config
from model.config import WIDTHS, Precision
from tests.hdl.formal.mutants import check_refuted, mutant, some_now, with_harness

ARRAY = config(Precision(4, 4), 1, 1)


@pytest.mark.parametrize("width", [*WIDTHS, 5])
def test_sum_is_the_laws(width):
    record = prove(processing_element(config(Precision(width, width), 1, 1)))
    assert len(record.covers) == len(COVERS)


@pytest.mark.parametrize(
    ("old", "new"),
    some_now(
        3,
        [
            ("register[width:] + carry", "register[width:] - carry"),
            ("carry.eq(low[width])", "carry.eq(carry | low[width])"),  # or stays
            ("sign = self.enable & ~(", "sign = ~("),  # adds without enable
            ("self.weight[:-1] & self.spike.replicate(width - 1)", "self.weight[:-1]"),  # adds without a spike
            ("Mux(self.preload, self.chain, Cat", "Mux(self.preload, self.chain >> 1, Cat"),
        ],
    ),
)
def test_a_bug_is_found(old, new):
    check_refuted(processing_element(ARRAY, mutant(ProcessingElement, old, new)))


@pytest.mark.parametrize(
    ("old", "new"),
    some_now(
        2,
        [
            ("(spike ? wide : zero) + half", "(spike ? wide : zero)"),
            ("sum <= (preload ? chain : sum) + addend", "sum <= sum == 1234 ? 0 : (preload ? chain : sum) + addend"),
            ("assumed = no_weight & apart", "assumed = apart"),  # both promises are needed
            ("assumed = no_weight & apart", "assumed = no_weight"),
        ],
    ),
)
def test_a_wrong_law_is_refuted(old, new):
    check_refuted(with_harness(processing_element(ARRAY), old, new))


def test_a_counterexample_is_shown():
    proof = processing_element(ARRAY, mutant(ProcessingElement, "register[width:] + carry", "register[width:] - carry"))
    text = check_refuted(proof, explain=True)
    assert "processing element = law, W = 4, 17 bits: it does not hold\n" in text
    assert "\\preload" in text


def test_a_cover_without_a_witness_fails():
    proof = with_harness(processing_element(ARRAY), "cover_carry = known & enabled & carry", "cover_carry = 0")
    with pytest.raises(ProofError, match="cover_carry does not happen within 8 cycles"):
        prove(proof)
