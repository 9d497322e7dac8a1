"""Memory footprint of weights and membranes, by formula.

    MiB = (N_W·b_W + N_U·S·B·b_U) / 8 / 2^20

with N_W weights of b_W bits, N_U spiking neurons with membranes of b_U bits, batch B, and S = T where the membrane of
every time step is kept, as back-propagation through time needs it (the accounting of MINT, arXiv 2305.09850, table of
memory footprints), or S = 1 where a neuron holds one, as inference does.
"""

from dataclasses import dataclass

from model.network.network import Network

MEBIBYTE = 8 << 20
"""In bits."""


@dataclass(frozen=True)
class Footprint:
    """Bits that weights and membranes take."""

    weight_bits: int
    membrane_bits: int

    @property
    def mebibytes(self) -> float:
        return (self.weight_bits + self.membrane_bits) / MEBIBYTE

    @property
    def membrane_share(self) -> float:
        """Share of the membranes in it, 0 to 1."""
        return self.membrane_bits / (self.weight_bits + self.membrane_bits)


def weights(network: Network) -> int:
    """N_W, the readout's included."""
    return sum(source.weight.size for layer in network.layers for source in layer.sources)


def neurons(network: Network) -> int:
    """N_U, the spiking neurons."""
    sizes = (network.shapes[layer.name] for layer in network.layers if layer.spiking)
    return sum(channels * height * width for channels, height, width in sizes)


def footprint(
    network: Network, *, weight_width: int, membrane_width: int, batch: int, time_steps: int = 1
) -> Footprint:
    """Footprint of ``network`` with b_W and b_U bits; ``time_steps`` is S above."""
    return Footprint(weights(network) * weight_width, neurons(network) * time_steps * batch * membrane_width)


@dataclass(frozen=True)
class PaperRow:
    """A row of the paper's comparison on CIFAR-10: method, b_W, b_U, accuracy in percent, batch, MB."""

    method: str
    weight_width: int
    membrane_width: int
    accuracy: float
    batch: int
    megabytes: float


PAPER = (
    PaperRow("STBP-Quant", 8, 14, 86.65, 50, 353.79),
    PaperRow("MINT", 8, 8, 88.25, 50, 95.41),
    PaperRow("ST-Quant", 5, 32, 88.6, 32, 751.04),
    PaperRow("MINT", 5, 5, 88.04, 32, 59.62),
    PaperRow("ADMM-Quant", 4, 32, 89.4, 50, 1279.66),
    PaperRow("STBP-Quant", 4, 10, 84.99, 50, 248.39),
    PaperRow("MINT", 4, 4, 88.12, 50, 47.71),
    PaperRow("ADMM-Quant", 2, 32, 89.23, 50, 1264.85),
    PaperRow("STBP-Quant", 2, 8, 33.53, 50, 195.68),
    PaperRow("MINT", 2, 2, 88.39, 50, 23.85),
)
"""As the paper lists them; the others' rows are of their own, larger networks. 5/5 is labelled batch 32, but its value
is that of batch 50."""

PAPER_WEIGHTS, PAPER_NEURONS, PAPER_BATCH, PAPER_TIME_STEPS = 1_736_896, 245_760, 50, 8
"""VGG-9 on 32 × 32 pixels, where the formula gives the paper's values."""
