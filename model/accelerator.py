"""What a whole-network accelerator is: its lanes, its memories, and the loops of every layer.

One object tells the generator, the memory images, the cycle estimate and the benches the same facts. The dataflow is
zero-skipping broadcast: a layer is the loop nest

    for group, y, x (output channels in groups of ``lanes``; output positions), for round (time step, or bit plane of
    pixels, most significant first), for kernel row, kernel column, pooled row, pooled column, word of channels

and every set bit of such a word takes one cycle, in which all lanes add that input's weights. A linear layer is a
convolution whose kernel covers the map.

Time-parallel is the same with ``rows`` = T accumulators a lane: a word is what is set in any time step, a set bit's
weights are fetched once and added to the sums of the steps in which it is set.
"""

from dataclasses import dataclass
from functools import cached_property

from model.config import PIXEL_BITS, Mode, require
from model.network import Layer, Network

LARGEST_LANES = 1024
INPUT_WORD = 32
"""Inputs in a word where the first layer is linear."""
DATAFLOWS = ("skip", "time-parallel")
FEED_DEPTH = 8
"""Words that wait for the skip unit."""


@dataclass(frozen=True, kw_only=True)
class LayerPlan:
    """Loops and places of one layer.

    Words of the source are stored as [row][column][round][word]; weights as rows of ``lanes`` codes, of a group
    [kernel row][kernel column][channel]; parameters as rows of one threshold and bias a neuron unit.
    """

    name: str
    spiking: bool
    from_input: bool
    pixels: bool
    """Whether the source is pixels: rounds are bit planes, and sums are the same at every time step."""
    window: bool
    """Whether pixels pass through a window of the kernel's size, so that a word is a plane of all its pixels."""
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
    parallel: bool
    """Whether all time steps of a word are read at once; then there is one round."""
    positions: tuple[int, int]
    channels: int
    groups: int
    pool: int
    """Max pooling of the spikes on their way into the memory; else 1."""
    weight_row: int
    parameter_row: int
    mode: int

    @property
    def fan_in(self) -> int:
        """Rows of weights of a group."""
        return self.kernel[0] * self.kernel[1] * self.source_channels

    @property
    def fires_steps_together(self) -> bool:
        """Whether the sums of all time steps are handed over together: of pixels, they are the same."""
        return self.pixels or self.parallel

    @property
    def source_limit(self) -> tuple[int, int]:
        """Rows and columns of the source that count; sum pooling drops odd ends."""
        rows, columns = (extent // self.source_pool * self.source_pool for extent in self.source_map)
        return rows, columns

    @property
    def stored_map(self) -> tuple[int, int]:
        """Rows and columns of what the layer stores."""
        return self.positions[0] // self.pool, self.positions[1] // self.pool


@dataclass(frozen=True, kw_only=True)
class AcceleratorConfig:
    """One generated accelerator.

    Parameters
    ----------
    lanes : int
        Accumulators, each for an output channel; inputs are broadcast to all of them.
    rows : int
        Accumulators a lane, one a time step; 1 or T.
    lanes_per_neuron_unit : int
        Lanes that share a neuron unit. Of 1, a unit works while its lane goes on; of more, the sums pass through it one
        after another while the lanes wait.
    weight_width, membrane_width, accumulator_width : int
        The widest of all layers.
    modes : tuple of Mode
        What neuron units support, a layer selects one.
    layers : tuple of LayerPlan
        In the order in which they run.
    """

    lanes: int
    rows: int = 1
    lanes_per_neuron_unit: int = 1
    weight_width: int
    membrane_width: int
    accumulator_width: int
    time_steps: int
    input_kind: str
    input_shape: tuple[int, int, int]
    modes: tuple[Mode, ...]
    layers: tuple[LayerPlan, ...]
    retire: bool = False

    def __post_init__(self) -> None:
        require(1 <= self.lanes <= LARGEST_LANES, f"{self.lanes} lanes; an accelerator has 1 to {LARGEST_LANES}")
        share = self.lanes_per_neuron_unit
        require(
            share >= 1 and self.lanes % share == 0,
            f"{share} lanes a neuron unit; it must divide the {self.lanes} lanes",
        )
        require(
            self.rows == 1 or (self.rows == self.time_steps and share == 1),
            f"{self.rows} rows with {share} lanes a neuron unit; time-parallel lanes have a row for each of "
            f"{self.time_steps} time steps and a neuron unit each",
        )

    @property
    def dataflow(self) -> str:
        return DATAFLOWS[self.rows > 1]

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
            for layer in self.layers
        )

    @property
    def weight_rows(self) -> int:
        return sum(layer.groups * layer.fan_in for layer in self.layers)

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
        """Pixels or spikes in an input beat."""
        first = self.layers[0]
        if first.pixels and not first.window:
            return min(4, first.source_channels)
        return first.word_channels if not first.window else first.source_channels

    @property
    def beat_bits(self) -> int:
        """Bits of an input beat that count; the port is the next number of whole bytes."""
        return self.beat_values * (PIXEL_BITS if self.layers[0].pixels else 1)

    @property
    def input_width(self) -> int:
        return -(-self.beat_bits // 8) * 8

    @property
    def input_beats(self) -> int:
        """Beats of an image."""
        first = self.layers[0]
        rounds = 1 if first.pixels else first.rounds
        values = first.source_channels if not first.window else self.beat_values
        return rounds * first.source_map[0] * first.source_map[1] * -(-values // self.beat_values)

    @property
    def input_word_width(self) -> int:
        """Bits of a word of the input memory."""
        first = self.layers[0]
        return first.source_channels * PIXEL_BITS if first.window else min(first.word_channels, first.source_channels)

    @property
    def input_words(self) -> int:
        """Words of an image in the input memory, which has room for two."""
        first = self.layers[0]
        places = first.source_map[0] * first.source_map[1]
        return places if first.window else places * first.rounds * first.words

    @property
    def input_depth(self) -> int:
        """Words of the input memory: of two images, where the upper bit of the address says which one."""
        return (1 << number_width(self.input_words)) + self.input_words

    @property
    def stored_steps(self) -> int:
        """Words of spikes that a position and group takes: one a time step, or one with all of them."""
        return self.time_steps if self.rows == 1 else 1

    @property
    def spike_width(self) -> int:
        """Bits of a word of the spike memories."""
        return self.lanes * self.rows

    def spike_words(self, parity: int) -> int:
        """Words of the spike memory that layers of this parity write; layers take turns with two of them."""
        sizes = [
            layer.stored_map[0] * layer.stored_map[1] * self.stored_steps * layer.groups
            for layer in self.layers[parity::2]
            if layer.spiking
        ]
        return max(sizes, default=0)

    @property
    def memory_bits(self) -> dict[str, int]:
        """Bits of every memory."""
        sizes = {
            "weights": self.weight_rows * self.lanes * self.weight_width,
            "parameters": self.parameter_rows * self.neuron_units * 2 * self.accumulator_width,
            "input": self.input_depth * self.input_word_width,
        }
        return sizes | {
            f"spikes {name}": self.spike_words(i) * self.spike_width for i, name in enumerate(("even", "odd"))
        }

    # Cycles between the skip unit's tokens; the benches measure them.

    def fire_interval(self, layer: LayerPlan) -> int:
        """From a token that fires to the next one that may fire (a unit a lane) or to any next one (shared units)."""
        share = self.lanes_per_neuron_unit
        times = self.time_steps if layer.fires_steps_together else 1
        if share == 1:
            return 2 * times
        return share * times + 1


def default_share(network: Network) -> int:
    """Lanes that share a neuron unit, unless somebody says otherwise.

    A convolution fires at every position, so each lane has its own unit and goes on meanwhile; a network of linear
    layers fires a few times an image, and sixteen lanes may wait for one: fewer
    tables, and 4 % more cycles than with eight.
    """
    return 16 if all(layer.kind == "linear" for layer in network.layers) else 1


def require_memory(config: AcceleratorConfig, limit_kbit: int) -> None:
    """Refuse memories that have more than ``limit_kbit`` · 1,024 bits together."""
    need, allowed = config.memory_bits, limit_kbit * 1024
    total = sum(need.values())
    largest = max(need, key=lambda name: need[name])
    require(
        total <= allowed,
        f"the memories have {total:,} bits, {need[largest]:,} of them {largest}; {limit_kbit:,} kbit are "
        f"{allowed:,} bits: {total - allowed:,} are missing",
    )


def default_lanes(network: Network, lanes: int) -> int:
    """Lanes that can work: no more than the widest layer has channels."""
    return min(lanes, max(layer.channels for layer in network.layers))


def plan(
    network: Network,
    *,
    lanes: int = 128,
    lanes_per_neuron_unit: int | None = None,
    dataflow: str = DATAFLOWS[0],
    retire: bool = False,
) -> AcceleratorConfig:
    """The accelerator that runs ``network``; refuses what it cannot run."""
    require(dataflow in DATAFLOWS, f"dataflow {dataflow!r}; choose one of: {', '.join(DATAFLOWS)}")
    rows = network.time_steps if dataflow == "time-parallel" else 1
    require(1 <= lanes <= LARGEST_LANES, f"{lanes} lanes; an accelerator has 1 to {LARGEST_LANES}")
    share = lanes_per_neuron_unit
    if share is None:
        share = default_share(network) if rows == 1 else 1
    require(share >= 1, f"{share} lanes a neuron unit; at least 1")
    lanes = -(-default_lanes(network, lanes) // share) * share
    modes = tuple(
        sorted(
            {Mode(layer.precision.membrane_width, layer.leak) for layer in network.layers if layer.spiking},
            key=lambda mode: (mode.membrane_width, mode.leak),
        )
    ) or (Mode(network.layers[0].precision.membrane_width, 1),)

    plans: list[LayerPlan] = []
    for layer in network.layers:
        plans.append(_plan_layer(network, layer, lanes, rows, share, modes, plans))
    widths = [network.accumulator_width(layer) for layer in network.layers]
    widest = max(network.layers, key=lambda layer: layer.precision.weight_width).precision.weight_width
    classes = network.layers[-1].channels
    require(
        plans[-1].positions == (1, 1),
        f"layer {plans[-1].name}: the last layer has {plans[-1].positions} positions; it must be linear",
    )
    require(not plans[-1].spiking, f"layer {plans[-1].name}: the last layer must have neuron none")
    require(classes <= 1 << 16, f"{classes} classes; at most 65,536")
    return AcceleratorConfig(
        lanes=lanes,
        rows=rows,
        lanes_per_neuron_unit=share,
        weight_width=widest,
        membrane_width=max(mode.membrane_width for mode in modes),
        accumulator_width=max(widest + 1, *(mode.membrane_width for mode in modes), *widths),
        time_steps=network.time_steps,
        input_kind=network.input_kind,
        input_shape=network.input_shape,
        modes=modes,
        layers=tuple(plans),
        retire=retire,
    )


def _plan_layer(
    network: Network,
    layer: Layer,
    lanes: int,
    rows: int,
    share: int,
    modes: tuple[Mode, ...],
    before: list[LayerPlan],
) -> LayerPlan:
    """Loops and places of one layer of a chain."""
    origin = layer.sources[0].origin
    expected = before[-1].name if before else "input"
    require(
        len(layer.sources) == 1 and layer.skip is None and origin == expected,
        f"layer {layer.name}: joins are not supported by the accelerator; its input must be {expected} alone",
    )
    source, linear = layer.sources[0], layer.kind == "linear"
    pixels = network.is_pixel_layer(layer)
    channels, height, width = network.input_shape if not before else network.shapes[origin]
    pool = None if not before else network.layer(origin).pool
    summed = pool.size if pool and pool.kind == "sum" else 1
    if pool and pool.kind == "max":
        height, width = height // pool.size, width // pool.size
    if not before and linear:
        channels, height, width = channels * height * width, 1, 1
        capacity = INPUT_WORD
    else:
        capacity = channels if not before else lanes
    parallel = rows > 1 and layer.spiking and bool(before)
    steps = 1 if parallel else network.time_steps
    last = before[-1] if before else None
    groups = -(-layer.channels // lanes)
    kernel = (height // summed, width // summed) if linear else (source.weight.shape[2], source.weight.shape[3])
    own = layer.pool
    return LayerPlan(
        name=layer.name,
        spiking=layer.spiking,
        from_input=not before,
        pixels=pixels,
        window=pixels and not linear,
        kernel=kernel,
        stride=1 if linear else source.stride,
        padding=0 if linear else source.padding,
        source_channels=channels,
        source_map=(height, width),
        source_pool=summed,
        word_channels=capacity,
        words=-(-channels // capacity),
        rounds=PIXEL_BITS if pixels else steps,
        parallel=parallel,
        positions=network.shapes[layer.name][1:],
        channels=layer.channels,
        groups=groups,
        pool=own.size if own and own.kind == "max" else 1,
        weight_row=0 if last is None else last.weight_row + last.groups * last.fan_in,
        parameter_row=0 if last is None else last.parameter_row + last.groups * share,
        mode=modes.index(Mode(layer.precision.membrane_width, layer.leak)) if layer.spiking else 0,
    )


def number_width(limit: int) -> int:
    """Bits of a counter that holds 0 ... limit - 1, at least one."""
    return max(1, (limit - 1).bit_length())
