// What the skip unit has to do: hand out every set bit of a word exactly once, the lowest first, and nothing else.
// hdl.formal.skip_unit proves that it does. B and R are the bits of a word and of a row's number.
module proof (
    input clk,
    input rst,
    input [`B+`R+1:0] i__payload,
    input i__valid,
    input o__ready,
    output assumed,
    output ok,
    output cover_full_word,
    output cover_empty_fires,
    output cover_empty_doubles,
    output cover_doubles_and_fires,
    output cover_waits_between_bits,
    output cover_word_after_word
);
    wire i__ready, o__valid;
    wire [`R+2:0] o__payload;
    mint_skip unit (
        .clk(clk), .rst(rst), .i__payload(i__payload), .i__valid(i__valid), .i__ready(i__ready),
        .o__payload(o__payload), .o__valid(o__valid), .o__ready(o__ready)
    );
    wire [`R-1:0] row = o__payload[`R-1:0];
    wire empty = o__payload[`R], double = o__payload[`R+1], fire = o__payload[`R+2];
    wire [`B-1:0] in_bits = i__payload[`B-1:0];
    wire in_double = i__payload[`B+`R], in_fire = i__payload[`B+`R+1];

    // A word without a set bit is marked.
    assign assumed = !i__valid | in_bits != 0 | in_double | in_fire;

    // The word that was taken, and from which bit on it has not been handed out; whether the one before it doubles.
    reg begun = 0, there = 0, doubling = 0;
    reg [`B-1:0] bits;
    reg [`R-1:0] base;
    reg marked_double, marked_fire;
    reg [7:0] from = 0;
    reg [7:0] next, after;
    integer i;
    always @* begin
        next = `B;  // the lowest set bit that has not been handed out, and the one after it
        after = `B;
        for (i = `B - 1; i >= 0; i = i - 1) if (bits[i] & i >= from) begin
            after = next;
            next = i;
        end
    end
    wire none = bits == 0;
    wire last = none | after == `B;
    wire taken = o__valid & o__ready;
    always @(posedge clk) begin
        begun <= begun | rst;
        if (taken) begin
            from <= next + 1;
            doubling <= last & marked_double;
            if (last) there <= 0;
        end
        if (i__valid & i__ready) begin
            there <= 1;
            from <= 0;
            bits <= in_bits;
            base <= i__payload[`B+:`R];
            marked_double <= in_double;
            marked_fire <= in_fire;
        end
        if (rst) begin
            there <= 0;
            doubling <= 0;
        end
    end

    // A token that is not taken stays.
    reg refused = 0;
    reg [`R+2:0] old;
    always @(posedge clk) begin
        refused <= begun & !rst & o__valid & !o__ready;
        old <= o__payload;
    end
    wire stays = !refused | (o__valid & o__payload == old);

    wire [`R-1:0] place = base + next;
    wire right = empty == none & (none | row == place) & double == doubling & fire == (last & marked_fire);
    wire takes = i__ready == (!there | (o__ready & last));

    // The unit's registers, where the proof has to begin.
    wire [`B+`R+1:0] word;
    wire unit_doubling;
    wire [`B-1:0] unit_bits = word[`B-1:0];
    wire same = unit_doubling == doubling
        & (!there | (unit_bits == (bits & ~((1 << from) - 1)) & word[`B+:`R] == base
            & word[`B+`R] == marked_double & word[`B+`R+1] == marked_fire
            & from <= `B & (none ? from == 0 : next != `B)));
    assign ok = !begun | (o__valid == there & (!there | right) & takes & stays & same);

    // What the proof is about does happen.
    reg [7:0] tokens = 0;
    reg ended = 0, waited = 0;
    always @(posedge clk) if (begun & !rst) begin
        tokens <= taken ? (last ? 0 : tokens + 1) : tokens;
        ended <= taken & last & i__valid;
        waited <= refused & from != 0 & !none;
    end
    assign cover_full_word = begun & !rst & taken & last & tokens == `B - 1;
    assign cover_empty_fires = begun & !rst & taken & empty & fire;
    assign cover_empty_doubles = begun & !rst & taken & empty & double;
    assign cover_doubles_and_fires = begun & !rst & taken & double & fire & !empty;
    assign cover_waits_between_bits = begun & !rst & waited & taken & !last;
    assign cover_word_after_word = begun & !rst & ended & taken & !last;
endmodule
