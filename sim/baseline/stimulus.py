"""Random configurations, numbers and tiles for the baseline: ties and saturation on both sides."""

from dataclasses import dataclass, replace
from random import Random

import numpy as np

from model.baseline.config import Shifts, UqAction, UqConfig, full_scale_shifts
from model.baseline.law import Scales, UqBeat, UqResult, UqTile, round_shift, run_uq_tile
from model.config import PRECISIONS, Precision

SIZES = ((3, 2), (1, 1), (4, 3), (2, 4))
SCALE_BITS = (32, 8, 5, 2)


def uq_config(precision: Precision, index: int, *, shared: bool) -> UqConfig:
    """A small array; those of consecutive indices differ in size, scales and shifts."""
    rows, columns = SIZES[index % 4]
    bits = SCALE_BITS[index % 4]
    width = precision.code.accumulator_width
    full = full_scale_shifts(precision, width, bits)
    # With half the bits of the potential, every membrane saturates now and then.
    near = Shifts(full.weight, full.membrane + 1, max(bits, full.output - 2))
    return UqConfig(
        precision=precision,
        rows=rows,
        columns=columns,
        accumulator_width=width,
        scale_bits=bits,
        shared=shared,
        shifts=(near,) if index % 3 == 1 else (near, full, Shifts(1, -1, near.output)),
    )


UQ_CONFIGS = tuple(uq_config(precision, index, shared=False) for index, precision in enumerate(PRECISIONS))
"""Every pair of widths, a multiplier in every element."""

UQ_SHARED_CONFIGS = tuple(replace(config, shared=True) for config in UQ_CONFIGS)
"""The same with a multiplier per column."""


def random_number(random: Random, width: int) -> int:
    """A number of ``width`` bits: at an end, around 0, with one or two bits set, or anything."""
    low, high = -(1 << (width - 1)), (1 << (width - 1)) - 1
    one = random.choice([1, -1, 3, -3]) << random.randrange(width)
    ends = random.choice([low, high, -high])
    number = random.choice([ends, random.randint(-4, 4), one, random.randint(low, high)])
    return max(low, min(high, number))


def random_scale(random: Random, bits: int, operand: int, shift: int) -> int:
    """A scale of ``bits`` bits: all ones, anything, or one whose product with ``operand`` is a tie at ``shift``."""
    highest = (1 << bits) - 1
    if operand and random.random() < 0.4:
        place = shift - 1 - ((operand & -operand).bit_length() - 1)
        if 0 <= place < bits:
            return 1 << place
    return random.choice([highest, random.randint(0, highest), random.randint(1 << (bits - 1), highest)])


def random_output_scale(random: Random, config: UqConfig, potential: int, shift: int) -> int:
    """A scale of the potential; now and then one that makes the code below the least one, -Q - 1."""
    if potential < 0 and random.random() < 0.2:
        edge = ((config.precision.lif().limit + 1) << shift) // -potential
        if edge < 1 << config.scale_bits:
            return edge
    return random_scale(random, config.scale_bits, potential, shift)


@dataclass
class UqCoverage:
    """What the stimulus met; a bench that met less has shown less."""

    spikes: int = 0
    silences: int = 0
    ties: int = 0
    just_below: int = 0
    rounding_ties: int = 0
    negative_rounding_ties: int = 0
    saturated_low: int = 0
    saturated_high: int = 0
    edges: int = 0
    negative_membranes: int = 0

    def round(self, product: int, shift: int) -> None:
        """Count a product that is rounded at ``shift``."""
        tie = shift > 0 and product % (1 << shift) == 1 << (shift - 1)
        self.rounding_ties += tie and product > 0
        self.negative_rounding_ties += tie and product < 0

    def fire(self, config: UqConfig, potential: int, threshold: int, scale: int, shift: int) -> None:
        """Count an update's last product."""
        limit = config.precision.lif().limit
        self.spikes += potential >= threshold
        self.silences += potential < threshold
        self.ties += potential == threshold
        self.just_below += potential == threshold - 1
        self.round(scale * potential, shift)
        if potential < threshold:
            code = round_shift(scale * potential, shift)
            self.saturated_low += code < -limit
            self.saturated_high += code > limit
            self.edges += code == -limit - 1
            self.negative_membranes += -limit <= code < 0

    def check(self, *, without: tuple[str, ...] = ()) -> None:
        """Refuse a stimulus that missed something."""
        missed = [name for name, count in vars(self).items() if not count and name not in without]
        assert not missed, f"the stimulus missed {', '.join(missed)}: {self}"


def random_uq_tile(config: UqConfig, random: Random, beats: int, time_steps: int) -> UqTile:
    """A tile of ``beats`` of fan-in a time step."""
    limit = config.precision.code.limit
    last = time_steps * beats - 1
    steps = tuple(
        UqBeat(
            np.array([random.randrange(2) for _ in range(config.rows)]),
            np.array([random.randint(-limit, limit) for _ in range(config.columns)]),
            UqAction.FIRE_LAST
            if index == last
            else UqAction.FIRE
            if index % beats == beats - 1
            else UqAction.ACCUMULATE,
        )
        for index in range(last + 1)
    )
    shifts = random.choice(config.shifts)
    reach = 1 << random.randrange(config.accumulator_width - 4, config.accumulator_width)
    # What the beats add whatever spikes is taken out, as a host does; sums wrap around all the same.
    bias = np.array([random.randint(-reach, reach - 1) for _ in range(config.columns)]) - config.offset(beats)
    half = 1 << (config.accumulator_width - 1)
    bias = (bias + half) % (2 * half) - half
    bits = config.scale_bits
    weight, membrane, output = (random_scale(random, bits, 0, shift) for shift in shifts)
    scales = Scales(weight, membrane, output, shifts)

    # Thresholds among the potentials, so that there are both, and ties.
    high = (1 << (config.potential_width - 1)) - 1
    tile = UqTile(np.full(config.columns, high), bias, scales, steps)
    potentials = run_uq_tile(config, tile).potentials
    threshold = [
        random.choice([high, high, *(max(-high, int(row[column]) + random.randrange(2)) for row in potentials)])
        for column in range(config.columns)
    ]
    return replace(tile, threshold=np.clip(threshold, -high, high))


def random_uq_tiles(config: UqConfig, seed: int, count: int) -> list[UqTile]:
    """A sequence of ``count`` tiles."""
    random = Random(seed)
    return [random_uq_tile(config, random, random.randint(1, 6), random.randint(1, 3)) for _ in range(count)]


def count_uq_tile(config: UqConfig, coverage: UqCoverage, tile: UqTile, result: UqResult) -> None:
    """Count what the updates of a tile met."""
    for potentials in result.potentials:
        for potential, threshold in zip(potentials, tile.threshold, strict=True):
            coverage.fire(config, int(potential), int(threshold), tile.scales.output, tile.scales.shifts.output)
