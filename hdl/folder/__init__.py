"""The folder that ``mint verilog`` writes: descriptions, testbench, constraints, core file."""
