"""The laws of neurons in plain signed Verilog: what proofs compare a datapath with, from docs/numerics.md alone."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from model.neurons import Lif, MemoryFree


class Law(NamedTuple):
    """A neuron's formulas: Verilog of signed numbers, with more bits than any of them needs.

    ``h`` is the potential, ``theta`` the threshold, ``v`` what a spike leaves of ``h``, ``u`` the state.
    """

    load: str
    """What ``u`` adds to the next potential."""
    spiked: str
    """``v`` after a spike; without one, it is ``h``."""
    store: str
    """What is kept of ``v``, before it saturates at ``limit``."""
    limit: int
    weighed: str = "x0"
    """What potentials have of the sum ``x0`` and those of the time steps before, ``x1`` and so on."""


RESETS: Mapping[str, str] = {"zero": "0", "subtract": "h - theta", "none": "h"}
"""What a spike leaves, by the reset's name."""


def _towards_zero(number: str, shift: int) -> str:
    return f"{number} < 0 ? -(-({number}) >>> {shift}) : {number} >>> {shift}"


def _leaks_by(k: int) -> Callable[[int], tuple[str, str]]:
    """1 - 2^-k."""
    return lambda r: (f"u <<< {r - 1}", _towards_zero(f"v * {2**k - 1}", k + r - 1))


LEAKS: Mapping[float, Callable[[int], tuple[str, str]]] = {
    0.0: lambda _: ("0", "0"),
    1 / 2: lambda r: (f"u <<< {r - 1}" if r else "u >>> 1", f"v >>> {r}"),
    **{1 - 2**-k: _leaks_by(k) for k in range(2, 6)},
    1.0: lambda r: (f"u <<< {r - 1}", _towards_zero("v", r - 1)),
}
"""By the leak: what a state loads and what is stored, of r."""


def lif(neuron: Lif) -> Law:
    load, store = LEAKS[neuron.leak](neuron.r)
    return Law(load, RESETS[neuron.reset], store, neuron.limit)


def memory_free(neuron: MemoryFree) -> Law:
    terms = [f"{sign} * (x{neuron.dilation * j} <<< {shift})" for j, (sign, shift) in enumerate(neuron.taps) if sign]
    return Law("0", "0", "0", 0, " + ".join(terms))


LAWS: Mapping[str, Callable[[Any], Law]] = {Lif.family: lif, MemoryFree.family: memory_free}

MODULES = """
// The law of the neurons: what a state adds to the potential, and what firing leaves of a potential. A mode beyond
// them is the last one.
module law_load #(parameter M = 1, A = 1, U = 1) (
    input [M-1:0] mode,
    input signed [U-1:0] state,
    output [A-1:0] loaded
);
    wire signed [A+15:0] u = state;
    reg signed [A+15:0] found;
    always @* case (mode)
{load}
    endcase
    assign loaded = found;
endmodule

module law_weigh #(parameter M = 1, A = 1, N = 1) (
    input [M-1:0] mode,
    input signed [A-1:0] sum,
    input [N*A-1:0] pasts,  // the last time step's in the lowest bits
    output [A-1:0] weighed
);
    wire signed [A+15:0] x0 = sum;
{pasts}
    reg signed [A+15:0] found;
    always @* case (mode)
{weigh}
    endcase
    assign weighed = found;
endmodule

module law_fire #(parameter M = 1, A = 1, U = 1) (
    input [M-1:0] mode,
    input signed [A-1:0] potential, threshold,
    output spike,
    output signed [A+15:0] stored,  // before it saturates
    output [U-1:0] after
);
    wire signed [A+15:0] h = potential, theta = threshold;
    reg signed [A+15:0] v, found, limit;
    assign spike = h >= theta;
    always @* case (mode)
{fire}
    endcase
    assign stored = found;
    assign after = found > limit ? limit : found < -limit ? -limit : found;
endmodule
"""


def law_modules(modes: Sequence[Any], past: int = 0) -> str:
    """Verilog of ``law_load``, ``law_weigh`` and ``law_fire`` for the modes of a design, with so many past sums."""
    laws = [LAWS[mode.family](mode) for mode in modes]
    labels = [*map(str, range(len(laws) - 1)), "default"]

    def cases(texts: Sequence[str]) -> str:
        return "\n".join(f"        {label}: begin {text} end" for label, text in zip(labels, texts, strict=True))

    fire = [f"limit = {law.limit}; v = spike ? {law.spiked} : h; found = {law.store};" for law in laws]
    weigh = [f"found = {law.weighed};" for law in laws]
    pasts = [f"    wire signed [A+15:0] x{i + 1} = $signed(pasts[{i}*A+:A]);" for i in range(past)]
    loads = [f"found = {law.load};" for law in laws]
    return MODULES.format(load=cases(loads), weigh=cases(weigh), pasts="\n".join(pasts), fire=cases(fire))
