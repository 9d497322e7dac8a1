// Which words the word feeder reads and hands on, in nested loops and multiplied addresses; hdl.formal.feeder_words
// proves that it does. The memories hold anything, of FRAMES frames: bit (f * SPACE + a) * N * D of contents_s is the
// first of word a of memory s, f frames ago; of counts of N bits, D for each plane, one after another. Numbers of a layer
// and its source are expressions of `own` and `s`, those of a turn of `own` and `t`; D, I and L are bits of a word, item
// and layer, B and P those of a frame's and a plane's number. Without windows of frames there is one of them, and turns
// are rounds, or of counts the time steps, whose rounds are planes.
module proof (
    input clk,
    input rst,
    input [`L-1:0] layer,
    input start,
    input ready,
    input [3*`FRAMES*`SPACE*`N*`D-1:0] any,
    input [`B-1:0] age,
    output assumed,
    output ok,
    output cover_outside,
    output cover_skips,
    output cover_waits,
    output cover_joined,
    output cover_linear,
    output cover_doubles,
    output cover_subtracts
);
    reg [`N*`D-1:0] data;
    wire [`I-1:0] item;
    wire valid, done, read;
    wire [`ADDRESS-1:0] address;
    wire [`SPACES-1:0] memory;
    mint_feeder feeder (
        .clk(clk), .rst(rst), .layer(layer), .start(start), .data(data[plane * `D +: `D]),
`ifdef WINDOWS
        .age(age), .back(back),
`endif
`ifdef COUNTS
        .plane(plane),
`endif
        .o__ready(ready), .o__valid(valid), .o__payload(item), .done(done), .address(address), .read(read),
        .memory(memory)
    );
`ifdef WINDOWS
    wire [`B-1:0] back;
`else
    wire [`B-1:0] back = 0;
`endif
`ifdef COUNTS
    wire [`P-1:0] plane;
`else
    wire [`P-1:0] plane = 0;
`endif
    reg [`FRAMES*`SPACE*`N*`D-1:0] contents_0, contents_1, contents_2;
    reg begun = 0;
    always @(posedge clk) if (!begun) {contents_0, contents_1, contents_2} <= any;
    function [`N*`D-1:0] word(input [1:0] space, input [`B-1:0] ago, input [9:0] place);
        word = (space == 0 ? contents_0 : space == 1 ? contents_1 : contents_2) >> (ago * `SPACE + place) * `N * `D;
    endfunction

    // A layer stays until all of it was handed on, and so do the frames that there are.
    reg [`B-1:0] frames = 0;
    reg [`L-1:0] own = 0;
    reg there_0 = 0, there_1 = 0, there_2 = 0;
    wire busy = there_0 | there_1 | there_2;
    assign assumed = (!busy | (!start & layer == own & age == frames)) & layer < `LAYERS & age < `FRAMES;

    // The loops: where they are, and a cycle later and two.
    reg [3:0] g, y, x, t, p, i, j, c;
    reg s;
    wire [3:0] groups = `GROUPS, rows = `ROWS, columns = `COLUMNS, rounds = `ROUNDS, planes = `PLANES;
    wire each = `EACH;  // a hand-over for every round, not for the last one alone
    wire sources = `JOINS;  // the last source's number
    wire [3:0] height = `HEIGHT, width = `WIDTH, words = `WORDS;
    wire end_c = c + 1 == words, end_j = end_c & j + 1 == width, end_i = end_j & i + 1 == height;
    wire end_s = end_i & s == sources, end_p = end_s & p + 1 == planes, end_t = end_p & t + 1 == rounds;
    wire end_x = end_t & x + 1 == columns, end_y = end_x & y + 1 == rows, end_g = end_y & g + 1 == groups;
    wire advance = !there_2 | ready;
    wire stepping = there_0 & advance;
    // What is read, handed on and marked.
    wire signed [9:0] row = y * `STRIDE + i - `PADDING, column = x * `STRIDE + j - `PADDING;
    wire [`B-1:0] ago = `BACK;
    wire inside = row >= 0 & row < `MAP_ROWS & column >= 0 & column < `MAP_COLUMNS & !`BLANK & ago <= frames;
    wire [3:0] stored = `STORED;
    wire [9:0] place = ((row * `MAP_COLUMNS + column) * stored + (stored == 1 ? 0 : t)) * words + c;
    wire [9:0] weights = `FIRST + g * `GROUP + `SOURCE + (i * width + j) * `CHANNELS + c * `WORD;
    wire fires = end_p & (each | t + 1 == rounds), doubles = end_s & (`DOUBLES | !end_p), subtracts = `SUBTRACTS;
    wire [1:0] space = `MEMORY;

    reg inside_1, fires_1, fires_2, doubles_1, doubles_2, subtracts_1, subtracts_2;
    reg nothing = 1;  // was set since the last hand-over
    reg [`B-1:0] ago_1;
    reg [9:0] weights_1, weights_2, place_1;
    reg [`P-1:0] p_1;
    reg [1:0] space_1;
    reg [`D-1:0] bits_2;
    wire [`D-1:0] bits_1 = inside_1 ? word(space_1, ago_1, place_1) >> p_1 * `D : 0;
    always @(posedge clk) begin
        begun <= begun | rst;
        if (read) data <= word(own == 0 ? 0 : 1 + memory, back, address);
        if (stepping) begin
            c <= end_c ? 0 : c + 1;
            if (end_c) j <= end_j ? 0 : j + 1;
            if (end_j) i <= end_i ? 0 : i + 1;
            if (end_i) s <= end_s ? 0 : s + 1;
            if (end_s) p <= end_p ? 0 : p + 1;
            if (end_p) t <= end_t ? 0 : t + 1;
            if (end_t) x <= end_x ? 0 : x + 1;
            if (end_x) y <= end_y ? 0 : y + 1;
            if (end_y) g <= end_g ? 0 : g + 1;
            if (end_g) there_0 <= 0;
        end
        if (advance) begin
            there_1 <= there_0;
            there_2 <= there_1;
            {inside_1, fires_1, weights_1, place_1, space_1} <= {inside, fires, weights, place, space};
            {doubles_1, subtracts_1, ago_1, p_1} <= {doubles, subtracts, ago, p[`P-1:0]};
            {fires_2, weights_2, bits_2} <= {fires_1, weights_1, bits_1};
            {doubles_2, subtracts_2} <= {doubles_1, subtracts_1};
            if (there_2) nothing <= fires_2 | (nothing & bits_2 == 0);
        end
        if (start) begin
            own <= layer;
            frames <= age;
            there_0 <= 1;
            {g, y, x, t, p, i, j, c, s} <= 0;
        end
        if (rst) {there_0, there_1, there_2} <= 0;
        if (rst) nothing <= 1;
    end

    // The word of the last stage is offered if something is set, or it fires or doubles what is not nothing.
    wire shows = valid == (there_2 & (bits_2 != 0 | fires_2 | (doubles_2 & !nothing))) & done == !busy;
    wire [`R-1:0] weights_seen = weights_2;
`ifdef SIGNS
    wire right = !there_2 | item == {subtracts_2, fires_2, doubles_2, weights_seen, bits_2};
`else
    wire right = !there_2 | item == {fires_2, doubles_2, weights_seen, bits_2};
`endif
    wire reads = read == (stepping & inside)
        & (!read | (address == place & back == ago & (own == 0 | 1 + memory == space)));

    // The feeder's registers, where the proof has to begin. A nest is at the loops' place while it is its source's turn;
    // else at the beginning of that source's next words.
    wire running, fetched, held, found, turn;
    wire [1:0] marks;
    wire [`R-1:0] unit_row;
    wire unit_nothing, unit_subtracts;
    wire stages = running == there_0 & fetched == there_1 & held == there_2 & (!there_0 | turn == s) & (there_0 | !turn)
        & unit_nothing == nothing
        & (!there_1 | (found == inside_1 & marks == {fires_1, doubles_1} & unit_row == weights_1[`R-1:0] & plane == p_1
            & (!inside_1 | data == word(space_1, ago_1, place_1))));
