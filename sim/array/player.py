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

INPUTS = ("i_parameters", "i_weights", "i_spikes", "i_skips")
OUTPUTS = ("o_spikes", "o_sums")

STREAMS = """\
module source #(parameter WIDTH = 1, parameter SEED = 1, parameter FILE = "") (
  input clk, input start, input [8:0] idle, input signed [31:0] lose, input ready,
  output reg valid, output reg [WIDTH-1:0] payload, output reg [31:0] taken
);
  integer file, seed;
  reg more, lost;
  reg [WIDTH-1:0] next;
  initial begin file = 0; seed = SEED; more = 0; lost = 0; next = 0; valid = 0; payload = 0; taken = 0; end
  always @(posedge clk)
    if (start) begin
      if (file) $fclose(file);
      file = $fopen(FILE, "r");
      more = file != 0;
      valid <= 0;
      taken <= 0;
    end else begin
      if (valid & ready) taken <= taken + 1;
      if (!valid | ready | (taken == lose & !lost)) begin
        if (valid & !ready) lost <= 1;
        if (!more | (($random(seed) & 255) < idle)) valid <= 0;
        else begin
          more = $fscanf(file, "%h\\n", next) == 1;
          valid <= more;
          payload <= next;
        end
      end
    end
endmodule

module sink #(parameter WIDTH = 1, parameter SEED = 1, parameter FILE = "") (
  input clk, input start, input flush, input [8:0] stall, input valid, input [WIDTH-1:0] payload,
  output reg ready, output reg [31:0] taken, output reg broken
);
  integer file, seed;
  reg waits;
  reg [WIDTH-1:0] waiting;
  initial begin file = 0; seed = SEED; waits = 0; ready = 0; taken = 0; broken = 0; end
  always @(posedge clk)
    if (start) begin
      if (file) $fclose(file);
      file = $fopen(FILE, "w");
      ready <= 1;
      taken <= 0;
      {waits, broken} <= 0;  // before the reset anything may have happened
    end else begin
      ready <= ($random(seed) & 255) >= stall;
      if (waits & (valid !== 1'b1 | payload !== waiting)) broken <= 1;
      waits <= valid & !ready;
      waiting <= payload;
      if (valid & ready) begin
        $fdisplay(file, "%h", payload);
        taken <= taken + 1;
      end
      if (flush) $fflush(file);
    end
endmodule
"""

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
