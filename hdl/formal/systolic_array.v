// What a systolic array promises at its outputs, and what it promises its own elements and neuron units;
// hdl.formal.systolic_array proves it. C, ROWS, A and W are columns, rows and widths; TOKEN the bits of a control token;
// FROZEN the bits of all registers that an output that is not taken has to keep.
module proof (
    input clk,
    input rst,
    input [`I_PARAMETERS-1:0] i_parameters__payload,
    input i_parameters__valid,
    input [`C*`W-1:0] i_weights__payload,
    input i_weights__valid,
    input [`ROWS+2:0] i_spikes__payload,
    input i_spikes__valid,
`ifdef JOINS
    input [`C-1:0] i_skips__payload,
    input i_skips__valid,
`endif
    input o_spikes__ready,
    input o_sums__ready,
    input [3:0] choice,
    output assumed,
    output ok,
    output cover_both_full,
    output cover_full_then_empty,
    output cover_third_beat,
    output cover_spike_and_none,
    output cover_sums,
    output cover_sums_wait,
    output cover_sums_twice,
    output cover_frozen_input,
    output cover_step_after_freeze,
    output cover_frozen_carry
);
    localparam PARAMETERS = 0, STEP = 1, ROTATE = 2, LAST = 3;
    wire i_parameters__ready, i_weights__ready, i_spikes__ready, o_spikes__valid, o_sums__valid;
    wire [`C-1:0] o_spikes__payload;
    wire [`C*`A-1:0] o_sums__payload;
`ifdef RETIRE
    wire [`RETIRE-1:0] retire;
`else
    wire retire = 0;
`endif
`ifdef JOINS
    wire i_skips__ready;
`else
    wire i_skips__ready = 0;
`endif
    mint_array array (
        .clk(clk), .rst(rst), .i_parameters__payload(i_parameters__payload), .i_parameters__valid(i_parameters__valid),
        .i_parameters__ready(i_parameters__ready), .i_weights__payload(i_weights__payload),
        .i_weights__valid(i_weights__valid), .i_weights__ready(i_weights__ready),
        .i_spikes__payload(i_spikes__payload), .i_spikes__valid(i_spikes__valid), .i_spikes__ready(i_spikes__ready),
`ifdef JOINS
        .i_skips__payload(i_skips__payload), .i_skips__valid(i_skips__valid), .i_skips__ready(i_skips__ready),
`endif
`ifdef RETIRE
        .retire(retire),
