// A testbench of @NAME@.v that needs nothing but a Verilog simulator:
//
//   $ iverilog -g2005 -o testbench.vvp @PREFIX@testbench.v @NAME@.v && vvp testbench.vvp
//   $ verilator --binary @NAME@.vlt @PREFIX@testbench.v @NAME@.v && obj_dir/V@PREFIX@testbench
//
// It sends the images of vectors/@PREFIX@input.hex and compares all that comes out with vectors/@PREFIX@expected.hex,
// which the golden integer model computed. It prints PASS, or FAIL with the reason and an exit status that is not 0. Options of the run:
//
//   +idle=50      the source has no beat in 50 of 100 cycles
//   +stall=50     the sink takes no beat in 50 of 100 cycles
//   +seed=2       other waits
//   +images=1     fewer images
//   +vcd          waves, to waves.vcd
`timescale 1ns / 1ps

module @PREFIX@testbench;
@CONSTANTS@
  parameter WEIGHTS = "@NAME@_weights.hex";
  parameter PARAMETERS = "@NAME@_parameters.hex";
  parameter INPUT = "vectors/@PREFIX@input.hex";
  parameter EXPECTED = "vectors/@PREFIX@expected.hex";
@BEATS@  localparam RESULTS = IMAGES * (CLASSES + 1);
  localparam AFTER = 100;  // cycles after the last result in which no other may come

  reg clk = 0, rst = 1;
  reg [INPUT_WIDTH-1:0] in_data = 0;
  reg in_valid = 0, in_last = 0;@FIRST@
  wire in_ready;
  wire [31:0] out_data;
  wire out_valid, out_last, error;
  reg out_ready = 0;

  @NAME@_accelerator #(.WEIGHTS(WEIGHTS), .PARAMETERS(PARAMETERS)) dut (
    .clk(clk), .rst(rst),
    .s_axis_tdata(in_data), .s_axis_tvalid(in_valid), .s_axis_tready(in_ready), .s_axis_tlast(in_last),@TUSER@
    .m_axis_tdata(out_data), .m_axis_tvalid(out_valid), .m_axis_tready(out_ready), .m_axis_tlast(out_last),
    .error(error), .working());

  always #5 clk = ~clk;

  // Files: every word is read and mixed into a fingerprint, so that one that is missing, cut short, of another network
  // or with unknown digits is noticed, whatever the simulator makes of it.
  reg [INPUT_WIDTH-1:0] beats [0:BEATS-1];
  reg [31:0] expected [0:RESULTS-1];
  reg [63:0] found;
  integer words;
  reg failed = 0;

  task fail(input [8*80-1:0] reason);
    begin
      if (!failed) $display("FAIL: %0s", reason);
      failed = 1;
      $fatal(1);
    end
  endtask

  // FNV-1a over 64 bits at a time, the lowest first. Whoever calls opens the file: a strict simulator takes its name
  // from a parameter only.
  task read(input integer file, input [8*256-1:0] name, input integer kind, input integer count,
            input [63:0] fingerprint);
    reg [FILE_WIDTH-1:0] word;
    integer part;
    begin
      if (file == 0) begin
        $display("FAIL: %0s cannot be opened", name);
        failed = 1;
        $fatal(1);
      end else begin
        found = 64'hcbf29ce484222325;
        words = 0;
        while ($fscanf(file, "%h", word) == 1) begin
          for (part = 0; part < FILE_WIDTH; part = part + 64)
            found = (found ^ word[part+:64]) * 64'h00000100000001b3;
          if (kind == 1 && words < BEATS) beats[words] = word[INPUT_WIDTH-1:0];
          if (kind == 2 && words < RESULTS) expected[words] = word[31:0];
          words = words + 1;
        end
        $fclose(file);
        if (words != count || found !== fingerprint) begin
          $display("FAIL: %0s has %0d words of fingerprint %h, expected %0d of %h: it is not of this network",
                   name, words, found, count, fingerprint);
          failed = 1;
          $fatal(1);
        end
      end
    end
  endtask

  integer idle = 0, stall = 0, images = IMAGES, seed = 1;
  reg given;
  initial begin
    given = $value$plusargs("idle=%d", idle);
    given = $value$plusargs("stall=%d", stall);
    given = $value$plusargs("seed=%d", seed);
    given = $value$plusargs("images=%d", images);
    if ($test$plusargs("vcd")) begin
      $dumpfile("waves.vcd");
      $dumpvars(0, @PREFIX@testbench);
    end
    if (images < 1 || images > IMAGES) fail("there are not that many images");
    // Names are shorter than the task's argument.
    // verilator lint_off WIDTHEXPAND
    read($fopen(WEIGHTS, "r"), WEIGHTS, 0, WEIGHTS_WORDS, WEIGHTS_FINGERPRINT);
    read($fopen(PARAMETERS, "r"), PARAMETERS, 0, PARAMETERS_WORDS, PARAMETERS_FINGERPRINT);
    read($fopen(INPUT, "r"), INPUT, 1, BEATS, INPUT_FINGERPRINT);
    read($fopen(EXPECTED, "r"), EXPECTED, 2, RESULTS, EXPECTED_FINGERPRINT);
    // verilator lint_on WIDTHEXPAND
    repeat (4) @(negedge clk);
    rst = 0;
  end

  function waits(input integer percent);
    waits = ($unsigned($random(seed)) % 100) < percent;
  endfunction

  // The source: a beat stays until it is taken.
  integer next = 0, sent = 0@COUNTS@;
  always @(posedge clk) if (!rst && !failed) begin
    if (in_valid && in_ready) sent = sent + 1;
    if (!in_valid || in_ready) begin
      if (@MORE@ && !waits(idle)) begin
        in_valid <= 1;
        in_data <= beats[next];
        in_last <= @LAST@;@STEP@@BEGINS@
        next = next + 1;
      end else in_valid <= 0;
    end
  end

  // The sink, and what must be so.
  integer cycle = 0, quiet = 0, got = 0, first_beat = 0, first_class = 0, last_class = 0;
  reg [31:0] held;
  reg refused = 0, held_last, began = 0;
  always @(posedge clk) if (!rst && !failed) begin
    cycle <= cycle + 1;
    quiet = (in_valid && in_ready) || (out_valid && out_ready) ? 0 : quiet + 1;
    out_ready <= !waits(stall);
    if (in_valid && in_ready && !began) begin
      began = 1;
      first_beat = cycle;
    end@LAST_BEAT@
    if (out_valid !== 0 && out_valid !== 1) fail("m_axis_tvalid is unknown");
    if (in_ready !== 0 && in_ready !== 1) fail("s_axis_tready is unknown");
    if (error !== 0) fail("the accelerator calls a good packet malformed");
    if (refused && (!out_valid || out_data !== held || out_last !== held_last))
      fail("a result changed before it was taken");
    refused <= out_valid && !out_ready;
    held <= out_data;
    held_last <= out_last;
    if (out_valid && out_ready) begin
      if (got >= images * (CLASSES + 1)) fail("there are more results than images");
      if (out_data !== expected[got]) begin
        $display("image %0d, %0s %0d: %0d, expected %0d", got / (CLASSES + 1),
                 got % (CLASSES + 1) == CLASSES ? "class after logit" : "logit", got % (CLASSES + 1),
                 $signed(out_data), $signed(expected[got]));
        fail("a result differs from the golden model");
      end
      if (out_last !== (got % (CLASSES + 1) == CLASSES)) fail("m_axis_tlast is not with the class");
      got = got + 1;
      if (out_last) begin
        if (got == CLASSES + 1) first_class = cycle;
        last_class = cycle;
      end
    end
    if (quiet > LIMIT) fail("nothing moves any more");
    if (got == images * (CLASSES + 1) && quiet == AFTER) begin
      $display("PASS: %0d images, %0d results as in the golden model", images, got);
      $display("latency, first beat to first class: %0d cycles", first_class - first_beat + 1);@RESPONSE@
      if (images > 1) $display("interval, class to class, mean: %0d cycles", (last_class - first_class) / (images - 1));
      $finish;
    end
  end
endmodule
