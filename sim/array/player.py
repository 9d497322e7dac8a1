"""The Verilog around an array under test: streams played from files, results recorded to files.

A network takes tens of thousands of beats; in Verilog they cost a simulator far less than through
Python. Module ``player`` waits for :attr:`start`, then, in files beside the simulation, plays
``i_weights.hex`` and the other inputs and records ``o_spikes.hex`` and ``o_sums.hex``; each handshake
is that of the array's valid and ready, each in its own process with its own waits.

What a bench finds in it:

====================  ==========================================================================
``clk``               the clock, see :mod:`sim.harness.clock`
``rst``               reset of the array
``start``             for one cycle: open the files, begin
``idle``, ``stall``   of 256: how often an input waits before a beat, an output refuses a beat
``lose``              the i_spikes beat that is offered for one cycle, taken or not; -1 for none
``expected``          results until ``done``
``done``              the cycle after the last result
``cycles``            from the first parameters that were taken to the last result
``taken_NAME``        beats of each stream
``broken``            an output changed or went away while it had to wait
``source_digest``     SHA-256 of the file that has the array, see :mod:`sim.harness.job`
====================  ==========================================================================
"""

from amaranth.hdl import Shape

from hdl.array.systolic_array import SystolicArray
from sim.harness.clock import CLOCK
from sim.harness.job import DESIGN
from sim.harness.player import STREAMS

INPUTS = ("i_parameters", "i_weights", "i_spikes", "i_skips")
OUTPUTS = ("o_spikes", "o_sums")


_PLAYER = """
module player;
{design}  reg clk, rst, start;
{clock}  reg [8:0] idle, stall;
  reg signed [31:0] lose;
  reg [31:0] expected, cycles;
  reg running;
  initial begin rst = 0; start = 0; idle = 0; stall = 0; lose = -1; expected = 0; cycles = 0; running = 0; end

  wire done = running & (taken_o_spikes + taken_o_sums == expected);
  wire broken = broken_o_spikes | broken_o_sums;
  wire begins = i_parameters__valid & i_parameters__ready;
  always @(posedge clk)
    if (start) begin
      running <= 0;
      cycles <= 0;
    end else begin
      running <= running | begins;
      if ((running | begins) & !done) cycles <= cycles + 1;
    end

"""


def player_text(array: SystolicArray, top: str, digest: str) -> str:
    """Verilog of module ``player`` around ``array``, which is module ``top`` in a file of SHA-256 ``digest``."""
    config, members = array.config, dict(array.signature.members)
    lines, connections = [], [".clk(clk)", ".rst(rst)"]
    for seed, name in enumerate((*INPUTS, *OUTPUTS), 1):
        if name not in members:
            lines.append(f"  wire [31:0] taken_{name} = 0;\n")
            continue
        width = Shape.cast(members[name].signature.members["payload"].shape).width
        payload, recorded = f"{name}__payload", width
        lines.append(
            f"  wire {name}__valid, {name}__ready;\n  wire [{width - 1}:0] {payload};\n  wire [31:0] taken_{name};\n"
        )
        connections += [f".{name}__{part}({name}__{part})" for part in ("valid", "ready", "payload")]
        if name == "o_spikes" and config.retire:
            retire = Shape.cast(members["retire"].shape).width
            lines.append(f"  wire [{retire - 1}:0] retire;\n")
            connections.append(".retire(retire)")
            payload, recorded = f"{{retire, {payload}}}", width + retire
        common = f".valid({name}__valid), .ready({name}__ready), .payload({payload}), .taken(taken_{name})"
        if name in INPUTS:
            lose = "lose" if name == "i_spikes" else "-32'sd1"
            kind, others = "source", f".idle(idle), .lose({lose})"
        else:
            lines.append(f"  wire broken_{name};\n")
            kind, others = "sink", f".flush(done), .stall(stall), .broken(broken_{name})"
        lines.append(
            f'  {kind} #(.WIDTH({recorded}), .SEED({seed}), .FILE("{name}.hex")) play_{name} (\n'
            f"    .clk(clk), .start(start), {others}, {common});\n"
        )
    instance = f"  {top} array ({', '.join(connections)});\n"
    return (
        STREAMS
        + _PLAYER.format(clock=CLOCK, design=DESIGN.format(digest=digest))
        + "".join(lines)
        + instance
        + "endmodule\n"
    )
