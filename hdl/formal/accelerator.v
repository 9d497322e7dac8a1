// What holds between the accelerator's parts; hdl.formal.accelerator proves it. ROW is the width of a token's row, MASK its
// rows of lanes, TIMES the time steps that a hand-over of the first layer has, TILE its words of spikes, SHARE the lanes
// of a neuron unit. Layer l hands over for each of its GROUPS, ROWS and COLUMNS of tiles, and STEPS, which are byte l of
// these numbers, as are the number of its LAST_SOURCE, the spike memories that it reads FROM_0 and FROM_1 and WRITES, and the
// one whose port its identity shortcut takes (SKIPS; 15: none). KERNEL are the window's columns, STRIDE those to the next
// tile's, EACH the words of a window that fire. L and C are the widths of a layer's number and of a loop's counter.
module proof (
    input clk,
    input rst,
    input [`IN-1:0] s_axis_tdata,
    input s_axis_tvalid,
    input s_axis_tlast,
    input m_axis_tready,
    output assumed,
    output ok,
    output cover_starts,
    output cover_fire_after_fire,
    output cover_token_waits,
    output cover_read_and_write,
    output cover_joins,
    output cover_done
);
    wire m_axis_tvalid, s_axis_tready;
    mint_accelerator top (
        .clk(clk), .rst(rst), .s_axis_tdata(s_axis_tdata), .s_axis_tvalid(s_axis_tvalid), .s_axis_tlast(s_axis_tlast),
        .m_axis_tready(m_axis_tready), .m_axis_tvalid(m_axis_tvalid), .s_axis_tready(s_axis_tready)
    );
    // Registers and wires of the accelerator.
    wire [`L-1:0] layer;
    wire frame, running, start, done, reading, writer_bank, writing, reserved;
    wire [1:0] full;
    wire late, late_bank;  // a part of a word is written, a cycle after it came
    wire [1:0] bits, late_bits, filled;  // an event's bit is read, is written; the bank is full in the next cycle
    wire [`WAIT-1:0] wait_;
    wire [2:0] valid;
    localparam TOKEN = `ROW + 3 + `MASK;
    wire [3*TOKEN-1:0] tokens;
    wire part;
    wire waiting, pausing, complete, final_, storing, update;
    wire [`STEP-1:0] step;
    wire [`INDEX-1:0] index;
    wire skip_valid, feeder_running, feeder_fetched, feeder_valid, feeder_read;
    wire window_running, window_valid, window_complete, window_emitting, window_read;
    wire [3:0] level;

    // Where the loops of word feeder, window and sequencer are, and what is marked to fire.
    wire [`C-1:0] fed_group, fed_row, fed_column, fed_round, fired_group, fired_row, fired_column, fired_step;
    wire [`C-1:0] joined_group, joined_row, joined_column, joined_round, memory;
    wire [`C-1:0] window_group, window_row, window_column, window_until, window_plane;
    wire turn, feeder_fire, fetched_fire, fetched_whole, window_bottom, window_ends_row, pushed, pushed_fire, skip_fire;
    wire [7:0] queue;
    wire [2:0] consume, produce;

    reg begun = 0;
    always @(posedge clk) begun <= begun | rst;
    assign assumed = 1;

    wire feeder_busy = feeder_running | feeder_fetched | feeder_valid;
    wire window_busy = window_running | window_valid | window_complete | window_emitting;
    wire flying = feeder_busy | window_busy | level != 0 | skip_valid | valid != 0 | waiting | complete;

    wire [2:0] fires = valid & {tokens[2*TOKEN+`ROW+2], tokens[TOKEN+`ROW+2], tokens[`ROW+2]};

    // A feeder fires as often as the sequencer counts hand-overs: those that are to come, by the sequencer's loops, are
    // those that are to be made, by the feeder's loops, and those on their way.
    wire later = layer != 0, last = layer == `LAST;
    localparam [31:0] GROUPS = `GROUPS, ROWS = `ROWS, COLUMNS = `COLUMNS, STEPS = `STEPS, LAST_SOURCE = `LAST_SOURCE;
    localparam [31:0] FROM_0 = `FROM_0, FROM_1 = `FROM_1, WRITES = `WRITES, SKIPS = `SKIPS;
    wire [7:0] groups = GROUPS >> 8 * layer, rows = ROWS >> 8 * layer, columns = COLUMNS >> 8 * layer;
    wire [7:0] steps = STEPS >> 8 * layer, last_source = LAST_SOURCE >> 8 * layer, hand_overs = groups * rows * columns * steps;
    wire [7:0] fired = ((fired_group * rows + fired_row) * columns + fired_column) * steps + (steps == 1 ? 0 : fired_step);
    wire [7:0] of_main = ((fed_group * rows + fed_row) * columns + fed_column) * steps + (steps == 1 ? 0 : fed_round);
    wire [7:0] of_joined = ((joined_group * rows + joined_row) * columns + joined_column) * steps + joined_round;
    wire [7:0] fed = last_source ? of_joined : of_main;
    wire [7:0] windows = (window_group * ROWS[7:0] + window_row) * COLUMNS[7:0]
        + (window_column < `KERNEL ? 0 : 1 + (window_column - `KERNEL) / `STRIDE);
    wire over = final_ | done;  // the sequencer's loops are at their beginning again
    wire [7:0] to_come = running & !over ? hand_overs - fired - waiting : 0;
    wire [7:0] of_feeder = (feeder_running ? hand_overs - fed : 0)
        + (feeder_fetched & fetched_fire) + (feeder_valid & feeder_fire);
    wire [7:0] of_window = (window_running ? hand_overs - `EACH * windows : 0)
        + `EACH * ((window_valid & window_bottom & window_until == 0) + window_complete)
        + (window_emitting ? window_plane + 1 : 0);
    wire [15:0] from_oldest = {queue, queue} >> consume;
    wire [7:0] queued = from_oldest[7:0] & ~(8'hff << level);
    integer k;
    reg [7:0] under_way;
    always @* begin
        under_way = (skip_valid & skip_fire) + fires[0] + fires[1] + fires[2];
        for (k = 0; k < 8; k = k + 1) under_way = under_way + queued[k];
    end
    wire agree = !running | (to_come == of_feeder + of_window + under_way & !(over & waiting));

    // That the loops are within their bounds, and the window `window_until` columns before its next place.
    wire in_loops = (!running | over
        | (fired_group < groups & fired_row < rows & fired_column < columns & fired_step < steps * (later ? 1 : `TIMES)))
        & (!window_emitting | window_plane < `EACH)
        & (!feeder_running | (fed_group < groups & fed_row < rows & fed_column < columns & (last | fed_round < steps)))
        & (!feeder_fetched | !fetched_fire | fetched_whole);
    wire [7:0] until_next = !(window_valid & window_bottom) ? window_until
        : window_ends_row ? `KERNEL - 1 : window_until == 0 ? `STRIDE - 1 : window_until - 1;
    wire slides = !`WINDOW | (window_running
        ? window_group < GROUPS[7:0] & window_row < ROWS[7:0] & window_column < (COLUMNS[7:0] - 1) * `STRIDE + `KERNEL
            & until_next == (window_column < `KERNEL ? `KERNEL - 1 - window_column
                : `STRIDE - 1 - (window_column - `KERNEL) % `STRIDE)
        : window_valid ? window_bottom & window_ends_row & window_until == 0 : window_until == `KERNEL - 1);

    // Where sources join, the loops of the second one follow those of the first one, which goes on when it has had its turn.
    wire follows = turn ? of_main == (of_joined + 1 == hand_overs ? 0 : of_joined + 1) : of_main == of_joined;
    wire takes_turns = turn <= last_source & (feeder_running | !turn) & (!feeder_running | last_source == 0 | (follows
        & joined_group < groups & joined_row < rows & joined_column < columns & joined_round < steps));

    // The last word of a layer fires, so that nothing comes after it: what a stage has last, when nothing is before it.
    reg tail;  // of the queue, whether that is still in it or not
    always @(posedge clk) if (pushed) tail <= pushed_fire;
    wire [2:0] newest = produce - 1;
    wire ends = (feeder_running | (feeder_fetched ? fetched_fire : !feeder_valid | feeder_fire))
        & (!running | feeder_busy | window_busy | tail)
        & level <= 8 & level[2:0] == (produce - consume) % 8
        & (level != 0 ? queue[newest] == tail : skip_valid ? skip_fire == tail
            : !tail | (valid[0] ? fires[0] : valid[1] ? fires[1] : !valid[2] | fires[2]));

    // A layer starts only when nothing is under way, and the number of the layer stays until everything is through.
    reg [`L-1:0] started = 0;
    always @(posedge clk) if (start) started <= layer;
    wire idle = !flying & !final_ & !done & !storing & !pausing;
    wire layers = (running | idle) & (!running | layer == started) & (!final_ | complete)
        & (!feeder_busy | later | !`WINDOW) & (!window_busy | !later);

    // A hand-over meets neuron units that are through with the one before; lanes that share a unit stand still meanwhile.
    wire [7:0] times = later ? 1 : `TIMES;
    wire [7:0] interval = `SHARE == 1 ? 2 * times : `SHARE * times + 1;  // two positions take two cycles as well
    wire [7:0] place = later | `TIMES == 1 ? 0 : step;  // the time step of the hand-over
    wire tiled = `TILE > 1 & !later;
    wire [7:0] left = `SHARE != 1 ? (times - place) * `SHARE - index
        : 2 * (times - 1 - place) + (tiled ? 2 - part : 1 + pausing);
    wire [2:0] bound = `SHARE == 1 ? fires : valid;  // what has to keep its distance
    integer i, j;
    reg apart;
    always @* begin
        apart = 1;
        for (i = 0; i < 3; i = i + 1) begin
            if (bound[i] & waiting & left > 2 - i + tiled) apart = 0;
            if (fires[i] & wait_ + 1 + i < interval) apart = 0;
            for (j = i + 1; j < 3; j = j + 1) if (bound[i] & fires[j] & j - i < interval) apart = 0;
        end
    end
    wire phases = (!running | place < times & (waiting ? left <= wait_ + 3 + tiled & (!pausing | (`SHARE == 1 & !later & !tiled & place != 0))
        : place == 0 & !pausing)) & (waiting ? index < `SHARE : index == 0) & (tiled & waiting | !part | !running);
    // The last of a tile's positions does not need the sums any more.
    wire units_free = !(bound[2] & waiting & !(tiled & part & left == 1));

    // Logits come only when those before are out; streaming, only the last of two frames has logits.
    wire emits = last & frame;
    wire [2:0] count = fires[0] + fires[1] + fires[2] + waiting + complete;
    wire results = (!reserved | (emits & !m_axis_tvalid & count != 0)) & (!emits | (count == 0 ? 1 : reserved & count == 1))
        & !(update & m_axis_tvalid) & (!(complete & emits) | update) & (!update | emits & (waiting | complete));

    // The input memory is read in a full bank and written in another; a spike memory is read for one layer and written
    // for the next, which are never at work together. What a layer reads is what its source wrote, and not what it writes;
    // its identity shortcut has the memory's port to itself.
    wire reads = `WINDOW ? window_read : feeder_read & !later;
    wire banks = (!running | later | full[reading]) & !(writing & full[writer_bank])
        & !(reads & writing & reading == writer_bank) & !(reads & late & reading == late_bank)
        & !(reads & (bits[reading] | late_bits[reading])) & (bits & full) == 0 & (late_bits & full) == 0
        & (bits == 0 | (bits == 1 << writer_bank & !filled[writer_bank]))
        & (filled == 0 | (filled == 1 << !writer_bank & !full[!writer_bank]));
    wire [7:0] from = (turn ? FROM_1 : FROM_0) >> 8 * layer, own = WRITES >> 8 * layer, skipped = SKIPS >> 8 * layer;
    wire arbitration = (!(feeder_read | window_read | storing | complete) | (running & layer == started))
        & (!(feeder_read & later) | (memory == from & memory != own & memory != skipped));
    assign ok = !begun | (layers & apart & phases & units_free & results & banks & arbitration & agree
        & in_loops & takes_turns & slides & ends & !((start | done) & flying));

    wire now = begun & !rst;
    assign cover_starts = now & start;
    assign cover_fire_after_fire = now & fires[2] & fires[0];
    assign cover_token_waits = now & skip_valid & wait_ != 0 & waiting;
    assign cover_read_and_write = now & reads & (writing | (|bits));
    assign cover_joins = now & feeder_read & turn;
    assign cover_done = now & done;
endmodule
