// What lanes and their neuron units have to do, in plain signed arithmetic; hdl.formal.lanes proves that they do it.
// UNITS units have S lanes each; W, U and A are the bits of weight, state and accumulator, L those of a lane's register,
// P those of a unit's parameters. SIGNLESS lanes add 0 and 1 where there is an input, and stand for twice that less inputs.
// A unit has WORDS states, that of a lane or STREAMING that of a hand-over's lane: layer l has SIZES of them, as byte l
// of this number, from BASES on, and the last layer adds its potentials up instead, for CARRIED lanes. With TOTALS it has
// states as well, and beside them what is read out is added up: spikes if COUNTS, else potentials. If PASTS, each lane has
// the sums of PAST time steps before. In layer l a unit goes
// on with the state of the one that is byte l of DISTANCES before it.
module proof (
    input clk,
    input rst,
    input [1:0] layer,
    input start,
    input clear,
    input enable,
    input double,
    input fire,
`ifdef SIGNLESS
    input present,
`endif
    input [`UNITS*`S*`W-1:0] weights,
    input due,
    input first,
    input keep,
    input [`X-1:0] index,
    input [`UNITS*`P-1:0] parameters,
    input [`UNITS*`S-1:0] shortcuts,
    output assumed,
    output ok,
    output cover_doubles,
    output cover_spikes,
    output cover_ties,
    output cover_saturates_high,
    output cover_saturates_low,
    output cover_goes_on,
    output cover_shortcut,
    output cover_keeps,
    output cover_carries
);
    reg was = 0;  // the unit's second stage, a cycle after the first one
    wire [`UNITS*`A-1:0] potentials;
    wire [`UNITS-1:0] fired;
    wire [`UNITS*`U-1:0] membranes;
    wire [`UNITS*`S-1:0] spikes;
    wire [`UNITS*`A-1:0] totals;
    mint_lanes lanes (
        .clk(clk), .rst(rst), .layer(layer), .clear(clear), .weights(weights),
`ifdef SIGNLESS
        .step({present, fire, double, enable}),
`else
        .step({fire, double, enable}),
`endif
        .neuron({was, keep, first, due}), .parameters(parameters),
`ifdef SHARED
        .index(index),
`endif
`ifdef SKIPS
        .shortcuts(shortcuts),
`endif
`ifdef STREAMING
        .start(start),
`endif
`ifdef TOTALS
        .totals(totals),
`endif
        .potentials(potentials), .fired(fired), .membranes(membranes), .spikes(spikes)
    );
    // Registers of lanes and units, and words of their memories: the first lane, unit or word in the lowest bits;
    // of a word, all units.
    wire [`UNITS*`S*`L-1:0] unit_sums;
    wire [`A-1:0] unit_inputs;
    wire [`UNITS*`A-1:0] unit_handed;
    wire [`UNITS*`WORDS*`U-1:0] unit_states;
    wire [`UNITS*`CARRIED*`A-1:0] unit_carried;
    wire [`UNITS*`S*`PAST*`A-1:0] unit_pasts;
    wire [`UNITS*`S-1:0] unit_earlier;
    wire [`UNITS*`WHERE-1:0] unit_writes;  // where a memory is written
    wire [`UNITS*`SUM_WHERE-1:0] unit_sum_writes;
    wire [`PLACE-1:0] unit_place;
    wire [`SUM_WHERE-1:0] unit_sum_place;
    wire [`UNITS*`U-1:0] unit_stored;
    wire [`UNITS*`A-1:0] unit_read;

    // What the surroundings promise: no weight without `enable`. The lanes of a unit come in order, while nothing is
    // added; a unit of one lane has two cycles for a time step. A layer stays until nothing is under way.
    reg begun = 0, runs = 0, started = 0;
    reg [`X-1:0] next = 0, old = 0;
    reg [1:0] own = `LAST;
    reg [7:0] number = 0;  // lanes that a unit had since the layer's start
    wire [31:0] all_bases = `BASES, all_sizes = `SIZES;
    wire [7:0] base = all_bases >> 8 * own, size = all_sizes >> 8 * own;
    wire last = own == `LAST;
`ifdef SHARED
    wire in_order = (!due | index == next) & (!enable | (!due & next == 0));
`else
    wire in_order = !due | !was;
`endif
`ifdef STREAMING
    wire layers = (!due | (runs & number < size)) & (!start | (layer == (last ? 0 : own + 1) & (number == size | !runs)));
`else
    wire layers = layer <= `LAST;
`endif
    wire stays = (!(due | was) | layer == own) & !(start & (due | was | next != 0)) & !(started & due);
`ifdef SIGNLESS
    // A weight is 1 or -1 where there is an input; sums of all lanes are kept for the next time step, or none.
    reg held = 0;
    always @(posedge clk) if (due) held <= keep;
    wire signless = (present | weights == 0) & (!due | next == 0 | keep == held);
`else
    wire signless = 1;
`endif
    assign assumed = !rst & (enable | weights == 0) & in_order & stays & layers & signless;
    wire last_lane = next == `S - 1;
    always @(posedge clk) begin
        begun <= 1;
        started <= start;
        runs <= runs | start;
        was <= due;
        old <= next;
        if (due) next <= last_lane ? 0 : next + 1;
        if (start) own <= layer;
        number <= start ? 0 : number + due;
    end
    // Whether potentials go on with a sum instead of a state, and whether there are sums: of which lane.
`ifdef STREAMING
    wire adds_up = last & !`TOTAL, gathers = last;
    wire [7:0] word = adds_up ? number : base + number, sum_word = number;
    wire placed = !runs | (unit_place == word[`PLACE-1:0] & (!gathers | unit_sum_place == sum_word[`SUM_WHERE-1:0]));
    wire was_word = old_word == word - 1 & old_sum_word == sum_word - 1;
    wire counted = number <= size & number % `S == next;
`else
    wire adds_up = 0, gathers = `TOTAL;
    wire [7:0] word = next, sum_word = next;
    wire placed = 1;
    wire was_word = old_word == old & old_sum_word == old;
    wire counted = 1;
`endif
    reg [7:0] old_word, old_sum_word;
    reg old_adds_up, old_gathers;
    always @(posedge clk) begin
        old_word <= word;
        old_sum_word <= sum_word;
        old_adds_up <= adds_up;
        old_gathers <= gathers;
    end
    wire [31:0] all_distances = `DISTANCES;
    wire [7:0] distance = all_distances >> 8 * own;

    // The law, for every lane and unit, from whatever they hold at first.
    wire [`UNITS-1:0] right, doubles, spikes_now, ties, high, low, goes_on, takes_shortcut, carries;
    wire [`UNITS*`WORDS*`U-1:0] states;
    genvar j, k;
    generate
        for (j = 0; j < `UNITS; j = j + 1) begin : unit
            reg [`S*`A-1:0] sums_later;
            reg [`A-1:0] handed_later;
            reg [`WORDS*`U-1:0] states_later;
            reg [`CARRIED*`A-1:0] carried_later;
            reg [`S*`PAST*`A-1:0] pasts_later;
            wire [`S*`A-1:0] first_sums;
            wire [`S*`A-1:0] sums = begun ? sums_later : first_sums;
            wire [`A-1:0] handed = begun ? handed_later : unit_handed[j*`A+:`A];
            wire [`WORDS*`U-1:0] own_states;
            wire [`CARRIED*`A-1:0] own_carried;
            for (k = 0; k < `WORDS; k = k + 1) assign own_states[k*`U+:`U] = unit_states[(k*`UNITS+j)*`U+:`U];
            wire [`S*`PAST*`A-1:0] own_pasts;
            for (k = 0; k < `S; k = k + 1) assign own_pasts[k*`PAST*`A+:`PAST*`A] = unit_pasts[(k*`UNITS+j)*`PAST*`A+:`PAST*`A];
            wire [`S*`PAST*`A-1:0] pasts = begun ? pasts_later : own_pasts;
            for (k = 0; k < `CARRIED; k = k + 1) assign own_carried[k*`A+:`A] = unit_carried[(k*`UNITS+j)*`A+:`A];
            assign states[j*`WORDS*`U+:`WORDS*`U] = begun ? states_later : own_states;
            wire [`CARRIED*`A-1:0] carried = begun ? carried_later : own_carried;

            // Lanes add. Of one, the sum is handed over; of several, they stand until it is their turn.
            wire [`S*`A-1:0] results;
            wire [`S-1:0] same_sum;
            for (k = 0; k < `S; k = k + 1) begin : lane
                wire signed [`A-1:0] sum = sums[k*`A+:`A];
                // Sums move past the unit, so that the next lane's is the first one.
                wire [`L-1:0] unit_sum = unit_sums[(j*`S + (k + `S - next) % `S)*`L+:`L];
`ifdef SIGNLESS
                wire signed [1:0] weight = !present ? 0 : weights[j*`S+k] ? 1 : -1;
                wire signed [`A-1:0] stands = 2 * unit_sum - unit_inputs;  // for
                wire left = k < next & !held;
                assign same_sum[k] = left ? unit_sum == 0 & sum == 0 : stands == sum;
                assign first_sums[k*`A+:`A] = stands;
`else
                wire signed [`W-1:0] weight = weights[(j*`S+k)*`W+:`W];
                assign same_sum[k] = unit_sum == sum;
                assign first_sums[k*`A+:`A] = unit_sum;
