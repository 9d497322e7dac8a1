"""How the numbers are computed: processing element, neuron unit, systolic array, Verilog text."""
