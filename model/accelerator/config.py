"""What a whole-network accelerator is: its lanes, its memories, and the loops of every layer.

One object tells the generator, the memory images, the cycle estimate and the benches the same facts. A layer is the
loop nest

    for group, y, x (output channels in groups of ``lanes``; output positions), for round (time step, or bit plane of
    pixels, most significant first), for kernel row, kernel column, pooled row, pooled column, word of channels

and every set bit of such a word takes one cycle, in which all lanes add that input's weights. A linear layer is a
convolution whose kernel covers the map. Where several sources join, each has such a nest, and every round (of the last
layer: all rounds) is that of the first source, then those of the others. Of an identity shortcut units read the spikes.

That is the dataflow ``skip``. Where a group has fewer channels than there are lanes, a layer may cut the lanes into
``rows``, each with all channels of a group (and a copy of their weights): lane i is channel i mod ``row_lanes`` of row
i // ``row_lanes``. A word is then read for every row, what is set in any of them takes a cycle, and each row adds where
its own bit is set. Rows are the time steps of one position (``time-parallel``), or neighbouring positions of a row of
the map (``systolic``: output-stationary, inputs broadcast instead of skewed, those silent in all rows skipped).

In all of these the time steps of a position follow each other, and its membranes stay at the lanes. In the order
``streaming``, for inputs that are spikes, the time step is outermost: every time step is a packet of its own, a
*frame*, and runs through all layers as it comes; membranes wait in a memory for the next one.
"""

from dataclasses import dataclass
from functools import cached_property

from model.accelerator.events import EVENT_WIDTH, require_events
from model.accelerator.layer_plan import SKIP, LayerPlan
from model.arithmetic import number_width
from model.codes import Binary
from model.errors import require
from model.inputs import Inputs
from model.network.graph import Readout
from model.neurons import MemoryFree, Neuron

LARGEST_LANES = 1024
LARGEST_STORED_STEPS = 256
"""Time steps whose spikes lie in memories at once; ``streaming`` stores those of one, or of a window."""
INPUT_WORD = 32
"""Inputs in a word where the first layer is linear."""
MIXED = "mixed"
"""Layers of several dataflows besides ``skip``."""
STREAMING = "streaming"
"""Time steps outermost, of all layers; each of them is ``skip``."""
Choice = tuple[str, int]
"""A layer's dataflow, and its rows."""
WINDOW_WORD, WINDOW_BITS = 64, 8192
"""Spikes pass through a window of at most so many inputs, and so many bits of them in all time steps."""
FEED_DEPTH = 8
"""Words that wait for the skip unit."""


