// Which pixels the window reads and which bits it hands on, in nested loops and multiplied addresses;
// hdl.formal.window_pixels proves that it does. The input memory holds anything. A window of K x K pixels of CHANNELS of
// ROUNDS bits moves by STRIDE over MAP_ROWS x MAP_COLUMNS pixels and PADDING around them, for GROUPS, ROWS and COLUMNS
// positions. After every FIRES words of a window sums are handed over.
module proof (
    input clk,
    input rst,
    input start,
    input ready,
    input [`SPACE*`ROUNDS*`CHANNELS-1:0] any,
    output assumed,
    output ok,
    output cover_outside,
    output cover_skips,
    output cover_waits,
    output cover_second_window,
    output cover_reads_on
);
    localparam W = `ROUNDS * `CHANNELS;
    localparam BITS = `K * `K * `CHANNELS;
    reg [W-1:0] data;
    wire [BITS+`ROW+1:0] item;
    wire valid, done, read;
    wire [`ADDRESS-1:0] address;
    mint_window window (
        .clk(clk), .rst(rst), .start(start), .data(data), .o__ready(ready), .o__valid(valid), .o__payload(item),
        .done(done), .address(address), .read(read)
    );
    reg begun = 0;
    reg [`SPACE*W-1:0] contents;
    always @(posedge clk) if (!begun) contents <= any;

    // What stands at a row and column of the padded map, 0 around it.
    function [W-1:0] pixel(input [7:0] row, input [7:0] column);
        reg signed [8:0] y, x;
        begin
            y = row - `PADDING;
            x = column - `PADDING;
            pixel = y >= 0 & y < `MAP_ROWS & x >= 0 & x < `MAP_COLUMNS ? contents >> (y * `MAP_COLUMNS + x) * W : 0;
        end
    endfunction

    // The loops of reading: group, row of positions, column of the padded map, row of the window; a cycle later; and the
    // window that is complete, and the one whose planes are handed on.
    reg there_0 = 0, there_1 = 0, complete = 0, emitting = 0, seen = 0;
    reg [3:0] g, y, c, i, g_1, y_1, c_1, i_1, g_2, y_2, c_2, g_3, y_3, c_3;
    reg [2:0] plane;
    localparam ALL = (`COLUMNS - 1) * `STRIDE + `K;
    wire end_i = i + 1 == `K, end_c = end_i & c + 1 == ALL, end_y = end_c & y + 1 == `ROWS, end_g = end_y & g + 1 == `GROUPS;
    wire [BITS-1:0] bits;
    wire fires = plane % `FIRES == 0;
    wire offered = emitting & (bits != 0 | fires | seen);
    wire passes = emitting & (ready | !offered);
    wire captured = complete & (!emitting | (passes & plane == 0));
    wire advance = !complete | captured;
    wire completes = there_1 & advance & i_1 + 1 == `K & c_1 + 1 >= `K & (c_1 + 1 - `K) % `STRIDE == 0;
    wire busy = there_0 | there_1 | complete | emitting;
    assign assumed = !(start & busy);
    wire signed [8:0] row = y * `STRIDE + i - `PADDING, column = c - `PADDING;
    wire inside = row >= 0 & row < `MAP_ROWS & column >= 0 & column < `MAP_COLUMNS;
    wire [8:0] place = row * `MAP_COLUMNS + column;
    always @(posedge clk) begin
        begun <= begun | rst;
        if (read) data <= contents >> address * W;
        if (there_0 & advance) begin
            i <= end_i ? 0 : i + 1;
            if (end_i) c <= end_c ? 0 : c + 1;
            if (end_c) y <= end_y ? 0 : y + 1;
            if (end_y) g <= end_g ? 0 : g + 1;
            if (end_g) there_0 <= 0;
        end
        if (advance) begin
            there_1 <= there_0;
            {g_1, y_1, c_1, i_1} <= {g, y, c, i};
        end
        if (captured) begin
            complete <= 0;
            {g_3, y_3, c_3} <= {g_2, y_2, c_2};
        end
        if (completes) begin
            complete <= 1;
            {g_2, y_2, c_2} <= {g_1, y_1, c_1};
        end
        if (passes) begin
            plane <= plane - 1;
            seen <= !fires & (seen | bits != 0);
            if (plane == 0) emitting <= 0;
        end
        if (captured) begin
            emitting <= 1;
            plane <= `ROUNDS - 1;
        end
        if (start) begin
            there_0 <= 1;
            {g, y, c, i} <= 0;
        end
        if (rst) {there_0, there_1, complete, emitting, seen} <= 0;
    end

    wire [`ROW-1:0] weights = `FIRST + g_3 * BITS;
    wire shows = valid == offered & done == !busy & (!emitting | item == {fires, !fires, weights, bits});
    wire reads = read == (there_0 & advance & inside) & (!read | address == place);

    // The window's registers, where the proof has to begin: rows above the one that comes are a column ahead.
    wire running, unit_valid, unit_complete, unit_emitting, unit_found, unit_bottom, unit_ends_row, unit_blank;
    wire [2:0] unit_plane, unit_left;
    wire [3:0] unit_until, unit_kernel_row;
    wire [`ROW-1:0] unit_weights, unit_completed, unit_row;
    wire [`K*`K*W-1:0] unit_pixels, unit_held;
    wire [3:0] nest_group = g, nest_row = y, nest_column = c, nest_kernel_row = i;
`POSITIONS
    wire signed [8:0] row_1 = y_1 * `STRIDE + i_1 - `PADDING, column_1 = c_1 - `PADDING;
    wire inside_1 = row_1 >= 0 & row_1 < `MAP_ROWS & column_1 >= 0 & column_1 < `MAP_COLUMNS;
    wire [`K*`K-1:0] slides, stands, holds;
    genvar a, b, d;
    generate
        for (a = 0; a < `K; a = a + 1) for (b = 0; b < `K; b = b + 1) begin : place_of
            wire [W-1:0] now = unit_pixels[(a*`K+b)*W+:W], held = unit_held[(a*`K+b)*W+:W];
            wire [3:0] newest = c_1 + (a < i_1);  // columns that came in this row
            assign slides[a*`K+b] = !there_1 | newest + b < `K | now == pixel(y_1 * `STRIDE + a, newest + b - `K);
            assign stands[a*`K+b] = !complete | now == pixel(y_2 * `STRIDE + a, c_2 + 1 + b - `K);
            wire [W-1:0] due = pixel(y_3 * `STRIDE + a, c_3 + 1 + b - `K);
            wire [`CHANNELS-1:0] same;
            for (d = 0; d < `CHANNELS; d = d + 1) begin : channel
                wire [`ROUNDS-1:0] whole = due[`ROUNDS*d+:`ROUNDS], left = whole << (`ROUNDS - 1 - plane);
                assign bits[(a*`K+b)*`CHANNELS+d] = whole[plane];
                assign same[d] = held[`ROUNDS*d+:`ROUNDS] == left;
            end
            assign holds[a*`K+b] = !emitting | (&same);
        end
    endgenerate
    wire [3:0] until = !there_1 | c_1 < `K ? (there_1 ? `K - 1 - c_1 : `K - 1)
        : (`STRIDE - (c_1 + 1 - `K) % `STRIDE) % `STRIDE;
    wire stages = running == there_0 & unit_valid == there_1 & unit_complete == complete & unit_emitting == emitting
        & unit_until == until & unit_kernel_row == (there_1 ? i_1 : 0) & unit_blank == !seen & (emitting | !seen)
        & (!there_1 | (unit_found == inside_1 & unit_bottom == (i_1 + 1 == `K) & unit_ends_row == (i_1 + 1 == `K & c_1 + 1 == ALL)
            & unit_weights == `FIRST + g_1 * BITS & (!inside_1 | data == pixel(row_1 + `PADDING, c_1))))
        & (!complete | unit_completed == `FIRST + g_2 * BITS)
        & (!emitting | (unit_plane == plane & unit_row == weights & unit_left == plane % `FIRES));
    wire bounded = (!there_0 | (g < `GROUPS & y < `ROWS & c < ALL & i < `K))
        & (!there_1 | (g_1 < `GROUPS & y_1 < `ROWS & c_1 < ALL & i_1 < `K))
        & (!complete | (g_2 < `GROUPS & y_2 < `ROWS & c_2 < ALL & c_2 + 1 >= `K))
        & (!emitting | (plane < `ROUNDS & g_3 < `GROUPS & y_3 < `ROWS & c_3 < ALL & c_3 + 1 >= `K));
    // What comes next follows what came last.
    wire [3:0] i_next = i_1 + 1 == `K ? 0 : i_1 + 1, c_next = i_next ? c_1 : c_1 + 1 == ALL ? 0 : c_1 + 1;
    wire follows = !there_1 | (there_0 ? i == i_next & c == c_next & y == (i_next | c_next ? y_1 : y_1 + 1 == `ROWS ? 0 : y_1 + 1)
        : i_1 + 1 == `K & c_1 + 1 == ALL);
    wire begins = !there_0 | there_1 | (i == 0 & c == 0 & !complete);
    assign ok = !begun | (shows & reads & stages & bounded & follows & begins & (&slides) & (&stands) & (&holds)
        & (!there_0 | nest_agrees));

    wire runs = begun & !rst;
    assign cover_outside = runs & there_1 & !inside_1 & emitting;
    assign cover_skips = runs & emitting & !offered & plane == 3;
    assign cover_waits = runs & offered & !ready & plane == (`ROUNDS - 1) / 2;
    assign cover_second_window = runs & offered & c_3 >= `K & bits != 0;
    assign cover_reads_on = runs & read & emitting & plane == `ROUNDS - 1;
endmodule
