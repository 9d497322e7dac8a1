"""The Verilog around an accelerator under test: images played from a file, results and neurons recorded to files.

As in :mod:`sim.array.player`: module ``player`` waits for ``start``, then plays ``s_axis.hex`` (bits ``tuser`` where
state lasts, ``tlast``, ``tdata``) and records ``m_axis.hex`` (``tlast``, ``tdata``), ``retire.hex``, and in
``cycles.txt`` the cycle of every result packet's last beat, in ``beats.txt`` that of the first input beat, then of
every input packet's last beat. ``cycle`` counts from ``start`` on.
"""

from hdl.accelerator.accelerator import retire_layout
from hdl.accelerator.contents import RESULT_WIDTH
from model.accelerator.config import AcceleratorConfig
from sim.accelerator.host import BEATS, CYCLES, INPUT, NEURONS, RESULTS
from sim.harness.clock import CLOCK
from sim.harness.job import DESIGN
from sim.harness.player import STREAMS

_PLAYER = """
module player;
{design}  reg clk, rst, start;
{clock}  reg [8:0] idle, stall;
  reg [31:0] expected, cycle;
  initial begin rst = 0; start = 0; idle = 0; stall = 0; expected = 0; cycle = 0; end
  wire valid, ready, last, results_valid, results_ready, results_last, error, working, retire_valid;
  wire [{input_msb}:0] data;
  wire first;
  wire [{result_msb}:0] results;
  wire [31:0] taken_s_axis, taken_m_axis;
  wire broken;
  wire [{retire_msb}:0] retire;

  source #(.WIDTH({input_width} + {flags}), .SEED(1), .FILE("{input_file}")) images (
    .clk(clk), .start(start), .idle(idle), .lose(-32'sd1), .ready(ready), .valid(valid),
    .payload({{{begins}last, data}}), .taken(taken_s_axis));
  sink #(.WIDTH({result_width} + 1), .SEED(2), .FILE("{results_file}")) classes (
    .clk(clk), .start(start), .flush(done), .stall(stall), .valid(results_valid), .ready(results_ready),
    .payload({{results_last, results}}), .taken(taken_m_axis), .broken(broken));
  {top} accelerator (
    .clk(clk), .rst(rst), .s_axis_tdata(data), .s_axis_tvalid(valid), .s_axis_tready(ready), .s_axis_tlast(last),
    .m_axis_tdata(results), .m_axis_tvalid(results_valid), .m_axis_tready(results_ready),
    .m_axis_tlast(results_last), .error(error), .working(working){first}{retire});

  reg running;
  initial running = 0;
  wire done = running & (taken_m_axis == expected);
  integer neurons, ends, beats;
  reg begun;
  initial begin neurons = 0; ends = 0; beats = 0; begun = 0; end
  always @(posedge clk)
    if (start) begin
      if (neurons) $fclose(neurons);
      if (ends) $fclose(ends);
      if (beats) $fclose(beats);
      neurons = $fopen("{neurons_file}", "w");
      ends = $fopen("{cycles_file}", "w");
      beats = $fopen("{beats_file}", "w");
      begun <= 0;
      running <= 1;
      cycle <= 0;
    end else begin
      cycle <= cycle + 1;
      if (running & (retire_valid === 1'b1)) $fdisplay(neurons, "%h", retire);
      if (results_valid & results_ready & results_last) $fdisplay(ends, "%0d", cycle);
      if (valid & ready) begin
        begun <= 1;
        if (!begun) $fdisplay(beats, "%0d", cycle);
        if (last) $fdisplay(beats, "%0d", cycle);
      end
      if (done) begin $fflush(neurons); $fflush(ends); $fflush(beats); end
    end
endmodule
"""


def player_text(config: AcceleratorConfig, top: str, digest: str) -> str:
    """Verilog of module ``player`` around an accelerator of ``config`` that is module ``top`` in a file of SHA-256
    ``digest``."""
    return STREAMS + _PLAYER.format(
        clock=CLOCK,
        design=DESIGN.format(digest=digest),
        input_msb=config.input_width - 1,
        input_width=config.input_width,
        flags=1 + config.lasts,
        begins="first, " if config.lasts else "",
        first=", .s_axis_tuser(first)" if config.lasts else "",
        result_msb=RESULT_WIDTH - 1,
        result_width=RESULT_WIDTH,
        retire_msb=retire_layout(config).size - 1,
        retire=", .retire_valid(retire_valid), .retire(retire)" if config.retire else "",
        top=top,
        input_file=INPUT,
        results_file=RESULTS,
        neurons_file=NEURONS,
        cycles_file=CYCLES,
        beats_file=BEATS,
    )
