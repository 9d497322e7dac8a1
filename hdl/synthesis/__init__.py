"""What a design costs: gates, FPGA cells, timing, activity."""
