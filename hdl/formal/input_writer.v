// What the input writer has to do: every beat of a whole packet stands at its address in a bank that was free, written
// once; a packet of another length fills no bank. hdl.formal.input_writer proves that it does, for any one beat of any
// packet, `chosen`. BEATS are those of a packet, STEPS the innermost words of an address: beat k is of step k / PLACES
// and place k % PLACES, and stands at place * STEPS + step. D, W, A and N are bits of a beat, word, address and number.
// With REST, every WORDS beats are a time step, whose last one has REST inputs: its other bits stand there as 0.
module proof (
    input clk,
    input rst,
    input [`D-1:0] data,
    input valid,
    input last,
    input [1:0] released,
    input [`N-1:0] any,
    output assumed,
    output ok,
    output cover_both_full,
    output cover_third,
    output cover_after_long,
    output cover_after_short
);
    localparam PLACES = `BEATS / `STEPS;
    wire ready, write, bank, error;
    wire [`A-1:0] address;
    wire [`W-1:0] word;
    wire [1:0] full;
    mint_writer writer (
        .clk(clk), .rst(rst), .data(data), .valid(valid), .last(last), .release(released), .ready(ready),
        .write(write), .bank(bank), .address(address), .word(word), .full(full), .error(error)
    );

    // A bank is released when it holds an image.
    reg begun = 0;
    assign assumed = !(released & ~full);

    // The packet: beats of it that came, whether it is too long; and what the beat `chosen` had.
    reg fresh = 0;
    reg [`N-1:0] chosen;
    reg [`W-1:0] sent;
    wire taken = valid & ready;
    wire [`N-1:0] count;
    wire swallow, stored, whole, broken, wrong, was_long, was_short;
    packets packets (
        .clk(clk), .rst(rst), .taken(taken), .last(last), .count(count), .swallow(swallow), .stored(stored),
        .whole(whole), .broken(broken), .wrong(wrong), .was_long(was_long), .was_short(was_short)
    );

`ifdef REST
    wire [`V-1:0] unit_number;
    wire numbered = unit_number == count % `WORDS;
    wire [`W-1:0] inputs = count % `WORDS == `WORDS - 1 ? (1 << `REST) - 1 : -1;
`else
    wire numbered = 1;
    wire [`W-1:0] inputs = -1;
`endif
    wire [`W-1:0] beat = data[`W-1:0] & inputs;

    // The banks: which is next, which are full; what stands in each where the beat `chosen` has to be, and what was sent.
    reg next = 0;
    reg [1:0] holds = 0;
    reg [`W-1:0] cell_0, cell_1, image_0, image_1;
    wire [`A-1:0] place = (chosen % PLACES) * `STEPS + chosen / PLACES;
    wire here = write & address == place;
    wire [`W-1:0] of_chosen = count == chosen ? beat : sent;
    reg third = 0;
    always @(posedge clk) begin
        begun <= begun | rst;
        fresh <= rst;
        if (!begun) chosen <= any % `BEATS;
        if (here & !bank) cell_0 <= word;
        if (here & bank) cell_1 <= word;
        if (stored & count == chosen) sent <= beat;
        holds <= holds & ~released;
        if (whole) begin
            holds[next] <= 1;
            next <= !next;
            if (next) image_1 <= of_chosen;
            else image_0 <= of_chosen;
        end
        third <= third | holds == 3;
        if (rst) begin
            next <= 0;
            holds <= 0;
        end
    end

    wire free = !holds[next];
    wire once = !write | ((address == place) == (count == chosen) & !full[bank]);
    wire takes = (!ready | free | swallow) & (ready | !(free | swallow) | fresh);
    wire images = (!holds[0] | cell_0 == image_0) & (!holds[1] | cell_1 == image_1);
    wire shows = full == holds & bank == next & error == wrong & write == stored;
    // Between the beats: what has come of the packet stands there already; and where the writer is.
    wire partly = swallow | count <= chosen | (free & (next ? cell_1 : cell_0) == sent);
    wire [`N-1:0] unit_count;
    wire unit_swallow;
    wire [`N-1:0] order;  // the address, as the writer's loops have it
    wire loops;
    wire counts = unit_count == count & unit_swallow == swallow & count < `BEATS & chosen < `BEATS & (!swallow | count == 0)
        & (!fresh | (count == 0 & !swallow & holds == 0)) & loops & numbered;
`ifdef LOOPS
    wire [`A-1:0] step_count, row_count, column_count, address_step, address_row, address_column;
    wire unit_begun;
    wire nested = (step_count * PLACES + row_count * `COLUMNS + column_count == count)
        & step_count < `STEPS & column_count < `COLUMNS & row_count < PLACES / `COLUMNS & address_step == step_count
        & address_row == step_count + row_count * `COLUMNS * `STEPS
        & address_column == address_row + column_count * `STEPS;
    assign loops = unit_begun == !fresh & (fresh | nested);
`else
    assign loops = 1;
`endif
    assign ok = !begun | (once & takes & images & shows & partly & counts);

    wire runs = begun & !rst;
    assign cover_both_full = runs & holds == 3 & valid & !ready;
    assign cover_third = runs & whole & third;
    assign cover_after_long = runs & whole & was_long;
    assign cover_after_short = runs & whole & was_short;
endmodule