`endif
        .o_spikes__payload(o_spikes__payload), .o_spikes__valid(o_spikes__valid), .o_spikes__ready(o_spikes__ready),
        .o_sums__payload(o_sums__payload), .o_sums__valid(o_sums__valid), .o_sums__ready(o_sums__ready)
    );

    // Registers and wires of the array. Token j is what column j does next; that of the outputs is token C.
    wire advance, stepping, second_valid, waits;
    wire [1:0] state;
    wire [2:0] action;
    wire [`CYCLE-1:0] cycle;
    wire [(`C+1)*`TOKEN-1:0] tokens;
    wire [`C-1:0] second_spikes;
    wire [`C-1:0] neuron_spike;
    wire [`C*`A-1:0] neuron_potential;
    wire [`C*`C-1:0] delayed;
    wire [`FROZEN-1:0] state_bits;
    wire [`C-1:0] element_enable, element_preload;
    wire [`C*`W-1:0] element_weight;
    wire [`C*`ROWS-1:0] element_spikes;
    wire [`ROWS*`C*`A-1:0] accumulators;
    wire [`ROWS*`C-1:0] carries;

    wire [`C:0] enable, shift, load, bias, membrane, keep, fire, spikes, sums;
    genvar g;
    generate
        for (g = 0; g <= `C; g = g + 1) begin : stage
            assign {enable[g], shift[g], load[g]}
                = {tokens[g*`TOKEN], tokens[g*`TOKEN+1], tokens[g*`TOKEN+2]};
            assign {bias[g], membrane[g], keep[g], fire[g]} = {
                tokens[g*`TOKEN+4], tokens[g*`TOKEN+5], tokens[g*`TOKEN+6], tokens[g*`TOKEN+7]};
            assign {spikes[g], sums[g]} = {tokens[g*`TOKEN+8], tokens[g*`TOKEN+9]};
        end
    endgenerate

    // Everything holds after a reset, from whatever state, and after any later one.
    assign assumed = 1;
    reg begun = 0;
    always @(posedge clk) if (rst) begun <= 1;

    // A stream's beat stays until it is taken.
    reg spikes_refused = 0, sums_refused = 0;
    reg [`C-1:0] old_spikes;
    reg [`RETIRE_BITS-1:0] old_retire;
    reg [`C*`A-1:0] old_sums;
    always @(posedge clk) begin
        spikes_refused <= begun & !rst & o_spikes__valid & !o_spikes__ready;
        sums_refused <= begun & !rst & o_sums__valid & !o_sums__ready;
        old_spikes <= o_spikes__payload;
        old_retire <= retire;
        old_sums <= o_sums__payload;
    end
    wire spikes_stay = !spikes_refused | (o_spikes__valid & o_spikes__payload == old_spikes & retire == old_retire);
    wire sums_stay = !sums_refused | (o_sums__valid & o_sums__payload == old_sums);

    // An array that is frozen takes nothing and keeps everything; it is frozen only while an output waits.
    wire taken = i_parameters__ready | i_weights__ready | i_spikes__ready | i_skips__ready;
    wire together = (i_spikes__valid & i_spikes__ready) == (i_weights__valid & i_weights__ready);
    reg frozen = 0, outputs_taken = 0;
    reg [`FROZEN-1:0] old_state;
    reg [`ROWS*`C*`A-1:0] values, old_values;
    integer e;
    always @* for (e = 0; e < `ROWS * `C; e = e + 1)
        values[e*`A+:`A] = accumulators[e*`A+:`A] + (carries[e] << `W);
    always @(posedge clk) begin
        frozen <= begun & !rst & !advance;
        outputs_taken <= begun & (rst | (o_spikes__ready & o_sums__ready));
        old_state <= state_bits;
        old_values <= values;
    end
    wire keeps = !frozen | (state_bits == old_state & values == old_values);
    wire freezes = (advance | !taken) & advance == !(second_valid | waits) & (!outputs_taken | advance)
        & (o_spikes__valid | !second_valid);

    // Beat n of o_spikes has result n of every column, for any n: results are counted where a neuron unit has them,
    // beats where they are taken. A result is then in a register of the way out, and knows which beat it will be.
    reg [3:0] n, shown;
    reg [4*`C-1:0] results;
    reg [`C-1:0] result_n;
    reg in_order;
    reg [3:0] ahead;
    integer c, j;
    always @(posedge clk) begin
        if (rst) begin
            n <= choice;
            shown <= 0;
        end else begin
            shown <= shown + (o_spikes__valid & o_spikes__ready);
        end
        for (c = 0; c < `C; c = c + 1) begin
            if (rst) results[4*c+:4] <= 0;
            else if (spikes[c+1] & advance) begin
                results[4*c+:4] <= results[4*c+:4] + 1;
                if (results[4*c+:4] == n) result_n[c] <= neuron_spike[c];
            end
        end
    end
    always @* begin
        in_order = 1;
        for (c = 0; c < `C; c = c + 1) begin
            if (o_spikes__valid & shown == n & o_spikes__payload[c] != result_n[c]) in_order = 0;
            if (second_valid & ((shown + 1) & 15) == n & second_spikes[c] != result_n[c]) in_order = 0;
            ahead = shown + o_spikes__valid + second_valid;
            for (j = `C; j >= c + 2; j = j - 1) begin
                if (spikes[j] & ahead == n & delayed[c*`C+j-c-2] != result_n[c]) in_order = 0;
                ahead = ahead + spikes[j];
            end
            if (results[4*c+:4] != ahead) in_order = 0;
        end
    end

    // A beat of o_sums has the potential that each column had when the row's token passed it, once.
    reg [3:0] rows_out, rows_shown;
    reg [`C*`A-1:0] row_sums;
    reg sums_right;
    integer k, l;
    always @(posedge clk) begin
        rows_out <= rst ? 0 : rows_out + (sums[`C] & advance);
        rows_shown <= rst ? 0 : rows_shown + (o_sums__valid & o_sums__ready);
        for (k = 0; k < `C; k = k + 1)
            if (sums[k+1] & advance) row_sums[k*`A+:`A] <= neuron_potential[k*`A+:`A];
    end
    always @* begin
        sums_right = ((rows_shown + waits) & 15) == rows_out;
        for (k = 0; k < `C; k = k + 1) begin
            for (l = k + 2; l <= `C; l = l + 1)
                if (sums[l] & neuron_potential[k*`A+:`A] != row_sums[k*`A+:`A]) sums_right = 0;
            if (waits & neuron_potential[k*`A+:`A] != row_sums[k*`A+:`A]) sums_right = 0;
            if (o_sums__valid & (k < `C - 1 | waits) & o_sums__payload[k*`A+:`A] != row_sums[k*`A+:`A])
                sums_right = 0;
        end
    end

    // What elements and neuron units are promised.
    reg [`C-1:0] enabled = 0;
    reg promised;
    integer p;
    // Spikes from before a reset pass through the columns once, ahead of the tokens that clear the rings.
    reg [`C:0] clean = 1;
    always @(posedge clk) if (rst) clean <= 1; else if (advance) clean <= {clean[`C-1:0], 1'b1};
    reg [`C-1:0] adds;
    integer q;
    always @*
        for (q = 0; q < `C; q = q + 1)
            adds[q] = element_enable[q] | element_weight[q*`W+:`W] != 0 & element_spikes[q*`ROWS+:`ROWS] != 0;
    always @(posedge clk) enabled <= rst ? 0 : adds;
    always @* begin
        promised = clean[0];
        for (p = 0; p < `C; p = p + 1) begin
            if (clean[p] & adds[p] & !element_enable[p]) promised = 0;
            if (p > 0 & clean[p] & !enable[p] & element_spikes[p*`ROWS+:`ROWS] != 0) promised = 0;
            if (shift[p] & !clean[p+1] | clean[p+1] & !clean[p]) promised = 0;
            if (element_preload[p] & (element_enable[p] | enabled[p])) promised = 0;
            if (bias[p] & membrane[p] | keep[p] & fire[p]) promised = 0;
        end
    end

    // Why: which tokens are under way together, and when.
    reg tokens_apart;
    integer s, t;
    always @* begin
        tokens_apart = !enable[0];
        if (state != ROTATE & state != LAST & shift[0]) tokens_apart = 0;
        for (s = 0; s <= `C; s = s + 1) begin
            if (bias[s] & membrane[s] | keep[s] & fire[s]) tokens_apart = 0;
            if (enable[s] & (shift[s] | s > 0 & shift[s > 0 ? s-1 : 0])) tokens_apart = 0;
            if (s < `C & enabled[s < `C ? s : 0] & shift[s]) tokens_apart = 0;
            if (sums[s]) begin
                for (t = 0; t <= `C; t = t + 1) begin
                    if (t < s & load[t]) tokens_apart = 0;
                    if (t != s & sums[t]) tokens_apart = 0;
                end
                if (s < `C & !(state == ROTATE & action == 6 & cycle == s + 1)) tokens_apart = 0;
                if (s == `C & !(state == ROTATE & action == 6 & cycle == 0 | state == LAST)) tokens_apart = 0;
            end
        end
    end
    wire state_known = stepping == (state == STEP);
    wire cycles_fit = state == PARAMETERS ? cycle < `C
        : state == ROTATE ? cycle <= (action == 5 ? 2 * `STEPS - 2 : action == 6 ? `C : 0) : cycle == 0;

    assign ok = !begun | (spikes_stay & sums_stay & together & keeps & freezes & in_order & sums_right & promised
        & tokens_apart & state_known & cycles_fit);

    // What the proof is about does happen.
    reg was_full = 0, summed = 0, froze = 0;
    always @(posedge clk) begin
        was_full <= begun & !rst & (was_full | (o_spikes__valid & second_valid));
        summed <= begun & !rst & (summed | (o_sums__valid & o_sums__ready));
        froze <= begun & !rst & !advance;
    end
    assign cover_both_full = begun & o_spikes__valid & second_valid;
    assign cover_full_then_empty = was_full & !o_spikes__valid;
    assign cover_third_beat = begun & was_full & shown == 2 & n == 2 & o_spikes__valid;
    assign cover_spike_and_none = begun & o_spikes__valid & o_spikes__payload[0] != o_spikes__payload[`C-1];
    assign cover_sums = begun & o_sums__valid & o_sums__ready & o_sums__payload != 0;
    assign cover_sums_wait = begun & waits & o_sums__payload[`A-1:0] != 0;
    assign cover_sums_twice = summed & waits;
    assign cover_frozen_input = begun & !advance & i_parameters__valid & state == PARAMETERS;
    assign cover_step_after_freeze = froze & i_spikes__valid & i_spikes__ready;
    assign cover_frozen_carry = begun & !advance & carries != 0;
endmodule
