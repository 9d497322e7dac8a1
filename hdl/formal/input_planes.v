// What the input writer has to do with the pixels of a linear layer: after a whole packet, every bit of every pixel stands
// in the word of its bit plane, in a bank that was free, and 0 beyond the last pixel; a packet of another length fills no
// bank. hdl.formal.input_writer proves it for any one place of the memory: bit `chosen` of word `at`. Word WORDS * p + w
// has bit plane p, the most significant first, of pixels W * w and on. BEATS are those of a packet, VALUES the pixels of a
// beat, PIXELS those of an image. D, W and A are bits of a beat, word and address; K, N, B and V those of numbers of a
// word's bits, a packet's beats, a word's beats, and words.
module proof (
    input clk,
    input rst,
    input [`D-1:0] data,
    input valid,
    input last,
    input [1:0] released,
    input [`A-1:0] any_address,
    input [`K-1:0] any_bit,
    output assumed,
    output ok,
    output cover_both_full,
    output cover_after_long,
    output cover_after_short,
    output cover_rest_of_broken
);
    localparam PLANES = 8;
    localparam WORD_BEATS = `W / `VALUES;
    wire ready, write, bank, error;
    wire [`A-1:0] address;
    wire [`W-1:0] word;
    wire [1:0] full;
    mint_writer writer (
        .clk(clk), .rst(rst), .data(data), .valid(valid), .last(last), .release(released), .ready(ready),
        .write(write), .bank(bank), .address(address), .word(word), .full(full), .error(error)
    );
    // Registers and wires of the writer: two sets of pixels, one `filling`; a collected word may be `waiting`.
    wire [`N-1:0] unit_count;
    wire [`B-1:0] place;
    wire unit_swallow, filling, waiting, last_word, captured, ends;
    wire [2:0] plane;
    wire [`V-1:0] number;
    wire [PLANES*`W-1:0] pixels_0, pixels_1;

    reg begun = 0;
    assign assumed = !(released & ~full);

    // The place: its pixel, and where that comes from.
    reg [`A-1:0] at;
    reg [`K-1:0] chosen;
    wire [7:0] its_word = at % `WORDS;
    wire [7:0] its_plane = at / `WORDS;
    wire [15:0] pixel = its_word * `W + chosen;
    wire real_ = pixel < `PIXELS;
    wire [15:0] lane = (pixel % `VALUES) * PLANES + PLANES - 1 - its_plane;
    wire [15:0] within = chosen * PLANES + PLANES - 1 - its_plane;

    // The packet; what was sent for the place, what stands there, and what should in banks that are full. Of the word that
    // is written: which it is, and whether its packet was broken off (`rest`).
    reg sent, next = 0, rest = 0;
    reg [`V-1:0] source;
    reg [1:0] holds = 0;
    reg cell_0, cell_1, image_0, image_1;
    reg [5:0] waits = 0;
    wire taken = valid & ready;
    wire [`N-1:0] count;
    wire swallow, stored, whole, broken, wrong, was_long, was_short;
    packets packets (
        .clk(clk), .rst(rst), .taken(taken), .last(last), .count(count), .swallow(swallow), .stored(stored),
        .whole(whole), .broken(broken), .wrong(wrong), .was_long(was_long), .was_short(was_short)
    );
    wire filled = write & ends & plane == PLANES - 1;
    wire expected = real_ & sent;
    always @(posedge clk) begin
        begun <= begun | rst;
        if (!begun) begin
            at <= any_address % (PLANES * `WORDS);
            chosen <= any_bit % `W;
        end
        if (write & address == at) begin
            if (bank) cell_1 <= word[chosen];
            else cell_0 <= word[chosen];
        end
        if (stored & count == pixel / `VALUES) sent <= data[lane];
        holds <= holds & ~released;
        if (filled) begin
            holds[next] <= 1;
            next <= !next;
            if (next) image_1 <= expected;
            else image_0 <= expected;
        end
        if (captured) begin
            source <= number;
            rest <= 0;
        end
        if (broken) rest <= 1;
        waits <= ready | holds[next] ? 0 : waits + 1;
        if (rst) begin
            next <= 0;
            holds <= 0;
            rest <= 0;
            waits <= 0;
        end
    end

    // In every cycle: images stand in banks that are full, nothing is written there, and beats do not wait for long.
    wire images = (!holds[0] | cell_0 == image_0) & (!holds[1] | cell_1 == image_1);
    wire shows = full == holds & bank == next & error == wrong & !(write & full[bank]);
    wire [5:0] left = write ? PLANES - plane : 0;
    wire prompt = waits + (waiting & last_word ? left + PLANES + !write : left) <= 2 * PLANES + 1;

    // Where the packet is: words that were captured, one that waits or is collected.
    wire finishing = write & ends;
    wire [7:0] moved = finishing ? `WORDS : number;
    wire counts = unit_count == count & unit_swallow == swallow & count < `BEATS & (!swallow | count == 0)
        & at < PLANES * `WORDS & chosen < `W & number < `WORDS & place < WORD_BEATS & !(swallow & (waiting | finishing))
        & (!waiting ? count == number * WORD_BEATS + place
            : place == 0 & !finishing
            & (last_word ? count == 0 & number == `WORDS - 1 : count == (number + 1) * WORD_BEATS));
    wire busy = write | waiting | count != 0 | swallow;
    wire rows = !write | (address == source + plane * `WORDS & source < `WORDS
        & (rest ? number == 0 & !ends : source + 1 == moved) & (!ends | (source == `WORDS - 1 & number == 0 & count == 0)));
    wire in_free = !busy | !holds[next];

    // Where the place's bit is: in the set that is filled, in the one that is written, in the memory.
    wire in_filling = filling ? pixels_1[within] : pixels_0[within];
    wire in_writing = filling ? pixels_0[within] : pixels_1[within];
    wire stands = (next ? cell_1 : cell_0) == expected;
    wire came = its_word == moved & (waiting | chosen / `VALUES < place);
    wire leaves = write & !rest & its_word == source;
    wire partly = (!(came & real_) | in_filling == sent)
        & (its_word >= moved | (leaves ? (!real_ | in_writing == sent) & (plane <= its_plane | stands) : stands));
    assign ok = !begun | (images & shows & prompt & counts & rows & in_free & partly);

    wire runs = begun & !rst;
    assign cover_both_full = runs & holds == 3 & valid & !ready;
    assign cover_after_long = runs & whole & was_long;
    assign cover_after_short = runs & whole & was_short;
    assign cover_rest_of_broken = runs & write & rest & count == 1;
endmodule
