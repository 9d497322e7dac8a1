"""That RTL and golden model agree: benches that run in Amaranth's simulator and, through cocotb, in others."""
