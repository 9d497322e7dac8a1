// How adders become gates in area reports: the carry ripples from bit to bit. Yosys's own choice is a prefix
// adder, a twentieth larger in a processing element that has a whole cycle for one addition.
// Rules of one kind apply in the order of their names; this one's comes before Yosys's own.
(* techmap_celltype = "$lcu" *)
module _80_ripple_carry (P, G, CI, CO);
    parameter WIDTH = 2;
    (* force_downto *) input [WIDTH-1:0] P, G;
    input CI;
    (* force_downto *) output [WIDTH-1:0] CO;

    genvar i;
    generate
        for (i = 0; i < WIDTH; i = i + 1) begin : bits
            if (i == 0)
                assign CO[0] = G[0] | (P[0] & CI);
            else
                assign CO[i] = G[i] | (P[i] & CO[i-1]);
        end
    endgenerate
endmodule
