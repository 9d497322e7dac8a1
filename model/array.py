"""The configuration of one generated systolic array: widths, ranges and latencies."""

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

from model.config import Precision
from model.errors import require
from model.inputs import PIXELS
from model.neurons import Lif

LARGEST_TIME_STEPS = 256


class Action(IntEnum):
    """What the array does after a beat: its neurons' sums pass the edge once, or stay where they are."""

    ACCUMULATE = 0
    """Nothing: the next beat follows."""
    DOUBLE = 1
    """Double every sum: between two bit planes of pixels."""
    DOUBLE_BIAS = 2
    """Double every sum and add the bias: before the last bit plane."""
    FIRE = 3
    """Add the bias and fire; the membranes stay for the next time step."""
    FIRE_LAST = 4
    """Add the bias and fire; ends the tile."""
    FIRE_HELD = 5
    """Fire at every time step from the same sums; ends the tile."""
    DRAIN = 6
    """Add the bias and hand the sums out; ends the tile."""
    CLEAR = 7
    """Throw the sums away; ends the tile. The array does it by itself after a reset."""

    @property
    def ends_tile(self) -> bool:
        return self >= Action.FIRE_LAST


@dataclass(frozen=True, kw_only=True)
class ArrayConfig:
    """One generated systolic array.

    Parameters
    ----------
    precision : Precision
        Widths of weights and membranes, the widest that it runs.
    rows, columns : int
        Processing elements: rows are output positions, columns are output channels.
    accumulator_width : int
        Bits of accumulators, biases and thresholds (two's complement).
    neurons : tuple of Lif
        What the neuron units support, ascending, of one family; a tile selects one by index. A membrane that is
        narrower than the widest saturates at its own width.
    time_steps : int
        Steps T that a pixel tile fires in a row.
    joins : bool
        Whether the neuron units add J to the bias where an identity shortcut spikes.
    retire : bool
        Whether the array has the observation port with H, spike and membrane of every neuron.
    """

    precision: Precision
    rows: int = 16
    columns: int = 8
    accumulator_width: int
    neurons: tuple[Lif, ...]
    time_steps: int = 4
    joins: bool = False
    retire: bool = False

    def __post_init__(self) -> None:
        require(1 <= self.rows <= 256, f"{self.rows} rows; an array has 1 to 256")
        require(1 <= self.columns <= 256, f"{self.columns} columns; an array has 1 to 256")
        require(
            1 <= self.time_steps <= LARGEST_TIME_STEPS,
            f"{self.time_steps} time steps; an array fires 1 to {LARGEST_TIME_STEPS}",
        )
        require(
            self.weight_width < self.accumulator_width <= 32,
            f"an accumulator of {self.accumulator_width} bits for weights of {self.weight_width} bits; "
            f"it needs {self.weight_width + 1} to 32",
        )
        require(
            self.accumulator_width >= self.membrane_width,
            f"an accumulator of {self.accumulator_width} bits for membranes of {self.membrane_width} bits; "
            f"it needs {self.membrane_width} or more",
        )
        found = ", ".join(neuron.describe() for neuron in self.neurons) or "none"
        require(
            len(self.neurons) > 0 and list(self.neurons) == sorted(set(self.neurons)),
            f"neurons with {found}; they must be distinct and ascending, at least one",
        )
        widest = max(neuron.membrane_width for neuron in self.neurons)
        require(
            widest == self.precision.membrane_width,
            f"neurons with {found} in an array for membranes of {self.precision.membrane_width} bits; "
            "the widest must have them",
        )
        for neuron in self.neurons:
            require(
                neuron.load_width <= self.accumulator_width,
                f"r = {neuron.r} loads membranes of up to {neuron.load_width} bits, "
                f"beyond the accumulator's {self.accumulator_width}; lower r or widen the accumulator",
            )

    @property
    def weight_width(self) -> int:
        return self.precision.weight_width

    @property
    def membrane_width(self) -> int:
        """Of the ports and registers; a bit, which is always 0, where no neuron keeps anything."""
        return max(1, self.precision.membrane_width)

    @property
    def processing_elements(self) -> int:
        return self.rows * self.columns

    @cached_property
    def accumulator_range(self) -> tuple[int, int]:
        """Least and greatest number that an accumulator holds."""
        return -(1 << (self.accumulator_width - 1)), (1 << (self.accumulator_width - 1)) - 1

    # Latency, in cycles, when every input is there and every output is taken. These are the numbers
    # that the docstrings state, mint.json prints and the benches measure.

    @property
    def settle_cycles(self) -> int:
        """Between a step and its action: the control's token is on its way, the elements' carries are added."""
        return 1

    @property
    def keep_cycles(self) -> int:
        """DOUBLE, DOUBLE_BIAS, CLEAR: once round the rows and the neuron unit's potential register."""
        return self.settle_cycles + self.rows + 1

    @property
    def fire_cycles(self) -> int:
        """FIRE: once round the rows and the neuron unit's two registers, potential and membrane."""
        return self.settle_cycles + self.rows + 2

    @property
    def leave_cycles(self) -> int:
        """FIRE_LAST: out of the rows; nothing returns."""
        return self.settle_cycles + self.rows

    @property
    def held_cycles(self) -> int:
        """FIRE_HELD: two cycles from a time step's potential to the next one's, row after row."""
        return self.settle_cycles + self.rows * (2 * self.time_steps - 1)

    @property
    def drain_cycles(self) -> int:
        """DRAIN: a row waits until the last column has its sum, and a cycle more for its way out to stop."""
        return self.settle_cycles + self.rows * (self.columns + 1)

    @property
    def parameter_cycles(self) -> int:
        """The parameters of a tile, one column after another."""
        return self.columns

    @property
    def result_cycles(self) -> int:
        """From a potential's way into the first column's neuron unit to its spikes at the output."""
        return self.columns + 1

    def spiking_tile_cycles(self, beats: int, time_steps: int) -> int:
        """Parameters, then ``beats`` (the fan-in) and a FIRE per time step, the last one a FIRE_LAST."""
        return self.parameter_cycles + time_steps * beats + (time_steps - 1) * self.fire_cycles + self.leave_cycles

    def pixel_tile_cycles(self, beats: int) -> int:
        """Parameters, ``beats`` (the fan-in) a bit plane, doublings between them, then every row fires T times."""
        return self.parameter_cycles + PIXELS.planes * beats + (PIXELS.planes - 1) * self.keep_cycles + self.held_cycles

    def sums_tile_cycles(self, beats: int) -> int:
        """Parameters, ``beats`` (the fan-in of all time steps), then row after row of sums."""
        return self.parameter_cycles + beats + self.drain_cycles

    def offset(self, beats: int) -> int:
        """What ``beats`` steps add to every sum, whatever spikes; the host takes it out of the bias.

        A step adds 2^(W-1), so that a processing element's addend is never negative; a step before n
        doublings counts 2^n times.
        """
        return beats << (self.weight_width - 1)
