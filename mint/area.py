"""``mint area``: what the hardware costs."""


def area() -> None:
    """Gates, flip-flops and FPGA cells of the PE and the array, for all nine pairs of widths."""
