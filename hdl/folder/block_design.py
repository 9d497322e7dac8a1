"""Attributes by which Vivado's block designs know the accelerator's interfaces: clock, reset and both streams."""

import re

STREAMS = ("s_axis", "m_axis")
STREAM_SIGNALS = ("tdata", "tvalid", "tready", "tlast", "tuser")
INTERFACES = {"clk": "xilinx.com:signal:clock:1.0 clk CLK", "rst": "xilinx.com:signal:reset:1.0 rst RST"} | {
    f"{stream}_{signal}": f"xilinx.com:interface:axis:1.0 {stream} {signal.upper()}"
    for stream in STREAMS
    for signal in STREAM_SIGNALS
}
"""``X_INTERFACE_INFO`` of the ports."""
PARAMETERS = {
    "clk": f"ASSOCIATED_BUSIF {':'.join(STREAMS)}, ASSOCIATED_RESET rst",
    "rst": "POLARITY ACTIVE_HIGH",
}
"""``X_INTERFACE_PARAMETER``. There is no ``FREQ_HZ``: the block design's clock sets it."""


def with_interfaces(text: str, module: str) -> str:
    """The Verilog ``text`` with attributes in front of the ports of ``module``."""

    def port(match: re.Match[str]) -> str:
        name = match[1]
        lines = [f'  (* X_INTERFACE_INFO = "{INTERFACES[name]}" *)\n'] if name in INTERFACES else []
        lines += [f'  (* X_INTERFACE_PARAMETER = "{PARAMETERS[name]}" *)\n'] if name in PARAMETERS else []
        return "".join([*lines, match[0]])

    def ports(match: re.Match[str]) -> str:
        return re.sub(r"^  (?:input|output) (?:\[\d+:0\] )?(\w+);\n", port, match[0], flags=re.MULTILINE)

    return re.sub(rf"^module {module}\b.*?^endmodule$", ports, text, count=1, flags=re.MULTILINE | re.DOTALL)
