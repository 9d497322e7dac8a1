"""Energy of an inference by the formulas of SATA, the simulator that MINT cites (arXiv 2305.09850).

Unit energies are those of 16-bit operations and words, in the simulator's unit (presumably pJ); at b bits they are b/16
of it. A layer of K·E² neurons with weights of W bits and membranes of U bits, fan-in F, I input bits a time step,
of which a share d is set, takes over T time steps

    d·F·K·E²·T     additions, each an AND and an accumulate of W bits
    K·E²·T         neuron updates, each an add, a compare, two multiplexers, three registers and a shift of U bits
    DRAM           K·F·W + (K·E²·U + I)·T bits
    SRAM           twice that
    scratchpad     2·(K·F·W + I·T) bits

Ours beside the simulator: a layer that reads pixels does so once, as eight bit planes, not at T time steps, and one
that reads counts has their planes at each; a count after sum pooling is as many spikes; the readout has no neuron
updates.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from model.costs.evaluation import Evaluation
from model.errors import require
from model.network.graph import Layer
from model.network.network import Network
from model.neurons import MemoryFree

REFERENCE_BITS = 16
ADD, AND, ACCUMULATE, COMPARE, MULTIPLEX, REGISTER, SHIFT = 0.00967, 0.000794, 0.0389, 0.00309, 0.00172, 0.0301, 0.00605
"""Of a 16-bit operation."""
DRAM, SRAM, SCRATCHPAD = 55.58, 1.95, 0.2779
"""Of a 16-bit word."""

ADDITION = AND + ACCUMULATE
UPDATE = ADD + COMPARE + 2 * MULTIPLEX + 3 * REGISTER + SHIFT


@dataclass(frozen=True)
class LayerEnergy:
    """Energies of one layer in an inference, and the share of its input bits that are set."""

    name: str
    density: float
    additions: float
    updates: float
    dram: float
    sram: float
    scratchpad: float

    @property
    def compute(self) -> float:
        return self.additions + self.updates

    @property
    def memory(self) -> float:
        return self.dram + self.sram + self.scratchpad


def input_densities(evaluation: Evaluation) -> dict[str, float]:
    """Share of each layer's dense additions that its inputs cause, as measured."""
    return {layer.name: layer.operations / layer.dense_operations for layer in evaluation.layers}


def energies(network: Network, densities: Mapping[str, float], *, pixels_as_spikes: bool = False) -> list[LayerEnergy]:
    """Energy of every layer; ``pixels_as_spikes`` counts pixels as the simulator does, a bit each at T time steps.

    Raises UserError of memory-free neurons: the formulas know membranes, and nothing of sums or inputs that are kept.
    """
    for layer in network.layers:
        require(
            not isinstance(layer.neuron, MemoryFree),
            f"layer {layer.name} has memory-free neurons, which SATA's formulas do not know; mint estimate has their "
            "additions and the bits that they keep",
        )
    return [_energy(network, layer, densities[layer.name], pixels_as_spikes) for layer in network.layers]


def _energy(network: Network, layer: Layer, density: float, pixels_as_spikes: bool) -> LayerEnergy:
    require(0 <= density <= 1, f"layer {layer.name}: a density of {density:g}; choose 0 to 1")
    steps = network.time_steps
    rounds = steps if pixels_as_spikes else network.rounds(layer)
    channels, height, width = network.shapes[layer.name]
    neurons = channels * height * width
    fan_in = input_bits = weight_bits = 0
    for source in layer.sources:
        repeat = network.largest_repeat(source.origin)
        inputs, rows, columns = network.output_shape(source.origin)
        fan_in += source.fan_in * repeat
        input_bits += inputs * rows * columns * repeat * rounds
        weight_bits += source.weight.size * layer.code.bits
    kept = layer.state_bits or network.precision.membrane_width  # the readout's potentials: as the neurons' before it
    potential_bits = neurons * steps * kept
    dram = weight_bits + potential_bits + input_bits
    return LayerEnergy(
        name=layer.name,
        density=density,
        additions=density * fan_in * neurons * rounds * ADDITION * layer.code.bits / REFERENCE_BITS,
        updates=layer.spiking * neurons * steps * UPDATE * layer.state_bits / REFERENCE_BITS,
        dram=dram * DRAM / REFERENCE_BITS,
        sram=2 * dram * SRAM / REFERENCE_BITS,
        scratchpad=2 * (weight_bits + input_bits) * SCRATCHPAD / REFERENCE_BITS,
    )
