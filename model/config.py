"""The widths that the command line names: a shorthand for a weight code and a neuron."""

from dataclasses import dataclass, field
from itertools import product

from model.codes import CODES, Binary, Narrow, Powers5, Powers7, WeightCode
from model.errors import require
from model.neurons import NEURONS, Lif, MemoryFree, Neuron

LEVELS = {
    "binary": (1, Binary.name),
    "ternary": (2, Narrow.name),
    Powers5.name: (3, Powers5.name),
    Powers7.name: (3, Powers7.name),
}
"""Bits and code of weights, by the name that the command line has for their levels."""
LEARNED_STEP, SIGMOIDS = QUANTISERS = ("learned-step", "sigmoids")
"""How weights become levels in training."""
LEARNED, FIXED = TAPS = ("learned", "fixed")
"""Of memory-free neurons, in training."""
SAWTOOTH = 0
"""The dilation that is another one from layer to layer."""
WIDTHS = (2, 4, 8)
"""Widths in bits of which areas, clocks and proofs are reported; codes and neurons have others too."""


@dataclass(frozen=True)
class Precision:
    """W bits of weights in a code, U bits of a neuron's stored membrane, its leak and reset: both by their names.

    Memory-free neurons, U = 0, have a ``window`` of taps, ``dilation`` time steps apart, in training learned or fixed;
    dilation :data:`SAWTOOTH` stands for 1, 2, 3, 1, ... from layer to layer. ``quantiser`` is what trains the weights.
    """

    weight_width: int
    membrane_width: int
    weight_code: str = field(default=Narrow.name, kw_only=True)
    neuron_family: str = field(default=Lif.family, kw_only=True)
    leak: float = field(default=Lif.leak, kw_only=True)
    reset: str = field(default=Lif.reset, kw_only=True)
    window: int = field(default=4, kw_only=True)
    dilation: int = field(default=1, kw_only=True)
    taps: str = field(default=LEARNED, kw_only=True)
    quantiser: str = field(default=LEARNED_STEP, kw_only=True)

    def __post_init__(self) -> None:
        for name, known, what in (
            (self.weight_code, CODES, "weight code"),
            (self.neuron_family, NEURONS, "neuron"),
        ):
            require(name in known, f"{what} {name!r}; choose one of {', '.join(known)}")
        require(self.quantiser in QUANTISERS, f"quantiser {self.quantiser!r}; choose one of {', '.join(QUANTISERS)}")
        require(self.taps in TAPS, f"taps {self.taps!r}; choose one of {', '.join(TAPS)}")
        free = self.neuron_family == MemoryFree.family
        require(
            not free or self.membrane_width == 0,
            f"a membrane of {self.membrane_width} bits of {self.neuron_family} neurons, which have none; give 0 bits",
        )
        _ = self.code, self.neuron()  # which refuse a width that they have not

    @property
    def code(self) -> WeightCode:
        """The weights' code."""
        return CODES[self.weight_code].of(self.weight_width)

    def lif(self, r: int = 1) -> Lif:
        """The neuron where it is of that family."""
        return Lif(self.membrane_width, r, self.leak, self.reset)

    def lifs(self, *rs: int) -> tuple[Lif, ...]:
        """Several of them."""
        return tuple(map(self.lif, rs))

    def neuron(self, r: int = 1) -> Neuron:
        """The neuron, with the membranes' unit 2^r."""
        if self.neuron_family == MemoryFree.family:
            return MemoryFree.fading(self.window, self.dilation or 1)
        fields = {"membrane_width": self.membrane_width, "r": r, "leak": self.leak, "reset": self.reset}
        return NEURONS[self.neuron_family].of(fields)

    @property
    def options(self) -> list[str]:
        """What ``mint train`` is told for it."""
        levels = next((name for name, (_, code) in LEVELS.items() if code == self.weight_code != Narrow.name), None)
        words = ["--levels", levels] if levels else ["-W", str(self.weight_width)]
        words += ["-U", str(self.membrane_width)] if self.membrane_width else []
        words += ["--leak", f"{self.leak:g}"] if self.leak != Lif.leak else []
        words += ["--reset", self.reset] if self.reset != Lif.reset else []
        if self.neuron_family == MemoryFree.family:
            dilation = str(self.dilation or "sawtooth")
            words += ["--neuron", self.neuron_family, "--window", str(self.window), "--taps", self.taps]
            words += ["--dilation", dilation] if dilation != "1" else []
        return words + (["--quantiser", self.quantiser] if self.quantiser != LEARNED_STEP else [])

    def __str__(self) -> str:
        free = self.neuron_family == MemoryFree.family
        others = (
            (self.weight_code, Narrow.name),
            (self.neuron_family, Lif.family),
            (f"k{self.window}" * free, ""),
            (f"d{self.dilation or 'sawtooth'}" * free, "d1" * free),
            (self.taps * free, LEARNED * free),
            (self.quantiser, LEARNED_STEP),
            (f"leak{self.leak:g}", f"leak{Lif.leak:g}"),
            (self.reset, Lif.reset),
        )
        named = [name for name, usual in others if name != usual]
        return "-".join([f"w{self.weight_width}u{self.membrane_width}", *named])


PRECISIONS = tuple(Precision(*widths) for widths in product(WIDTHS, WIDTHS))
"""Every pair of them."""
