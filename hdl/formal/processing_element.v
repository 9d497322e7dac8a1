// What a processing element has to do, in plain arithmetic; hdl.formal.processing_element proves that it does.
// W and A are the widths of weight and accumulator; the element's register is at hand as `carry`.
module proof (
    input clk,
    input rst,
    input signed [`W-1:0] weight,
    input spike,
    input enable,
    input [`A-1:0] chain,
    input preload,
    output assumed,
    output ok,
    output cover_weight,
    output cover_negative_weight,
    output cover_no_spike,
    output cover_carry,
    output cover_preload,
    output cover_wrap,
    output cover_long_sum,
    output cover_rest
);
    wire [`A-1:0] accumulator;
    wire carry;
    mint_pe element (
        .clk(clk), .rst(rst), .weight(weight), .spike(spike), .enable(enable), .chain(chain), .preload(preload),
        .accumulator(accumulator)
    );

    // The law. The sum is known from the first preload on.
    wire signed [`A-1:0] wide = weight;
    wire signed [`A-1:0] zero = 0;
    wire signed [`A-1:0] half = 1 << (`W - 1);
    wire signed [`A-1:0] addend = enable ? (spike ? wide : zero) + half : zero;
    reg [`A-1:0] sum;
    reg known = 0;
    always @(posedge clk) begin
        sum <= (preload ? chain : sum) + addend;
        known <= known | preload;
    end

    // What the element's surroundings promise; hdl/formal/systolic_array.v proves that the array does.
    reg begun = 0;
    reg enabled;
    always @(posedge clk) begin
        begun <= 1;
        enabled <= enable;
    end
    wire no_weight = enable | weight == 0 | !spike;
    wire apart = !(preload & (enable | enabled));
    assign assumed = no_weight & apart;

    // A cycle without enable and preload, after one without enable, changes nothing.
    reg rests;
    reg [`A-1:0] before;
    always @(posedge clk) begin
        rests <= begun & !enable & !preload & !enabled;
        before <= accumulator;
    end

    wire [`A-1:0] value = accumulator + (carry << `W);
    wire follows = !known | value == sum;
    wire settles = enabled | !carry;
    wire settled_sum = enabled | !known | accumulator == sum;
    wire still = !rests | accumulator == before;
    assign ok = !begun | (follows & settles & settled_sum & still);

    // What the proof is about does happen.
    reg [2:0] added = 0;
    always @(posedge clk) begin
        if (preload) added <= 0;
        else if (enable & added != 7) added <= added + 1;
    end
    assign cover_weight = known & enabled & spike & enable & weight > 0;
    assign cover_negative_weight = known & enabled & spike & enable & weight < 0;
    assign cover_no_spike = known & enable & !spike & weight != 0;
    assign cover_carry = known & enabled & carry;
    assign cover_preload = known & preload & accumulator != chain;
    assign cover_wrap = known & sum[`A-1] & !(sum + addend >> (`A - 1) & 1) & enable;
    assign cover_long_sum = known & added == 4 & carry & enable;
    assign cover_rest = known & rests & accumulator != 0;
endmodule
