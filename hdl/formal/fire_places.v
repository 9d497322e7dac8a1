// Which neuron fires when, with which row of parameters, and where its spikes and its shortcut's are, in nested loops and
// multiplied addresses; hdl.formal.fire_places proves that the sequencer says so. S lanes share a unit; numbers of a
// layer are expressions of `own`.
module proof (
    input clk,
    input rst,
    input [`L-1:0] layer,
    input start,
    input fire,
    output assumed,
    output ok,
    output cover_merges,
    output cover_drops,
    output cover_second_group,
    output cover_second_step,
    output cover_shortcut,
    output cover_last_layer
);
    wire done, complete, spiking, merge, store, skip_read;
    wire [3:0] neuron;
    wire [`X-1:0] index, update_index;
    wire [`PARAMETER-1:0] parameter_address;
    wire time_step;
    wire [`ADDRESS-1:0] address, skip_address;
    mint_sequencer sequencer (
        .clk(clk), .rst(rst), .layer(layer), .start(start), .fire(fire), .done(done), .neuron(neuron),
`ifdef SHARED
        .index(index), .update_index(update_index),
`endif
        .parameter_address(parameter_address), .time_step(time_step), .complete(complete), .spiking(spiking),
        .address(address), .merge(merge), .store(store), .skip_address(skip_address), .skip_read(skip_read)
    );
    wire potential = neuron[0], first = neuron[1], keep = neuron[2], update = neuron[3];
`ifndef SHARED
    assign index = 0;
    assign update_index = 0;
`endif

    // Where the loops are: the lane, time step, position and group whose potential is next; how many a hand-over has left.
    reg begun = 0, there = 0, pausing = 0, late = 0, over = 0;
    reg [`L-1:0] own = 0;
    reg [3:0] g, y, x, t, k = 0;
    reg [7:0] left = 0;
    wire [3:0] groups = `GROUPS, rows = `ROWS, columns = `COLUMNS, steps = `STEPS, pool = `POOL;
    wire spikes = `SPIKES, together = `TOGETHER;
    wire due = left != 0 & !pausing;
    wire end_k = k + 1 == `S, end_t = end_k & t + 1 == steps, end_x = end_t & x + 1 == columns,
        end_y = end_x & y + 1 == rows, end_g = end_y & g + 1 == groups;

    // A layer stays until it is done; a hand-over comes when the units are through with the one before.
    wire busy = there | late | over;
    assign assumed = layer < `LAYERS & (!busy | layer == own) & !(start & busy) & (!fire | (there & left == 0 & !fresh));
    reg fresh = 0;  // the cycle after the start, in which the first parameters are read

    wire [3:0] pooled_row = pool == 2 ? y >> 1 : y, pooled_column = pool == 2 ? x >> 1 : x;
    wire [3:0] stored_rows = pool == 2 ? rows >> 1 : rows, stored_columns = pool == 2 ? columns >> 1 : columns;
    wire [7:0] row_base = pooled_row * stored_columns * steps * groups + g;
    wire [7:0] column_base = row_base + pooled_column * steps * groups, place = column_base + t * groups;
    wire [7:0] numbers = `FIRST + g * `S + k;
    wire [7:0] shortcut = ((y * columns + x) * steps + t) * groups + g;

    // What belongs to the spikes, a cycle after their potential.
    reg was = 0, was_last, was_stored, was_merged, was_final;
    reg [3:0] was_lane, was_step;
    reg [7:0] was_place, read_parameter, read_shortcut;
    always @(posedge clk) begin
        begun <= begun | rst;
        fresh <= start;
        read_parameter <= parameter_address;
        if (skip_read) read_shortcut <= skip_address;
        if (fire) left <= together ? steps * `S : `S;
        else if (due) left <= left - 1;
        pausing <= `S == 1 & due & left != 1;
        if (due) begin
            k <= end_k ? 0 : k + 1;
            if (end_k) t <= end_t ? 0 : t + 1;
            if (end_t) x <= end_x ? 0 : x + 1;
            if (end_x) y <= end_y ? 0 : y + 1;
            if (end_y) g <= end_g ? 0 : g + 1;
            if (end_g) there <= 0;
        end
        late <= due & end_g;
        over <= late;
        was <= due;
        {was_last, was_final, was_lane, was_step, was_place} <= {end_k, end_g, k, t, place};
        was_stored <= pooled_row < stored_rows & pooled_column < stored_columns;
        was_merged <= pool == 2 & (y[0] | x[0]);
        if (start) begin
            own <= layer;
            there <= 1;
            {g, y, x, t, k} <= 0;
        end
        if (rst) begin
            {there, fresh, pausing, late, over, was} <= 0;
            left <= 0;
            k <= 0;
        end
    end

    wire fires = potential == due & (!due | (first == (t == 0 | !spikes) & keep == (left > `S)
        & (`S == 1 | index == k) & read_parameter[`PARAMETER-1:0] == numbers[`PARAMETER-1:0]
        & (!`SKIPS | k != 0 | read_shortcut[`ADDRESS-1:0] == shortcut[`ADDRESS-1:0])));
    wire shows = update == was & done == over & complete == (was & was_last) & (!was | (time_step == was_step
        & (`S == 1 | update_index == was_lane))) & (!busy | spiking == spikes);
    wire stores = !(was & was_last & spikes) | (store == was_stored & merge == was_merged
        & (!was_stored | address == was_place[`ADDRESS-1:0]));

    // The sequencer's registers, where the proof has to begin.
    wire waiting, unit_pausing, unit_final;
    wire [`ADDRESS-1:0] unit_row_base, unit_column_base, unit_place;
    wire [3:0] unit_row, unit_column;
    wire unit_within_row, unit_within_column;
    wire [3:0] nest_group = g, nest_row = y, nest_column = x, nest_step = t, nest_part = 0;
`POSITIONS
    wire at = !there | (nest_agrees & unit_row_base == row_base[`ADDRESS-1:0] & unit_column_base == column_base[`ADDRESS-1:0]
        & unit_place == place[`ADDRESS-1:0] & unit_row == pooled_row & unit_column == pooled_column
        & unit_within_row == (pool == 2 & y[0]) & unit_within_column == (pool == 2 & x[0]));
    wire bounded = (there ? g < groups & y < rows & x < columns & t < steps : left == 0) & k < `S
        & (left == 0 ? k == 0 & (t == 0 | !together | !there) & !pausing : left == (together ? (steps - t) * `S - k : `S - k))
        & (!pausing | (k == 0 & `S == 1 & t != 0 & was)) & (!fresh | (there & left == 0 & k == 0 & t == 0 & x == 0 & y == 0 & g == 0))
        & (there | k == 0) & (!(late | over) | !there) & !(late & over) & late == (was & was_final);
    // Between two hand-overs the next parameters and the next shortcut are there.
    wire moved = fresh | (was & was_last);
    wire reads = !there | ((fresh | (left == 0 & was) | read_parameter[`PARAMETER-1:0] == numbers[`PARAMETER-1:0])
        & skip_read == moved & (!`SKIPS | k != 0 | moved | read_shortcut[`ADDRESS-1:0] == shortcut[`ADDRESS-1:0]));
    wire [`X-1:0] unit_index;
    wire same = waiting == (left != 0) & (`S != 1 | unit_pausing == pausing) & (`S == 1 | unit_index == k) & unit_final == late;
    assign ok = own < `LAYERS & (!begun | (fires & shows & stores & at & bounded & reads & same));

    wire runs = begun & !rst & was & was_last & spikes;
    assign cover_merges = runs & was_merged & was_stored;
    assign cover_drops = runs & !was_stored;
    assign cover_second_group = runs & was_place % 2 == 1 & store;
    assign cover_second_step = runs & was_step == 1;
    assign cover_shortcut = begun & !rst & due & `SKIPS & shortcut > 3;
    assign cover_last_layer = begun & !rst & done & !spikes;
endmodule
