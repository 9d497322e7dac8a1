// What the result stream has to do: every logit once, in order, then the class, which is the lowest index of the greatest
// logit; a beat stays until it is taken. hdl.formal.result_stream proves that it does. L and GROUPS are lanes and groups
// of the last layer, CLASSES its channels, A the bits of a logit, I those of a class, SHARE the lanes of a neuron unit.
module proof (
    input clk,
    input rst,
    input [`L*`A-1:0] potentials,  // of all lanes, unit after unit
    input update,
    input complete,
    input ready,
    output assumed,
    output ok,
    output cover_waits,
    output cover_tie,
    output cover_later_wins,
    output cover_negative,
    output cover_second_image
);
    reg [`S-1:0] next_lane = 0;
    localparam UNITS = `L / `SHARE;
    wire [31:0] data;
    wire valid, last, busy;
    wire [UNITS*`A-1:0] shown;
    genvar g;
    generate for (g = 0; g < UNITS; g = g + 1) begin : unit
        assign shown[g*`A+:`A] = potentials[(g*`SHARE+lane)*`A+:`A];
    end endgenerate
    wire [`S-1:0] lane = next_lane;
    mint_results results (
        .clk(clk), .rst(rst), .update(update), .complete(complete), .ready(ready),
`POTENTIALS
        .data(data), .valid(valid), .last(last), .busy(busy)
    );

    // Lanes of a unit come one after another, and none while the results are busy.
    reg begun = 0;
    reg [`G-1:0] next_group = 0;
    wire last_lane = next_lane == `SHARE - 1;
    wire last_group = next_group == `GROUPS - 1;
    assign assumed = !update | (!busy & complete == last_lane);

    // The logits of the group that are there, how many went out of it and of all, and the best of them.
    reg [`L*`A-1:0] logits;
    reg [7:0] left = 0, sent = 0;
    reg finishing = 0;
    reg signed [`A-1:0] best;
    reg [7:0] winner;
    wire signed [`A-1:0] logit = logits[`A-1:0];
    wire [7:0] size = last_group ? `CLASSES - (`GROUPS - 1) * `L : `L;
    wire taken = valid & ready;
    integer i;
    always @(posedge clk) begin
        begun <= begun | rst;
        if (update) begin
            for (i = 0; i < `L; i = i + 1) if (i % `SHARE == lane) logits[i*`A+:`A] <= potentials[i*`A+:`A];
            next_lane <= last_lane ? 0 : next_lane + 1;
            if (complete) begin
                left <= size;
                next_group <= last_group ? 0 : next_group + 1;
            end
        end
        if (taken & !finishing) begin
            logits <= logits >> `A;
            left <= left - 1;
            sent <= sent + 1;
            finishing <= sent == `CLASSES - 1;
            if (sent == 0 | logit > best) begin
                best <= logit;
                winner <= sent;
            end
        end
        if (taken & finishing) begin
            finishing <= 0;
            sent <= 0;
        end
        if (rst) begin
            left <= 0;
            sent <= 0;
            finishing <= 0;
            next_group <= 0;
            next_lane <= 0;
        end
    end

    reg refused = 0;
    reg [32:0] old;
    always @(posedge clk) begin
        refused <= begun & !rst & valid & !ready;
        old <= {last, data};
    end
    wire stays = !refused | (valid & {last, data} == old);
    wire [31:0] wanted = finishing ? winner : {{32-`A{logit[`A-1]}}, logit};
    wire offers = valid == (left != 0 | finishing) & busy == valid & last == finishing;

    // Between the groups, which logits have gone out; and the registers of the results, where the proof has to begin.
    wire [`STORED*`A-1:0] unit_logits;
    wire [`I-1:0] unit_sent, unit_winner;
    wire [`A-1:0] unit_best;
    wire [`G-1:0] unit_group;
    wire unit_last_group;
    wire [`N-1:0] unit_left;
    wire [7:0] groups_before = left != 0 | finishing ? (next_group == 0 ? `GROUPS - 1 : next_group - 1) : next_group;
    wire [7:0] group_size = groups_before == `GROUPS - 1 ? `CLASSES - (`GROUPS - 1) * `L : `L;
    wire counts = next_group < `GROUPS & unit_group == next_group & next_lane < `SHARE & (!valid | next_lane == 0) & unit_left == left
        & (finishing ? left == 0 & sent == `CLASSES & next_group == 0
           : left != 0 ? left <= group_size & sent == groups_before * `L + group_size - left
           : sent == groups_before * `L) & (left == 0 | unit_last_group == (groups_before == `GROUPS - 1));
    reg held;  // what has been handed over and has not gone out
    integer k;
    always @* begin
        held = 1;
        for (k = 0; k < `STORED; k = k + 1) if (left != 0 ? k < left : k % `SHARE < next_lane)
            held = held & unit_logits[(left != 0 ? k : k + `SHARE - next_lane)*`A+:`A] == logits[k*`A+:`A];
    end
    wire same = unit_sent == sent[`I-1:0] & (sent == 0 | (unit_best == best
        & unit_winner == winner[`I-1:0] & winner < sent));
    assign ok = !begun | (offers & (!valid | data == wanted) & stays & counts & held & same);

    reg seen = 0, waited = 0;
    always @(posedge clk) if (begun & !rst) begin
        seen <= seen | (taken & last);
        waited <= refused;
    end
    wire goes = begun & !rst & taken;
    assign cover_waits = goes & waited;
    assign cover_tie = goes & !finishing & sent != 0 & logit == best;
    assign cover_later_wins = goes & last & winner == `CLASSES - 1;
    assign cover_negative = goes & last & best < 0;
    assign cover_second_image = goes & last & seen;
endmodule
