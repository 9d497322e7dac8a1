"""What goes between lanes and memories, in bits an image: known before any synthesis.

Weights go to the lanes a row at a time, one for every token. Inputs and spikes are read a word at a time, for every
position again; places outside the map are not read. Spikes are written once, of a max pool every position's, and what
is there already is read for the OR. Membranes stay at the lanes while the time steps run, and have no memory; but in
the order streaming a word of theirs is read and written with every hand-over, of the last layer a word of sums.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.accelerator.config import AcceleratorConfig
from model.accelerator.layer_plan import LayerPlan


@dataclass(frozen=True)
class Traffic:
    """Bits an image, of one layer."""

    weights_read: float
    inputs_read: int
    """Pixels or spikes."""
    spikes_written: int
    spikes_merged: int
    """Read to be ORed: max pooling."""
    membranes: int
    """To and from a memory, of the last layer its sums."""

    @property
    def total(self) -> float:
        return self.weights_read + self.inputs_read + self.spikes_written + self.spikes_merged + self.membranes


def traffic(plan: LayerPlan, config: AcceleratorConfig, tokens: float) -> Traffic:
    """Of a layer whose words became so many ``tokens`` an image, all groups of output channels together."""
    width = config.input_word_width if plan.from_input else config.spike_width
    stored = plan.stored_map[0] * plan.stored_columns * config.time_steps * plan.groups * config.spike_width
    stored *= plan.stores
    kept = config.membrane_width * (plan.spiking and config.keeps) + config.accumulator_width * plan.reads_out
    # Of neighbouring positions, those that a max pool joins are ORed before they are written.
    merges = plan.pool**2 - 1 if plan.tile == 1 else plan.pool - 1
    writes = plan.pool if plan.at_once else plan.pool**2
    return Traffic(
        weights_read=tokens * config.lanes * config.code_width,
        inputs_read=word_reads(plan) * config.frames * width,
        spikes_written=stored * writes,
        spikes_merged=stored * merges,
        membranes=2 * plan.fires * config.frames * config.lanes * kept if config.streaming else 0,
    )


def word_reads(plan: LayerPlan) -> int:
    """Words that a layer reads of its sources' memories in a run; of an identity shortcut, one a position and step."""
    if not plan.window:
        skips = plan.positions[0] * plan.positions[1] * plan.rounds if plan.skip_memory is not None else 0
        words = (read_places(source) * source.read_rounds * source.words for source in plan.sources)
        return plan.groups * (sum(words) + skips)
    # Every input column once for a row of positions.
    covered = (plan.tiles[1] * plan.tile - 1) * plan.stride + plan.kernel[1]
    return plan.groups * _inside(plan, 0) * _within(np.arange(covered) - plan.padding, plan.source_limit[1])


def read_places(plan: LayerPlan) -> int:
    """Places of one source's map that the kernel covers, over all positions, without padding."""
    return _inside(plan, 0) * _inside(plan, 1) * plan.source_pool**2


def _inside(plan: LayerPlan, axis: int) -> int:
    """Of the kernel's places, over all positions along an axis, those that are not padding."""
    places = np.arange(plan.positions[axis])[:, None] * plan.stride + np.arange(plan.kernel[axis]) - plan.padding
    return _within(places, plan.source_limit[axis] // plan.source_pool)


def _within(places: NDArray[np.int64], extent: int) -> int:
    return int(((places >= 0) & (places < extent)).sum())


def membrane_bits(config: AcceleratorConfig) -> int:
    """Bits of the membranes that the lanes keep, in registers, or beside their shared neuron unit; streaming, none."""
    return config.lanes * config.membrane_width if config.keeps and not config.streaming else 0