`endif
                assign results[k*`A+:`A] = (double ? 2 * sum : sum) + weight;
                always @(posedge clk) sums_later[k*`A+:`A] <= clear ? 0
                    : enable ? (`S == 1 & fire ? 0 : results[k*`A+:`A])
                    : `S > 1 & due & next == k & !keep ? 0 : sum;
            end
            always @(posedge clk) handed_later <= enable & fire ? results[`A-1:0] : handed;

            // The unit takes the sum of the lane that is due, and fires.
            wire signed [`A-1:0] sum = `S == 1 ? handed : sums >> `A * next;
            wire [`P-1:0] own_parameters = parameters[j*`P+:`P];
            wire signed [`A-1:0] threshold = own_parameters[`A-1:0];
`ifdef SKIPS
            wire skips = shortcuts[j*`S + next];
            wire signed [`A-1:0] bias = skips ? own_parameters[2*`A+:`A] : own_parameters[`A+:`A];
`else
            wire skips = 0;
            wire signed [`A-1:0] bias = own_parameters[`A+:`A];
`endif
            wire [`U-1:0] own_state = states[j*`WORDS*`U+:`WORDS*`U] >> `U * word;
            wire [7:0] from = j < distance ? j : j - distance;
            wire [`U-1:0] state = `DISTANCES == 0 ? own_state : states >> `WORDS * `U * from;
            wire signed [`A-1:0] loaded, adds = carried >> `A * sum_word;
            law_load #(.M(2), .A(`A), .U(`U)) load (.mode(`MODE), .state(state), .loaded(loaded));
            // Of sums before the first time step nothing is left.
            wire [`PAST*`A-1:0] past = first ? 0 : pasts >> `PAST * `A * next;
            wire [`PAST*`A+`A-1:0] known = {past, sum};
            wire signed [`A-1:0] weighed;
            law_weigh #(.M(2), .A(`A), .N(`PAST)) weigh (.mode(`MODE), .sum(sum), .pasts(past), .weighed(weighed));
            wire signed [`A-1:0] potential = weighed + bias + (first ? 0 : adds_up ? adds : loaded);
            wire spike;
            wire signed [`A+15:0] stored, limit = (1 << (`U - 1)) - 1;
            wire [`U-1:0] after;
            law_fire #(.M(2), .A(`A), .U(`U)) law (
                .mode(`MODE), .potential(potential), .threshold(threshold), .spike(spike), .stored(stored), .after(after)
            );
            wire [`A-1:0] gathered = `TOTAL ? (first ? 0 : adds) + (`COUNTS ? spike : potential) : potential;
            reg [`A-1:0] made, sum_made;
            reg spiked;
            reg [`U-1:0] left;
            reg [`S-1:0] all_spikes;  // of the lanes, since the first one was due
            integer i;
            always @(posedge clk) begin
                made <= potential;
                sum_made <= gathered;
                spiked <= spike;
                left <= after;
                if (due) all_spikes[next] <= spike;
                pasts_later <= pasts;
                for (i = 0; i < `S; i = i + 1) if (due & next == i) pasts_later[i*`PAST*`A+:`PAST*`A] <= known[`PAST*`A-1:0];
                states_later <= states[j*`WORDS*`U+:`WORDS*`U];
                carried_later <= carried;
                for (i = 0; i < `WORDS; i = i + 1) if (due & !adds_up & word == i) states_later[i*`U+:`U] <= after;
                for (i = 0; i < `CARRIED; i = i + 1) if (due & gathers & sum_word == i) carried_later[i*`A+:`A] <= gathered;
            end

            // A cycle later the unit shows what it made, and then it is stored.
            wire shows = !was | (potentials[j*`A+:`A] == made & fired[j] == spiked & all_spikes[old] == spiked
                & (old_adds_up | membranes[j*`U+:`U] == left) & (!`TOTAL | !old_gathers | totals[j*`A+:`A] == sum_made));
            reg kept, waits, shown;
            wire [`U-1:0] now = states[j*`WORDS*`U+:`WORDS*`U] >> `U * word;
            always @* begin
                kept = 1;
                for (i = 0; i < `WORDS; i = i + 1) if (states[(j*`WORDS+i)*`U+:`U]
                    != (was & !old_adds_up & old_word == i ? left : own_states[i*`U+:`U])) kept = 0;
                for (i = 0; i < `CARRIED; i = i + 1) if (carried[i*`A+:`A]
                    != (was & old_gathers & old_sum_word == i ? sum_made : own_carried[i*`A+:`A])) kept = 0;
                if (`PASTS & pasts != own_pasts) kept = 0;
                waits = 1;  // the spikes of the lanes before this one
                for (i = 1; i < `S; i = i + 1) if (!was & i <= next & unit_earlier[j*`S + `S-1-i] != all_spikes[next-i]) waits = 0;
                for (i = 1; i < `S; i = i + 1) if (was & i <= old & unit_earlier[j*`S + `S-1-i] != all_spikes[old-i]) waits = 0;
                shown = 1;  // with the last lane's
                if (was & old == `S - 1 & spikes[j*`S+:`S] != all_spikes) shown = 0;
            end
`ifdef STREAMING
            wire fetched = !runs | started | number >= size
                | ((!gathers | unit_read[j*`A+:`A] == adds) & (adds_up | unit_stored[j*`U+:`U] == own_state));
`else
            wire fetched = 1;
`endif
            wire places = !was | ((!`WRITES | old_adds_up | unit_writes[j*`WHERE+:`WHERE] == old_word[`WHERE-1:0])
                & (!`WRITES_SUMS | !old_gathers | unit_sum_writes[j*`SUM_WHERE+:`SUM_WHERE] == old_sum_word[`SUM_WHERE-1:0]));
            assign right[j] = (&same_sum) & (`S > 1 | handed == unit_handed[j*`A+:`A]) & shows & kept & waits & shown & fetched & places;

            assign doubles[j] = enable & double & sums != 0;
            assign spikes_now[j] = was & spiked;
            assign ties[j] = due & potential == threshold & sum != 0;
            assign high[j] = due & !adds_up & !spike & stored > limit;
            assign low[j] = due & !adds_up & !spike & stored < -limit;
            assign goes_on[j] = due & !first & !adds_up & (`PASTS ? weighed != sum : loaded != 0);
            assign takes_shortcut[j] = due & skips & own_parameters[2*`A+:`A] != own_parameters[`A+:`A];
            assign carries[j] = due & !first & gathers & adds != 0 & gathered != adds;
        end
    endgenerate
    assign ok = (&right) & placed & counted & own <= `LAST & next < `S & (begun | !runs) & (runs | last)
        & (begun | (!was & next == 0 & number == 0)) & (!started | (!was & next == 0 & number == 0))
        & (!was | (old < `S & next == (old + 1) % `S & old_adds_up == adds_up & old_gathers == gathers & was_word));

    // What the proof is about does happen, after sums that were added and states that were stored.
    reg added = 0, stored_one = 0;
    always @(posedge clk) begin
        added <= added | (enable & weights != 0);
        stored_one <= stored_one | was;
    end
    assign cover_doubles = added & doubles != 0;
    assign cover_spikes = added & spikes_now != 0;
    assign cover_ties = added & ties != 0;
    assign cover_saturates_high = added & high != 0;
    assign cover_saturates_low = added & low != 0;
    assign cover_goes_on = stored_one & (distance != 0 | `DISTANCES == 0) & goes_on[`UNITS-1];
    assign cover_shortcut = stored_one & takes_shortcut != 0;
    assign cover_keeps = stored_one & due & keep & next == `S - 1;
    assign cover_carries = stored_one & carries != 0;
endmodule
