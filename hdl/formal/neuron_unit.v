// What a neuron unit has to do, as docs/numerics.md says it, in plain signed arithmetic of more bits than any of it needs;
// hdl.formal.neuron_unit proves that it does. U and A are the widths of membrane and accumulator, L that of the leak's
// index (0 without one), and expressions of it are of the tile's neuron R, Q (the greatest code), K and SHIFT (a potential's share
// (2^K - 1)/2^SHIFT is stored, with K = 0 1/2^SHIFT), TOWARDS_ZERO (how it is rounded) and RESET (0 to zero, 1 subtracts the
// threshold, 2 none). JOINS is there where the unit has joins.
`define N (`A + 8)
module proof (
    input clk,
    input rst,
    input configure,
    input [`PARAMETERS-1:0] parameters,
`ifdef L
    input [`L-1:0] leak,
`endif
    input [`A-1:0] accumulator,
    input advance,
    input load,
    input [4:0] control,
`ifdef JOINS
    input skip,
`endif
    output assumed,
    output ok,
    output cover_spike,
    output cover_tie,
    output cover_short_of_threshold,
    output cover_negative_threshold,
    output cover_high_saturation,
    output cover_low_saturation,
    output cover_rounds_down,
    output cover_rounds_up,
    output cover_vanishes,
    output cover_subtracts,
    output cover_subtracts_negative,
    output cover_keeps_after_spike,
    output cover_clears,
    output cover_stays_minus_one,
    output cover_half_minus_one,
    output cover_doubles,
    output cover_adds_bias,
    output cover_adds_bias_skip,
    output cover_adds_membrane,
    output cover_gives_membrane,
    output cover_gives_potential,
    output cover_holds
);
    wire [`A-1:0] unit_potential, unit_chain;
    wire [`U-1:0] unit_membrane;
    wire unit_spike;
    mint_neuron unit (
        .clk(clk), .rst(rst), .configure(configure), .parameters(parameters),
`ifdef L
        .leak(leak),
`endif
`ifdef JOINS
        .skip(skip),
`endif
        .accumulator(accumulator), .advance(advance), .load(load), .control(control),
        .potential(unit_potential), .spike(unit_spike), .membrane(unit_membrane), .chain(unit_chain)
    );
    wire double = control[0], add_bias = control[1], add_membrane = control[2], keep = control[3], fire = control[4];

    // Where the law starts: with what the unit's registers hold, whatever that is. From then on it has its own.
    wire [`PARAMETERS-1:0] held_at_first;
    wire [`A-1:0] potential_at_first;
    wire [`U-1:0] membrane_at_first;
    reg begun = 0;
    reg [`PARAMETERS-1:0] held_later;
    reg [`A-1:0] potential_later;
    reg [`U-1:0] membrane_later;
    wire [`PARAMETERS-1:0] held = begun ? held_later : held_at_first;
    wire signed [`A-1:0] held_potential = begun ? potential_later : potential_at_first;
    wire signed [`U-1:0] held_membrane = begun ? membrane_later : membrane_at_first;

    // The law.
    wire signed [`A-1:0] held_threshold = held[`A-1:0];
    wire signed [`A-1:0] held_bias = held[`A+:`A];
`ifdef JOINS
    wire signed [`A-1:0] held_bias_skip = held[2*`A+:`A];
`else
    wire signed [`A-1:0] held_bias_skip = 0;
    wire skip = 0;
`endif
    wire signed [`A-1:0] sum_in = accumulator;
    wire signed [`N-1:0] threshold = held_threshold, bias = held_bias, bias_skip = held_bias_skip;
    wire signed [`N-1:0] sum = sum_in, potential = held_potential, old_membrane = held_membrane;
    wire signed [`N-1:0] zero = 0, two = 2;
    wire signed [`N-1:0] limit = `Q;
    wire [3:0] r = `R;

    wire spike = potential >= threshold;
    wire [2:0] k = `K;
    wire [4:0] shift = `SHIFT;
    wire towards_zero = `TOWARDS_ZERO;
    wire [1:0] reset = `RESET;
    wire signed [`N-1:0] left = !spike | reset == 2 ? potential : reset == 1 ? potential - threshold : zero;
    wire signed [`N-1:0] product = k == 0 ? left : (left <<< k) - left;
    wire signed [`N-1:0] share = towards_zero & product < 0 ? -(-product >>> shift) : product >>> shift;
    wire signed [`N-1:0] membrane = share > limit ? limit : share < -limit ? -limit : share;
    wire signed [`N-1:0] loaded = r == 0 ? old_membrane >>> 1 : old_membrane <<< (r - 1);
    wire signed [`N-1:0] addend = add_bias ? (skip ? bias_skip : bias) : add_membrane ? loaded : zero;
    wire signed [`N-1:0] next_potential = (double ? two * sum : sum) + addend;
    wire signed [`N-1:0] chain = keep ? potential : fire ? loaded : zero;
    always @(posedge clk) begin
        begun <= 1;
        held_later <= configure ? parameters : held;
        potential_later <= load & advance ? next_potential[`A-1:0] : held_potential;
        membrane_later <= (load | add_membrane) & advance ? membrane[`U-1:0] : held_membrane;
    end

    // What the unit's surroundings promise; hdl/formal/systolic_array.v proves that the array does.
    assign assumed = !(add_bias & add_membrane) & !(keep & fire);

    assign ok = held == held_at_first & held_potential == potential_at_first & held_membrane == membrane_at_first
        & held_potential == unit_potential & spike == unit_spike & membrane[`U-1:0] == unit_membrane
        & chain[`A-1:0] == unit_chain;

    // What the proof is about does happen, to a unit that has had its parameters and a potential.
    reg configured = 0, ready = 0, stored_one = 0;
    reg signed [`N-1:0] previous;
    reg waited = 0;
    always @(posedge clk) begin
        configured <= configured | configure;
        ready <= ready | (configured & load & advance);
        stored_one <= stored_one | (ready & load & advance);
        previous <= held_membrane;
        waited <= ready & load & !advance;
    end
    assign cover_spike = ready & spike & threshold > 0 & potential > threshold;
    assign cover_tie = ready & spike & threshold > 0 & potential == threshold;
    assign cover_short_of_threshold = ready & !spike & threshold > 0 & potential == threshold - 1;
    assign cover_negative_threshold = ready & spike & threshold < 0 & potential < 0;
    assign cover_high_saturation = ready & !spike & share > limit;
    assign cover_low_saturation = ready & !spike & share < -limit;
    assign cover_rounds_down = ready & !spike & !towards_zero & (share <<< shift) < product & membrane < 0 & membrane > -limit;
    assign cover_rounds_up = ready & !spike & towards_zero & (share <<< shift) > product & membrane < 0;
    assign cover_vanishes = ready & !spike & towards_zero & left < 0 & membrane == 0;
    assign cover_subtracts = ready & spike & reset == 1 & potential > threshold & membrane != 0;
    assign cover_subtracts_negative = ready & spike & reset == 1 & potential < 0 & membrane > 0;
    assign cover_keeps_after_spike = ready & spike & reset == 2 & membrane != 0;
    assign cover_clears = ready & spike & reset == 0 & potential > 0;
    assign cover_stays_minus_one = stored_one & old_membrane == -1 & !spike & membrane == -1;
    assign cover_half_minus_one = stored_one & fire & old_membrane == -1 & loaded == -1;
    assign cover_doubles = ready & load & advance & double & sum < 0 & next_potential != sum;
    assign cover_adds_bias = ready & load & advance & add_bias & !skip & bias < 0;
    assign cover_adds_bias_skip = ready & load & advance & add_bias & skip & bias_skip != bias;
    assign cover_adds_membrane = stored_one & load & advance & add_membrane & loaded != 0;
    assign cover_gives_membrane = stored_one & fire & loaded != 0;
    assign cover_gives_potential = stored_one & keep & potential != 0;
    assign cover_holds = stored_one & waited & old_membrane == previous & old_membrane != membrane;
endmodule
