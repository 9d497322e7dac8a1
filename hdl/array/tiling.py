"""How a layer is cut into tiles of the array, and the cycles that follow from it."""

from collections.abc import Iterator
from dataclasses import dataclass

from model.array import Action, ArrayConfig
from model.network.graph import Layer
from model.network.network import Network


@dataclass(frozen=True)
class Tiling:
    """The tiles of one layer: ROWS consecutive output positions by COLUMNS output channels each.

    Column tile by column tile, and in each all row tiles. Rows and columns beyond the layer's
    positions and channels take part with spikes, weights and parameters of 0; what they give is dropped.
    """

    network: Network
    config: ArrayConfig
    layer: Layer

    @property
    def static(self) -> bool:
        return self.network.is_static(self.layer)

    @property
    def positions(self) -> int:
        """Output positions, row by row of the image."""
        _, height, width = self.network.shapes[self.layer.name]
        return height * width

    @property
    def row_tiles(self) -> int:
        return -(-self.positions // self.config.rows)

    @property
    def column_tiles(self) -> int:
        return -(-self.layer.channels // self.config.columns)

    @property
    def tiles(self) -> int:
        return self.row_tiles * self.column_tiles

    def repeats(self, origin: str) -> int:
        """Beats of one input of ``origin``: a count up to n is n beats of 0 or 1 with the same weight."""
        return 1 if self.static else self.network.largest_value(origin)

    @property
    def beats(self) -> int:
        """Beats of a time step or of a bit plane: the fan-in, sources after each other."""
        return sum(source.fan_in * self.repeats(source.origin) for source in self.layer.sources)

    @property
    def passes(self) -> int:
        """How often the fan-in goes through a tile: once per time step, or once per bit plane of pixels."""
        return self.network.inputs.planes if self.static else self.network.time_steps

    def actions(self) -> Iterator[Action]:
        """What follows the last beat of each pass."""
        for index in range(self.passes):
            left = self.passes - 1 - index
            if self.static:
                yield (Action.FIRE_HELD, Action.DOUBLE_BIAS)[left] if left < 2 else Action.DOUBLE
            elif self.layer.spiking:
                yield Action.FIRE if left else Action.FIRE_LAST
            else:
                yield Action.ACCUMULATE if left else Action.DRAIN

    @property
    def skips(self) -> bool:
        """Whether the tiles take i_skips, of this layer's shortcut or zeros."""
        return self.config.joins and self.layer.spiking and not self.static

    @property
    def results(self) -> int:
        """Output beats of a tile."""
        return self.config.rows * (self.network.time_steps if self.layer.spiking else 1)

    @property
    def tile_cycles(self) -> int:
        """From a tile's first parameters to the next tile's."""
        if self.static:
            return self.config.pixel_tile_cycles(self.beats)
        if self.layer.spiking:
            return self.config.spiking_tile_cycles(self.beats, self.passes)
        return self.config.sums_tile_cycles(self.beats * self.passes)

    @property
    def cycles(self) -> int:
        """From the first parameters that the array takes to the last result that it gives, both included.

        The last row of sums leaves in its tile's last cycle.
        """
        return self.tiles * self.tile_cycles + (self.config.result_cycles if self.layer.spiking else 0)

    @property
    def offset(self) -> int:
        """What the beats before a bias is used add to every sum besides the weights."""
        if self.static:
            return self.config.offset(self.beats) * self.network.inputs.largest  # a plane counts as its bits do
        return self.config.offset(self.beats) * (1 if self.layer.spiking else self.passes)


def tilings(network: Network, config: ArrayConfig) -> dict[str, Tiling]:
    """Every layer's tiling by its name."""
    return {layer.name: Tiling(network, config, layer) for layer in network.layers}
