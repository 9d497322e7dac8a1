"""Verilog modules that play a stream from a file and record one to a file."""

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
