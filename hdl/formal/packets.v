// Where an input packet of BEATS beats is, by the beats that are taken: `count` of them came, it is `whole` with its last
// one or `broken` by a `last` too early or missing, and what comes after one that is too long is to `swallow`. `wrong`:
// the last packet was broken, which was too long or too short.
module packets (
    input clk,
    input rst,
    input taken,
    input last,
    output reg [`N-1:0] count,
    output reg swallow,
    output stored,
    output whole,
    output broken,
    output reg wrong,
    output reg was_long,
    output reg was_short
);
    initial {count, swallow, wrong, was_long, was_short} = 0;
    wire at_end = count == `BEATS - 1;
    assign stored = taken & !swallow;
    assign whole = stored & at_end & last;
    assign broken = stored & (at_end ^ last);
    always @(posedge clk) begin
        if (taken) begin
            count <= at_end | last | swallow ? 0 : count + 1;
            swallow <= !last & (swallow | at_end);
        end
        wrong <= broken | (wrong & !whole);
        if (broken) begin
            was_long <= !last;
            was_short <= last;
        end
        if (rst) {count, swallow, wrong, was_long, was_short} <= 0;
    end
endmodule
