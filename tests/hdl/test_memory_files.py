"""Memories' contents in files: the same words, and nothing else changed."""

import subprocess

import pytest

from hdl.memory_files import MemoryFile, MemoryFilesError, move_to_files

VERILOG = """\
module top (clk,
  address, word);
  input clk;
  input [1:0] address;
  output [39:0] word;
  reg [31:0] \\narrow$1 [1:0];
  initial begin
    \\narrow$1 [0] = 32'd7;
    \\narrow$1 [1] = 32'd4294967295;
  end
  reg [39:0] wide [2:0];
  initial begin
    wide[0] = 40'h0000000001;
    wide[2] = 40'hff00000000;
    wide[1] = 40'h00abcdef00;
  end
  reg [3:0] scratch [1:0];
  initial begin
    scratch[0] = 4'h0;
    scratch[1] = 4'h0;
  end
  assign word = wide[address];
endmodule
"""
WIDE = MemoryFile("wide", "memory/wide.hex", "WIDE")
NARROW = MemoryFile("\\narrow$1", "memory/narrow.hex", "NARROW")


def test_words_go_to_their_files():
    text, files = move_to_files(VERILOG, "top", (WIDE, NARROW))
    assert files == {
        "memory/wide.hex": "0000000001\n00abcdef00\nff00000000\n",
        "memory/narrow.hex": "00000007\nffffffff\n",
    }
    assert "40'h" not in text
    assert 'address, word);\n  parameter WIDE = "memory/wide.hex";\n' in text
    assert "  reg [39:0] wide [0:2];\n  initial $readmemh(WIDE, wide);\n" in text
    assert "scratch[0]" not in text


def test_icarus_reads_them_back(tmp_path):
    text, files = move_to_files(VERILOG, "top", (WIDE, NARROW))
    bench = """
module bench;
  reg [1:0] address = 0;
  wire [39:0] word;
  top #(.WIDE("other/wide.hex")) dut (.clk(1'b0), .address(address), .word(word));
  initial repeat (3) begin #1 $display("%h", word); address = address + 1; end
endmodule
"""
    (tmp_path / "top.v").write_text(text + bench, encoding="utf-8")
    for name, words in files.items():
        path = tmp_path / name.replace("memory/wide", "other/wide")
        path.parent.mkdir(exist_ok=True)
        path.write_text(words, encoding="utf-8")
    subprocess.run(["iverilog", "-g2005", "-o", "a.vvp", "top.v"], cwd=tmp_path, check=True)
    done = subprocess.run(["vvp", "a.vvp"], cwd=tmp_path, capture_output=True, encoding="utf-8", check=True)
    assert done.stdout == files["memory/wide.hex"]


def test_contents_without_a_file_are_refused():
    with pytest.raises(MemoryFilesError, match="memory wide has contents"):
        move_to_files(VERILOG, "top", (NARROW,))


def test_a_file_without_a_memory_is_refused():
    with pytest.raises(MemoryFilesError, match="there is no memory other"):
        move_to_files(VERILOG, "top", (WIDE, NARROW, MemoryFile("other", "other.hex", "OTHER")))
