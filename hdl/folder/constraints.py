"""The clock of a generated accelerator, in the files that synthesis and place-and-route tools read."""

from hdl.verilog.names import Names
from model.errors import require

CLOCK_MHZ = 50.0
"""What shipped networks reach on an ECP5, with a margin."""
LIMITS_MHZ = 1, 1000


def constraint_files(names: Names, clock_mhz: float) -> dict[str, str]:
    """Texts by file name: SDC, Vivado's XDC, and LPF for an ECP5; the period is 1000 / ``clock_mhz`` ns."""
    low, high = LIMITS_MHZ
    require(low <= clock_mhz <= high, f"a clock of {clock_mhz:g} MHz; choose {low} to {high:,} MHz")
    clock = f"create_clock -name clk -period {1000 / clock_mhz:.3f} [get_ports clk]\n"
    return {names(".sdc"): clock, names(".xdc"): clock, names(".lpf"): f'FREQUENCY PORT "clk" {clock_mhz:.3f} MHZ;\n'}
