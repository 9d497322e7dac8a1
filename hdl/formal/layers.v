// Which layer is at work; hdl.formal.layers proves it. Layers start one after another, each when the one before is done,
// the first of LAYERS when its bank is full; banks take turns, and one is released when the first layer is done with it.
// Logits are those of the last of FRAMES frames; where state LASTS, a recording begins with the first frame of an image.
// For windows of up to FURTHEST earlier ones, frames are counted in SLOT bits, and those before in the image or recording.
module proof (
    input clk,
    input rst,
    input [1:0] full,
    input done,
`ifdef LASTS
    input [1:0] first,
    output cover_within_image,
`endif
    output assumed,
    output ok,
    output cover_next_layer,
    output cover_waits,
    output cover_other_bank,
    output cover_emits
);
    wire start, clear, emits, bank, working, begins;
`ifdef FURTHEST
    wire [`SLOT-1:0] slot;
    wire [`AGE-1:0] age;
`endif
    wire [1:0] released;
    wire [`L-1:0] layer;
    wire [`F-1:0] frame;
    mint_layers layers (
        .clk(clk), .rst(rst), .full(full), .done(done), .layer(layer), .start(start), .clear(clear), .emits(emits),
`ifdef STREAMING
        .frame(frame),
`endif
`ifdef LASTS
        .first(first), .begins(begins),
`endif
`ifdef FURTHEST
        .slot(slot), .age(age),
`endif
        .bank(bank), .release(released), .working(working)
    );
`ifndef STREAMING
    assign frame = 0;
`endif

    // Layers that were started, and done: a layer is at work where there are more of the former.
    reg begun = 0, fresh = 0;
    reg [7:0] started = 0, ended = 0;  // of all frames of an image
    reg images = 0;  // frames that the first layer is done with, modulo the two banks
    wire at_work = started != ended;
    assign assumed = !done | at_work;
    wire [7:0] number = ended % `LAYERS, frames = ended / `LAYERS;
`ifdef LASTS
    wire recording = start & number == 0 & first[images];
`else
    wire recording = 0;
    assign begins = 0;
`endif
    reg held = 0;  // whether the frame begins a recording
    wire last_done = done & ended + 1 == `LAYERS * `FRAMES;
    always @(posedge clk) begin
        begun <= begun | rst;
        fresh <= rst;
        if (start) started <= started + 1;
        if (done) ended <= last_done ? 0 : ended + 1;
        if (last_done) started <= 0;
        if (start & number == 0) held <= recording;
        if (recording) begin
            started <= 1;
            ended <= 0;
        end
        if (done & number == 0) images <= !images;
        if (rst) begin
            started <= 0;
            ended <= 0;
            images <= 0;
            held <= 0;
        end
    end

`ifdef FURTHEST
    reg [`SLOT-1:0] passed = 0;
    reg [7:0] before = 0;
    always @(posedge clk) begin
        if (done & number == `LAYERS - 1) begin
            passed <= passed + 1;
`ifdef LASTS
            before <= before == `FURTHEST ? before : before + 1;
`else
            before <= last_done ? 0 : before == `FURTHEST ? before : before + 1;
`endif
        end
        if (recording) before <= 0;
        if (rst) begin
            passed <= 0;
            before <= 0;
        end
    end
    wire places = slot == passed & age == before & before <= `FURTHEST;
`else
    wire places = 1;
`endif
    wire starts = start == (!fresh & !at_work & (number != 0 | full[images])) & clear == fresh;
    wire shows = layer == number & frame == frames & bank == images & released == (done & number == 0 ? 1 << images : 0)
        & begins == held & emits == (number == `LAYERS - 1 & frames == `FRAMES - 1) & working == (at_work | ended != 0);
    wire bounded = ended < `LAYERS * `FRAMES & (started == ended | started == ended + 1);
    wire running, cleared;
    assign ok = !begun | (starts & shows & places & bounded & running == at_work & cleared == !fresh & (!fresh | !at_work));

    wire runs = begun & !rst;
    assign cover_next_layer = runs & start & number == 1;
    assign cover_waits = runs & !fresh & !at_work & !start;
    assign cover_other_bank = runs & start & number == 0 & images;
    assign cover_emits = runs & done & emits;
`ifdef LASTS
    assign cover_within_image = runs & recording & frames != 0;
`endif
endmodule
