// What the word feeder has to do, whatever the words are: hand on one word that fires for every hand-over of the layer,
// none after the last one; where sources join, one for all of them, which take turns. hdl.formal.word_feeder proves it.
// Layer l has GROUPS, ROWS, COLUMNS and STEPS as byte l of these numbers, and byte l of LAST is the number of its last
// source. D, I and L are bits of a word, item and layer, FIRE is an item's bit, C the width of a loop's counter.
module proof (
    input clk,
    input rst,
    input [`L-1:0] layer,
    input start,
    input [`D-1:0] data,
    input ready,
    output assumed,
    output ok,
    output cover_waits,
    output cover_joined_fires,
    output cover_done
);
    wire [`I-1:0] item;
    wire valid, done;
    mint_feeder feeder (
        .clk(clk), .rst(rst), .layer(layer), .start(start), .data(data), .o__ready(ready),
        .o__valid(valid), .o__payload(item), .done(done)
    );
    // Registers of the feeder: its loops, those of the second source, and whose turn it is.
    wire [`C-1:0] main_group, main_row, main_column, main_round, joined_group, joined_row, joined_column, joined_round;
    wire turn, running, fetched, fetched_fire, held;

    // A layer stays until all of it was handed on.
    reg begun = 0, started = 0;
    reg [`L-1:0] own;
    wire busy = running | fetched | held;
    assign assumed = !busy | (!start & layer == own);

    reg [7:0] fired = 0;
    reg fires_last = 0, waits = 0;
    reg [`I-1:0] refused;
    wire taken = valid & ready;
    always @(posedge clk) begin
        begun <= begun | rst;
        if (start) begin
            own <= layer;
            started <= 1;
            fired <= 0;
        end else if (taken) begin
            fired <= fired + item[`FIRE];
            fires_last <= item[`FIRE];
        end
        waits <= valid & !ready;
        refused <= item;
        if (rst) begin
            started <= 0;
            waits <= 0;
        end
    end

    wire [31:0] all_groups = `GROUPS, all_rows = `ROWS, all_columns = `COLUMNS, all_steps = `STEPS, all_last = `LAST;
    wire [7:0] groups = all_groups >> 8 * own, rows = all_rows >> 8 * own, columns = all_columns >> 8 * own;
    wire [7:0] steps = all_steps >> 8 * own, last = all_last >> 8 * own;
    wire [7:0] hand_overs = groups * rows * columns * steps;
    wire [7:0] of_main = ((main_group * rows + main_row) * columns + main_column) * steps + (steps == 1 ? 0 : main_round);
    wire [7:0] of_joined = ((joined_group * rows + joined_row) * columns + joined_column) * steps + joined_round;
    wire [7:0] made = last ? of_joined : of_main;

    // The words that fire are as many as the hand-overs of the loops; the last word of all is one of them.
    wire [7:0] to_come = (running ? hand_overs - made : 0) + (fetched & fetched_fire) + (held & item[`FIRE]);
    wire agree = !started | fired + to_come == hand_overs;
    wire ends = running | (fetched ? fetched_fire : held ? item[`FIRE] : !started | (fires_last & fired == hand_overs));
    wire stays = !waits | (valid & item == refused);
    wire shows = done == !busy & (!busy | started) & (!valid | held);

    // Loops are within their bounds; the second source's follow the first one's, which goes on when it has had its turn.
    wire in_loops = main_group < groups & main_row < rows & main_column < columns
        & (own == `LAYERS - 1 | main_round < steps);
    wire joined_in_loops = joined_group < groups & joined_row < rows & joined_column < columns & joined_round < steps;
    wire follows = turn ? of_main == (of_joined + 1 == hand_overs ? 0 : of_joined + 1) : of_main == of_joined;
    wire turns = turn <= last & (running | !turn);
    assign ok = !begun | (agree & ends & stays & shows & turns
        & (!running | (in_loops & (last == 0 | (joined_in_loops & follows)))));

    wire runs = begun & !rst;
    assign cover_waits = runs & waits & !taken & valid;
    assign cover_joined_fires = runs & taken & last == 1 & item[`FIRE];
    assign cover_done = runs & started & done;
endmodule
