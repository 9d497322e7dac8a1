"""From Amaranth to Verilog text: writer, names, memories, words of a memory file."""
