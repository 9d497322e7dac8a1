"""That Verilog and golden model agree: hosts, benches, runner."""
