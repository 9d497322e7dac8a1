"""What an accelerator does for one layer: loops, and where everything lies."""

from dataclasses import dataclass
from typing import NamedTuple

from model.accelerator.history import Turn

SKIP, TIME_PARALLEL, SYSTOLIC = DATAFLOWS = ("skip", "time-parallel", "systolic")


class Steps(NamedTuple):
    """How far apart neighbouring words of spikes are."""

    row: int
    column: int
    time: int
    word: int


@dataclass(frozen=True, kw_only=True)
class LayerPlan:
    """Loops and places of one layer.

    Words of the source are stored as [row][column][round][word]; weights as rows of ``lanes`` codes, of a group
    [kernel row][kernel column][channel]; parameters as rows of one threshold and bias a neuron unit.
    """

    name: str
    dataflow: str
    rows: int
    """Parts of the lanes, each with its own time step or position; of ``skip``, 1."""
    row_lanes: int
    """Lanes of a row: the channels of a group."""
    spiking: bool
    from_input: bool
    planes: int
    """Bit planes of the source at a time step, which are read one after another."""
    static: bool
    """Whether the source, and so the sums, are the same at every time step."""
    window: bool
    """Whether inputs pass through a window of the kernel's size, so that a word is a bit plane or a time step of all
    pixels in it."""
    kernel: tuple[int, int]
    stride: int
    padding: int
    source_channels: int
    source_map: tuple[int, int]
    """Rows and columns that are stored."""
    source_pool: int
    """Sum pooling between source and layer, done by reading; else 1."""
    word_channels: int
    """Channels in a word."""
    words: int
    """Words of one position and round."""
    rounds: int
    """Time steps and their bit planes that are read one after another."""
    positions: tuple[int, int]
    channels: int
    groups: int
    pool: int
    """Max pooling of the spikes on their way into the memory; else 1."""
    weight_row: int
    parameter_row: int
    mode: int
    code: str
    memory: int = 0
    """The spike memory that the layer writes."""
    source_memory: int = 0
    """The spike memory that it reads, unless it reads the input."""
    joined: "tuple[LayerPlan, ...]" = ()
    """The layer once more for each further weighted source: with that one's loops and places."""
    skip_memory: int | None = None
    """The spike memory of the identity shortcut."""
    reads_out: bool = False
    """Whether it is the last layer."""
    source_together: int = 1
    """Neighbouring positions in a word of the source."""
    source_columns: int = 0
    """Where those are several: columns that are stored, those beyond the last one included."""
    history: tuple[Turn, ...] = ()
    """The turns of a frame, of memory-free neurons in the order ``streaming``; they are rounds."""

    @property
    def stores(self) -> bool:
        """Whether its spikes are stored."""
        return self.spiking and not self.reads_out

    @property
    def sources(self) -> "tuple[LayerPlan, ...]":
        """The layer, with the loops and places of each weighted source."""
        return self, *self.joined

    @property
    def fan_in(self) -> int:
        """Rows of weights of a group, of this source."""
        return self.kernel[0] * self.kernel[1] * self.source_channels

    @property
    def group_rows(self) -> int:
        """Rows of weights of a group, of all sources."""
        return sum(source.fan_in for source in self.sources)

    @property
    def fire_rounds(self) -> int:
        """Rounds whose sums are handed over together: the bit planes of a time step; or all rounds."""
        return self.planes if self.fires_each_step else self.rounds

    @property
    def fires_each_step(self) -> bool:
        """Whether sums are handed over after every time step."""
        return self.spiking and not self.static and not self.history

    @property
    def steps_together(self) -> bool:
        """Whether rows are time steps."""
        return self.dataflow == TIME_PARALLEL

    @property
    def tile(self) -> int:
        """Neighbouring positions whose sums are made together."""
        return self.rows if self.dataflow == SYSTOLIC else 1

    @property
    def at_once(self) -> bool:
        """Whether a tile's spikes are a word: of a window of spikes, where the pooled columns are a power of two."""
        columns = self.tile // self.pool
        return self.tile > 1 and self.window and not self.static and columns & (columns - 1) == 0

    @property
    def parts(self) -> int:
        """Words of spikes of a tile, time step and group, which are written one after another."""
        return 1 if self.at_once else self.tile

    @property
    def together(self) -> int:
        """Neighbouring positions in a word of spikes."""
        return self.tile // self.pool if self.at_once else 1

    @property
    def tiles(self) -> tuple[int, int]:
        """Rows and columns of tiles; the last tile of a row may have fewer positions."""
        return self.positions[0], -(-self.positions[1] // self.tile)

    @property
    def fires(self) -> int:
        """Hand-overs to the neuron units in a time step."""
        return self.groups * self.tiles[0] * self.tiles[1]

    @property
    def stored_rounds(self) -> int:
        """Time steps and bit planes that the source has of a place, of a frame."""
        return self.planes if self.history else self.rounds * (self.rows if self.steps_together else 1)

    @property
    def value_bits(self) -> int:
        """Bits of an input that are next to each other in a word: of counts, unless rounds are words of their own or
        all of them are in a window's word."""
        return 1 if self.static or self.window else self.planes

    @property
    def word_rounds(self) -> int:
        """Words that the source has of a place, one after another, of a frame; a word has all bit planes of counts."""
        return self.stored_rounds // self.value_bits

    @property
    def read_rounds(self) -> int:
        """Rounds in which words are read."""
        return sum(turn.sign != 0 for turn in self.history) if self.history else self.stored_rounds

    @property
    def fires_steps_together(self) -> bool:
        """Whether the sums of all time steps are handed over together: of pixels, they are the same."""
        return self.static or self.steps_together

    @property
    def step_interval(self) -> int:
        """Cycles from a time step's potentials to the next one's: two stages; a cycle for each word of spikes."""
        return max(2, self.parts)

    @property
    def source_limit(self) -> tuple[int, int]:
        """Rows and columns of the source that count; sum pooling drops odd ends."""
        rows, columns = (extent // self.source_pool * self.source_pool for extent in self.source_map)
        return rows, columns

    @property
    def stored_map(self) -> tuple[int, int]:
        """Rows and columns of what the layer stores."""
        return self.positions[0] // self.pool, self.positions[1] // self.pool

    @property
    def stored_columns(self) -> int:
        """Words of a row of what the layer stores, of a time step and group."""
        return self.tiles[1] if self.together > 1 else self.stored_map[1]

    def stored_steps(self, steps: int) -> Steps:
        """Of the words that the layer stores of so many time steps, [row][column][time step][group]; where a word has
        several positions [time step][group][row][column], so that numbers of positions are consecutive in a row."""
        if self.together == 1:
            column = steps * self.groups
            return Steps(self.stored_columns * column, column, self.groups, 1)
        word = self.stored_map[0] * self.stored_columns
        return Steps(self.stored_columns, 1, self.groups * word, word)

    @property
    def source_steps(self) -> Steps:
        """Of what the layer reads, positions: where a word has several, their numbers are in the lowest bits."""
        if self.source_together == 1:
            column = self.word_rounds * self.words
            return Steps(self.source_map[1] * column, column, self.words, 1)
        word = self.source_map[0] * self.source_columns
        return Steps(self.source_columns, 1, self.words * word, word)