`ifdef SIGNS
    wire signs = !there_1 | unit_subtracts == subtracts_1;
`else
    wire signs = 1;
`endif
    wire bounded = !there_0 | (g < groups & y < rows & x < columns & t < rounds & p < planes & s <= sources & i < height
        & j < width & c < words);
    wire [3:0] t_next = t + 1 == rounds ? 0 : t + 1, x_next = t_next ? x : x + 1 == columns ? 0 : x + 1,
        y_next = t_next | x_next ? y : y + 1 == rows ? 0 : y + 1, g_next = t_next | x_next | y_next ? g : g + 1;
    wire [3:0] main_group = s ? g_next : g, main_row = s ? y_next : y, main_column = s ? x_next : x,
        main_round = s ? t_next : t, main_kernel_row = s ? 0 : i, main_kernel_column = s ? 0 : j, main_word = s ? 0 : c,
        main_pooled_row = 0, main_pooled_column = 0, main_plane = p;
    wire [3:0] joined_group = g, joined_row = y, joined_column = x, joined_round = t, joined_kernel_row = s ? i : 0,
        joined_kernel_column = s ? j : 0, joined_word = s ? c : 0, joined_pooled_row = 0, joined_pooled_column = 0,
        joined_plane = 0;
`POSITIONS
    wire over = s & g_next == groups;  // the first source is through
    wire at = !there_0 | ((over | main_agrees) & (sources == 0 | joined_agrees));
    assign ok = own < `LAYERS & (!begun | (shows & right & reads & stages & bounded & at & signs));

    wire runs = begun & !rst;
    assign cover_outside = runs & there_1 & !inside_1 & advance;
    assign cover_skips = runs & there_2 & !valid & item[`I-1:`D] != 0;
    assign cover_waits = runs & valid & !ready & own != 0;
    assign cover_joined = runs & valid & ready & sources & bits_2 != 0 & fires_2;
    assign cover_linear = runs & valid & ready & own == `LAYERS - 1;
    assign cover_doubles = runs & valid & ready & doubles_2 & bits_2 == 0;
    assign cover_subtracts = runs & valid & ready & subtracts_2 & bits_2 != 0;
endmodule
