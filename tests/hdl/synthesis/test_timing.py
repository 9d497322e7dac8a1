"""Static timing of the netlist whose area is quoted, and where the area goes."""

import shutil
import tempfile

import pytest

from hdl.synthesis import timing
from hdl.synthesis.breakdown import breakdown
from hdl.synthesis.designs import Variant
from hdl.synthesis.flows import Library, Netlist
from hdl.synthesis.liberty import installed_libraries
from hdl.synthesis.timing import TimingError, critical_path, measure
from model.config import Precision

PERIOD_NS = 2.0


@pytest.fixture(scope="module")
def library():
    """Set-up installs one where it can; a machine without it cannot pass."""
    found = installed_libraries()
    assert found, "no standard-cell library: apt install qflow-tech-osu035"
    return Library(found[0], PERIOD_NS)


def test_area_and_path_are_of_one_netlist(library):
    assert shutil.which(timing.PROGRAM), "apt install opensta"
    variant = Variant("mint_array", Precision(2, 2))
    record = measure(variant, library, 2, 2)
    netlist = library.netlist(variant.verilog(2, 2), "mint_array")
    assert record.area_um2 == pytest.approx(netlist.area, abs=0.1)
    assert record.critical_path_ns == critical_path(netlist, "mint_array", library, 5 * PERIOD_NS).critical_path_ns
    assert record.clock_mhz == pytest.approx(1000 / record.critical_path_ns, abs=0.1)
    assert 0 < record.abc_delay_ns < record.critical_path_ns
    assert record.cells[0] == record.cells[-1], "from register to register"


def test_a_longer_path_is_slower(library, tmp_path, monkeypatch):
    """Even where temporary files have names that ABC and its shell take for more than a name."""
    odd = tmp_path / """it's a "folder" """
    odd.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(odd))
    monkeypatch.setenv("TMPDIR", str(odd))
    adder = "module top(input clk, input [{0}:0] i, output reg [{0}:0] o); reg [{0}:0] a; {1} endmodule"
    body = "always @(posedge clk) begin a <= i; o <= o + a; end"
    paths = [
        critical_path(library.netlist(adder.format(width, body), "top"), "top", library, PERIOD_NS).critical_path_ns
        for width in (3, 31)
    ]
    assert paths[0] < paths[1]


def test_a_netlist_that_opensta_cannot_read_is_an_error(library):
    with pytest.raises(TimingError, match="no timing of top"):
        critical_path(Netlist("module top(input clk); nothing n(.a(clk)); endmodule", 0, 0, {}), "top", library, 1)


def test_without_opensta_a_sentence_says_what_to_install(library, monkeypatch):
    monkeypatch.setattr(timing, "PROGRAM", "no-such-program")
    with pytest.raises(TimingError, match="apt install opensta"):
        critical_path(Netlist("", 0, 0, {}), "top", library, 1)


def test_the_parts_are_the_array():
    plain = Library()
    shares = {share.part: share.gate_equivalents for share in breakdown(plain, Precision(2, 2), 4, 3)}
    total = plain.measure(Variant("mint_array", Precision(2, 2)).verilog(4, 3), "mint_array").gate_equivalents
    assert sum(shares.values()) == pytest.approx(total / 12, abs=0.5)
    assert shares["sum registers"] == pytest.approx(16 * 5.33, abs=0.1)
    assert all(gate_equivalents > 0 for gate_equivalents in shares.values())
