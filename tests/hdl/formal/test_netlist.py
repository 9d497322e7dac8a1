"""What synthesis makes is what it was made from; a planted bug is found."""

import re

import pytest

from hdl.accelerator.cluster import Cluster
from hdl.array.neuron_unit import NeuronUnit
from hdl.formal import netlist as module
from hdl.formal.catalogue import CLUSTERS, element_netlist, lanes_netlist, neuron_netlist
from hdl.formal.gates import MatchError
from hdl.formal.netlist import netlist_proof
from hdl.formal.proof import prove
from hdl.synthesis.designs import config
from hdl.synthesis.flows import Library
from hdl.synthesis.liberty import installed_libraries
from hdl.verilog.text import verilog_text
from model.config import Precision
from tests.hdl.formal.mutants import check_refuted, some_now

ARRAY = config(Precision(2, 2), 1, 1)


@pytest.mark.parametrize("path", [None, *installed_libraries()], ids=lambda path: path.stem if path else "generic")
@pytest.mark.parametrize("make", [element_netlist, neuron_netlist])
def test_netlist_is_the_design(make, path):
    record = prove(make(ARRAY, Library() if path is None else Library(path)))
    assert record.covers == ("registers_move", "outputs_move")


def test_netlist_of_lanes_is_the_design():
    record = prove(lanes_netlist(CLUSTERS[-1], Library()))
    assert record.covers == ("registers_move", "outputs_move")


def test_a_wrong_cell_of_the_lanes_is_found(monkeypatch):
    design = verilog_text(Cluster(CLUSTERS[0]), "mint_lanes")
    mapped = Library().netlist(design, "mint_lanes").verilog
    matches = module.match_registers(design, mapped, Library().text, "mint_lanes")
    monkeypatch.setattr(module, "match_registers", lambda *_: matches)
    wrong = re.sub(r"(.*)\bXOR2\b", r"\1XNOR2", mapped, count=1, flags=re.DOTALL)
    assert wrong != mapped
    check_refuted(netlist_proof("lanes", "w2u2", design, wrong, "mint_lanes", Library()))


@pytest.fixture(scope="module")
def mapped():
    design = verilog_text(NeuronUnit(ARRAY), "mint_neuron")
    return design, Library().netlist(design, "mint_neuron").verilog


def proof_of(design, netlist):
    return netlist_proof("neuron unit", "w2u2", design, netlist, "mint_neuron", Library())


@pytest.mark.parametrize(("old", "new"), some_now(1, [("XOR2", "XNOR2"), ("NAND2", "NOR2"), ("AOI21", "OAI21")]))
def test_a_wrong_cell_is_found(mapped, old, new, monkeypatch):
    design, netlist = mapped
    # Simulation would see many of them at once; it is the proof's turn here.
    matches = module.match_registers(design, netlist, Library().text, "mint_neuron")
    monkeypatch.setattr(module, "match_registers", lambda *_: matches)
    places = [match.start() for match in re.finditer(rf"\b{old}\b", netlist)]
    for place in {places[0], places[len(places) // 2], places[-1]}:
        check_refuted(proof_of(design, netlist[:place] + new + netlist[place + len(old) :]))


def test_a_register_that_is_like_no_other_is_found(mapped):
    design, netlist = mapped
    inverted = re.sub(r"(DFF \w+ \(\s+\.C\(clk\),\s+\.D\()", r"\1!", netlist, count=1)
    assert inverted != netlist
    with pytest.raises(MatchError, match="no register of mint_neuron holds what"):
        proof_of(design, inverted)


def test_the_highest_bits_of_wide_words_are_told_apart():
    array = config(Precision(8, 8), 1, 1)
    design = verilog_text(NeuronUnit(array), "mint_neuron")
    matches = module.match_registers(
        design, Library().netlist(design, "mint_neuron").verilog, Library().text, "mint_neuron"
    )
    assert len(set(matches.values())) == len(matches) == 3 * 21 + 8


def test_a_wrong_match_proves_nothing(mapped, monkeypatch):
    matches = module.match_registers(*mapped, Library().text, "mint_neuron")
    first, second, *_ = matches
    swapped = {**matches, first: matches[second], second: matches[first]}
    monkeypatch.setattr(module, "match_registers", lambda *_: swapped)
    check_refuted(proof_of(*mapped))
