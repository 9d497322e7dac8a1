"""How the numbers are computed: components, the Verilog writer, area."""
