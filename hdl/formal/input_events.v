// What the input memory has to do with events: every count of N bits in a full bank is the number of events of its place
// and time step that came in the bank's packet, or 2^N - 1 if there were more, and is read as that; a packet that is
// malformed fills no bank, and nothing is left of it. hdl.formal.input_events proves that it does, for all counts at
// once; spikes are counts of a bit. STEPS, COLUMNS, ROWS and CHANNELS are those of a packet, WORDS of W bits those of a
// bank, A and S bits of an address and of a step's number.
// LAYOUT 0 is [row][column][step] with a count for each channel; 1 is a window's, [row][column] with the steps of each
// channel, the first one highest; 2 is a linear layer's, [step][word] of inputs by channel, row and column.
module proof (
    input clk,
    input rst,
    input [31:0] data,
    input valid,
    input last,
    input [1:0] released,
    input reads,
    input of,
    input [`A-1:0] address,
    output assumed,
    output ok,
    output cover_both_full,
    output cover_beyond,
    output cover_full_behind,
    output cover_after_thrown
);
    localparam BITS = `WORDS * `W;
    wire ready, error;
    wire [`W-1:0] word;
    wire [1:0] full;
    mint_memory memory (
        .clk(clk), .rst(rst), .data(data), .valid(valid), .last(last), .ready(ready), .error(error), .full(full),
        .\release (released), .bank(of), .address(address), .read(reads), .word(word)
    );

    // A full bank is read, where there are words, until it is released.
    reg begun = 0;
    assign assumed = !(released & ~full) & !(reads & (!full[of] | address >= `WORDS));

    // The packet: time steps of it that ended; whether it is malformed, and its rest swallowed; whether the last one was.
    reg [`S-1:0] step = 0;
    reg swallow = 0, wrong = 0;
    wire ends = data[31];
    wire [11:0] x = data[11:0], y = data[23:12];
    wire [6:0] channel = data[30:24];
    wire inside = x < `COLUMNS & y < `ROWS & channel < `CHANNELS;
    wire last_step = step == `STEPS - 1;
    wire taken = valid & ready;
    wire counts = taken & !swallow;
    wire whole = counts & ends & last_step & last;
    wire broken = counts & (ends ? last_step != last : last | !inside);
    wire happens = counts & !ends & !broken;
    wire [31:0] place = y * `COLUMNS + x;
    wire [31:0] number = channel * `ROWS * `COLUMNS + place;
    wire [31:0] bit_ = `LAYOUT == 0 ? (place * `STEPS + step) * `W + channel * `N :
        `LAYOUT == 1 ? place * `W + ((channel + 1) * `STEPS - 1 - step) * `N :
        step * (`WORDS / `STEPS) * `W + number * `N;
    wire [BITS-1:0] event_ = happens ? {{BITS-1{1'b0}}, 1'b1} << bit_ : 0;

    // The banks: which is next, which are full, now or in the next cycle; and what each has to have.
    reg next = 0;
    reg [1:0] holds = 0, fills = 0;
    reg [BITS-1:0] want_0 = 0, want_1 = 0;
    reg looked = 0, beyond = 0, thrown = 0;
    reg [`W-1:0] due;
    wire [BITS-1:0] more_0, more_1;
    counted count_0 (.counts(want_0), .events(next ? 0 : event_), .sum(more_0));
    counted count_1 (.counts(want_1), .events(next ? event_ : 0), .sum(more_1));
    always @(posedge clk) begin
        begun <= begun | rst;
        if (taken) begin
            step <= broken | whole | swallow ? 0 : step + ends;
            swallow <= !last & (swallow | broken);
        end
        wrong <= broken | (wrong & !whole);
        if (whole) next <= !next;
        fills <= whole << next;
        holds <= (holds & ~released) | fills;
        want_0 <= released[0] | (broken & !next) ? 0 : more_0;
        want_1 <= released[1] | (broken & next) ? 0 : more_1;
        looked <= reads;
        due <= (of ? want_1 : want_0) >> address * `W;
        beyond <= beyond | (happens & (next ? more_1 == want_1 : more_0 == want_0));
        thrown <= thrown | (broken & |(next ? want_1 : want_0));
        if (rst) {step, swallow, wrong, next, holds, fills, want_0, want_1, looked, beyond, thrown} <= 0;
    end

    // What the memory's registers hold between the beats: words, events that are to be read, and to be written.
    wire [`S-1:0] unit_step;
    wire unit_swallow, unit_bank;
    wire [1:0] unit_set, unit_filled, clean, setting, again;
    wire [`A-1:0] set_address, place_0, place_1, swept_0, swept_1;
    wire [`I-1:0] set_index, index_0, index_1;
    wire [`W-1:0] written_0, written_1, data_0, data_1;
    wire [BITS-1:0] words_0, words_1;
    wire [BITS-1:0] one = 1;
    wire [BITS-1:0] comes = one << set_address * `W + set_index * `N;
    wire [BITS-1:0] goes_0 = one << place_0 * `W + index_0 * `N, goes_1 = one << place_1 * `W + index_1 * `N;
    wire bank_0, bank_1;
    bank_state state_0 (
        .clean(clean[0]), .full(holds[0]), .fills(fills[0]), .chosen(!next), .set(unit_set[0]), .comes(comes),
        .setting(setting[0]), .goes(goes_0), .place(place_0), .found(again[0] ? written_0 : data_0), .swept(swept_0),
        .words(words_0), .want(want_0), .ok(bank_0)
    );
    bank_state state_1 (
        .clean(clean[1]), .full(holds[1]), .fills(fills[1]), .chosen(next), .set(unit_set[1]), .comes(comes),
        .setting(setting[1]), .goes(goes_1), .place(place_1), .found(again[1] ? written_1 : data_1), .swept(swept_1),
        .words(words_1), .want(want_1), .ok(bank_1)
    );

    wire images = (!full[0] | words_0 == want_0) & (!full[1] | words_1 == want_1) & (!looked | word == due);
    wire takes = ready == (swallow | (clean[next] & !holds[next]));
    wire shows = full == holds & error == wrong;
    wire same = unit_step == step & unit_swallow == swallow & unit_bank == next & unit_filled == fills & step < `STEPS
        & (!swallow | step == 0);
    wire inside_words = !unit_set | (set_address < `WORDS & set_index < `W / `N);
    assign ok = !begun | (images & takes & shows & same & inside_words & bank_0 & bank_1);

    wire runs = begun & !rst;
    assign cover_both_full = runs & full == 3 & valid & !ready;
    assign cover_beyond = runs & |full & beyond;
    assign cover_full_behind = runs & holds[0] & !clean[1] & |want_0 & looked & |word;
    assign cover_after_thrown = runs & whole & thrown & |(next ? want_1 : want_0);
endmodule

// One bank between two beats: what it has to have stands there, but for the events that are under way; or, until it is
// clean, nothing stands in the words that were swept.
module bank_state (
    input clean,
    input full,
    input fills,
    input chosen,
    input set,
    input [`WORDS*`W-1:0] comes,
    input setting,
    input [`WORDS*`W-1:0] goes,
    input [`A-1:0] place,
    input [`W-1:0] found,
    input [`A-1:0] swept,
    input [`WORDS*`W-1:0] words,
    input [`WORDS*`W-1:0] want,
    output ok
);
    wire writes = setting & clean;
    wire [`WORDS*`W-1:0] ones = -1;
    wire [`WORDS*`W-1:0] written, all;
    counted count_goes (.counts(words), .events(writes ? goes : 0), .sum(written));
    counted count_comes (.counts(written), .events(set ? comes : 0), .sum(all));
    wire here = all == want;
    wire swept_clean = want == 0 & swept < `WORDS & (words & ~(ones << swept * `W)) == 0 & !set & (!setting | swept == 0);
    wire reads = !writes | (place < `WORDS & found == ((words >> place * `W) & ((1 << `W) - 1)));
    wire order = (!set | (clean & chosen & !full & !fills)) & (!writes | fills | (chosen & !full))
        & (!fills | (!chosen & !full & clean)) & (!full | (clean & !setting & !set)) & (chosen | full | fills | want == 0);
    assign ok = (clean ? here : swept_clean) & reads & order;
endmodule

// A bank's counts with one more where there is an event, at the lowest bit of its count, up to 2^N - 1.
module counted (
    input [`WORDS*`W-1:0] counts,
    input [`WORDS*`W-1:0] events,
    output [`WORDS*`W-1:0] sum
);
    genvar i;
    generate
        for (i = 0; i < `WORDS * `W; i = i + `N)
            assign sum[i +: `N] = &counts[i +: `N] ? counts[i +: `N] : counts[i +: `N] + events[i];
    endgenerate
endmodule