@dataclass(frozen=True, kw_only=True)
class AcceleratorConfig:
    """One generated accelerator.

    Parameters
    ----------
    lanes : int
        Accumulators, each for an output channel; inputs are broadcast to all of them.
    lanes_per_neuron_unit : int
        Of 1, a unit works while its lane goes on; of more, their sums pass through it in turn while the lanes wait.
    code_width, weight_width, membrane_width, accumulator_width : int
        The widest of all layers, of weights in memory and at the lanes; a membrane has one bit where none is kept.
    modes, layers : tuple of Neuron, tuple of LayerPlan
        What neuron units support, of which a layer selects one; layers in the order in which they run.
    streaming, lasts : bool
        Whether all layers run for a time step before the next one; whether membranes then last for a whole recording.
    events : bool
        Whether the input is a stream of :mod:`~model.accelerator.events`, and not of all places.
    """

    lanes: int
    lanes_per_neuron_unit: int = 1
    code_width: int
    weight_width: int
    membrane_width: int
    accumulator_width: int
    time_steps: int
    inputs: Inputs
    input_shape: tuple[int, int, int]
    modes: tuple[Neuron, ...]
    layers: tuple[LayerPlan, ...]
    readout: str = Readout.SUM
    streaming: bool = False
    lasts: bool = False
    events: bool = False
    retire: bool = False

    def __post_init__(self) -> None:
        require(1 <= self.lanes <= LARGEST_LANES, f"{self.lanes} lanes; an accelerator has 1 to {LARGEST_LANES}")
        share = self.lanes_per_neuron_unit
        require(
            share >= 1 and self.lanes % share == 0,
            f"{share} lanes per neuron unit; it must divide the {self.lanes} lanes",
        )
        require(
            self.rows == 1 or share == 1,
            f"{share} lanes per neuron unit; lanes in rows have a neuron unit each: choose 1, or the dataflow skip",
        )
        if self.events:
            require(
                not self.inputs.static,
                f"a stream of events has spikes or counts, and this network's input is {self.inputs}: choose frames",
            )
            require_events(self.input_shape)

    @property
    def frames(self) -> int:
        """Packets of an image, and times that the layers run for it."""
        return self.time_steps if self.streaming else 1

    @property
    def frame_steps(self) -> int:
        """Time steps for which the layers run at a time."""
        return self.time_steps // self.frames

    @property
    def totals(self) -> bool:
        """Whether the last layer has neurons, of which spikes or potentials are added up."""
        return self.readout != Readout.SUM

    @property
    def dataflow(self) -> str:
        """Of the layers with rows, or ``skip`` where there is none; or ``streaming``."""
        if self.streaming:
            return STREAMING
        found = {layer.dataflow for layer in self.layers} - {SKIP}
        return MIXED if len(found) > 1 else next(iter(found), SKIP)

    @property
    def rows(self) -> int:
        """Of the layer that has most."""
        return max(layer.rows for layer in self.layers)

    @property
    def relays(self) -> bool:
        """Whether membranes go from lane to lane: where rows are time steps."""
        return any(layer.steps_together for layer in self.layers)

    @property
    def skips(self) -> bool:
        """Whether neuron units add an identity shortcut."""
        return any(layer.skip_memory is not None for layer in self.layers)

    @property
    def chain(self) -> bool:
        """Whether every layer reads the one before, and nothing else."""
        return not self.skips and all(
            (layer.memory, layer.source_memory, layer.joined) == (index % 2, (index + 1) % 2 if index else 0, ())
            for index, layer in enumerate(self.layers)
        )

    @property
    def neuron_units(self) -> int:
        return self.lanes // self.lanes_per_neuron_unit

    @cached_property
    def word_width(self) -> int:
        """Bits of the widest word that the skip unit takes."""
        return max(
            min(layer.word_channels, layer.source_channels) * (layer.fan_in // layer.source_channels)
            if layer.window
            else min(layer.word_channels, layer.source_channels)
            for plan in self.layers
            for layer in plan.sources
        )

    @property
    def weight_rows(self) -> int:
        return sum(layer.groups * layer.group_rows for layer in self.layers)

    @property
    def parameter_rows(self) -> int:
        return sum(layer.groups for layer in self.layers) * self.lanes_per_neuron_unit

    @property
    def classes(self) -> int:
        return self.layers[-1].channels

    @property
    def output_groups(self) -> int:
        return self.layers[-1].groups

    # Input: one beat a position (its channels), or INPUT_WORD inputs of a linear layer; pixels there four a beat.
    @property
    def beat_values(self) -> int:
        """Inputs in a beat."""
        first = self.layers[0]
        if first.static and not first.window:
            return min(4, first.source_channels)
        return first.word_channels if not first.window else first.source_channels

    @property
    def beat_bits(self) -> int:
        """Bits of an input beat that count."""
        return self.beat_values * self.inputs.planes

    @property
    def input_width(self) -> int:
        """Bits of the input port: as bytes, a power of two, which are the widths that DMA engines have."""
        return EVENT_WIDTH if self.events else max(8, 1 << number_width(self.beat_bits))

    @property
    def input_beats(self) -> int:
        """Beats of a packet: an image, or a frame of it; of events it may have more or fewer."""
        first = self.layers[0]
        steps = 1 if first.static else first.stored_rounds // first.planes
        values = first.source_channels if not first.window else self.beat_values
        return steps * first.source_map[0] * first.source_map[1] * -(-values // self.beat_values)

    @property
    def input_word_width(self) -> int:
        """Bits of a word of the input memory."""
        first = self.layers[0]
        if first.window:
            return first.source_channels * first.rounds
        return min(first.word_channels, first.source_channels) * first.value_bits

    @property
    def input_part_width(self) -> int:
        """Bits of a word of the input memory that are written at a time: of a window of spikes, a time step's."""
        return self.beat_bits if self.layers[0].window else self.input_word_width

    @property
    def input_memories(self) -> int:
        """Two for events, or where words are written in parts: what is there is read before, beside another packet."""
        return 2 if self.events or self.input_part_width != self.input_word_width else 1

    @property
    def input_words(self) -> int:
        """Words of a packet in the input memory, which has room for several."""
        first = self.layers[0]
        places = first.source_map[0] * first.source_map[1]
        return places if first.window else places * first.word_rounds * first.words

    def input_place(self, row: int, column: int, step: int, channel: int) -> tuple[int, int]:
        """Word and lowest bit of a spike or count in a packet's part of the input memory.

        Of a window, a word has the time steps of a position, of each channel the first one in the highest bits.
        """
        first = self.layers[0]
        place = row * first.source_map[1] + column
        if first.window:
            return place, (channel + 1) * first.rounds - (step + 1) * first.planes
        word, value = divmod(channel, first.word_channels)
        return (place * first.word_rounds + step) * first.words + word, value * first.value_bits

    @cached_property
    def furthest(self) -> int:
        """Frames that layers look back at most."""
        return max((turn.back for layer in self.layers for turn in layer.history), default=0)

    @property
    def slot_bits(self) -> int:
        """Of the lower bits of an address of spikes, which frame's they are: 2^bits frames are kept."""
        inner = (turn.back for layer in self.layers if not layer.from_input for turn in layer.history)
        return max(inner, default=0).bit_length()

    @property
    def bank_bits(self) -> int:
        """Of the upper bits of an address of the input, which packet's it is: one that comes, or one that is read."""
        return (max((turn.back for turn in self.layers[0].history), default=0) + 1).bit_length()

    @property
    def negates(self) -> bool:
        """Whether some sums are subtracted."""
        return any(turn.sign < 0 for layer in self.layers for turn in layer.history)

    @property
    def input_depth(self) -> int:
        """Words of an input memory: of packets, where the upper bits of the address say which one."""
        packets = (1 << self.bank_bits) // self.input_memories
        return ((packets - 1) << number_width(self.input_words)) + self.input_words

    @property
    def spike_width(self) -> int:
        """Bits of a word of the spike memories: of a position, or several, one time step and group of channels."""
        widths = (layer.row_lanes * layer.together for layer in self.layers if layer.stores)
        return max(widths, default=self.lanes)

    @cached_property
    def spike_memories(self) -> dict[str, int]:
        """Words of the spike memories, by name: layers take turns with two of them, unless joins need more, or windows
        of earlier frames, which every layer keeps."""
        count = 1 + max((layer.memory for layer in self.layers if layer.stores), default=0)
        names = ["even", "odd"] if count <= 2 else [str(number) for number in range(1, count + 1)]
        words = dict.fromkeys(names, 0)
        for layer in self.layers:
            if layer.stores:
                own = layer.stored_map[0] * layer.stored_columns * self.frame_steps * layer.groups << self.slot_bits
                words[names[layer.memory]] = max(words[names[layer.memory]], own)
        return words

    @property
    def spike_address_width(self) -> int:
        """Bits of an address of any spike memory, and of the number of a position within a word."""
        together = max(layer.together for layer in self.layers)
        return number_width(max(1, *self.spike_memories.values()) * together)

    @property
    def membrane_words(self) -> int:
        """Words of the memory of membranes, of a membrane a neuron unit; none unless streaming."""
        fires = (layer.fires for layer in self.layers if layer.spiking)
        return sum(fires) * self.lanes_per_neuron_unit if self.streaming and self.keeps else 0

    @property
    def signless(self) -> bool:
        """Whether lanes add b = (w + 1)/2 of binary weights: Σ w·x = 2·Σ b·x - Σ x, which units make of sums.

        It takes a counter of inputs for all lanes, and a subtraction per unit: worth while where lanes share one.
        """
        return self.lanes_per_neuron_unit > 1 and all(layer.code == Binary.name for layer in self.layers)

    @property
    def lane_weight_width(self) -> int:
        """Bits of a weight as a lane adds it."""
        return 1 if self.signless else self.weight_width

    @property
    def keeps(self) -> bool:
        """Whether any neuron keeps something between two time steps."""
        return any(mode.state_bits for mode in self.modes)

    @property
    def past_sums(self) -> int:
        """Sums of earlier time steps that a lane keeps: of memory-free neurons, unless windows are of frames."""
        depths = (mode.depth for mode in self.modes if isinstance(mode, MemoryFree))
        return 0 if self.streaming else min(max(depths, default=0), self.time_steps - 1)

    @property
    def history_bits(self) -> int:
        """Bits of the spike and input memories for frames before the one that is computed or comes."""
        earlier = sum(words - (words >> self.slot_bits) for words in self.spike_memories.values())
        packets = ((1 << self.bank_bits) - 2) << number_width(self.input_words)
        return earlier * self.spike_width + packets * self.input_word_width

    @property
    def sum_words(self) -> int:
        """Words of the memory of the last layer's sums so far, of a sum a neuron unit; none unless streaming."""
        return self.layers[-1].fires * self.lanes_per_neuron_unit if self.streaming else 0

    @property
    def memory_bits(self) -> dict[str, int]:
        """Bits of every memory."""
        sizes = {
            "weights": self.weight_rows * self.lanes * self.code_width,
            "parameters": self.parameter_rows * self.neuron_units * (2 + self.skips) * self.accumulator_width,
            "input": self.input_memories * self.input_depth * self.input_word_width,
        }
        if self.streaming:
            sizes["membranes"] = self.membrane_words * self.neuron_units * self.membrane_width
            sizes["sums"] = self.sum_words * self.neuron_units * self.accumulator_width
        return sizes | {f"spikes {name}": words * self.spike_width for name, words in self.spike_memories.items()}

    def fire_interval(self, layer: LayerPlan) -> int:
        """From a token that fires to the next one that may fire (a unit per lane) or to any next one (shared units)."""
        share = self.lanes_per_neuron_unit
        times = self.frame_steps if layer.fires_steps_together else 1
        if share == 1:
            # A tile that is one place of a max pool is written before the same place is read for the row below.
            meets = self.frame_steps == 1 and layer.parts == layer.pool > 1
            return layer.step_interval * times + meets
        return share * times + 1
